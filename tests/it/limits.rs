//! The gate in front of calls: bodies, origins, methods and the limit on each visitor.

use serde_json::json;

use crate::app::{Answer, TestApp};

const ROUTES: [&str; 3] = ["/api/voice/token", "/api/token", "/api/call"];

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn malformed_deep_and_huge_json_is_refused() {
    let app = TestApp::start().await;
    let deep = format!("{{\"x\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for path in ["/api/voice/token", "/api/token"] {
        assert_eq!(code(&app.post(path, "{\"participantName\": ").await), (400, "bad_json".into()));
        assert_eq!(code(&app.post(path, "").await), (400, "bad_json".into()));
        assert_eq!(code(&app.post(path, "{\"participantName\": \"\u{fffd}\", }").await), (400, "bad_json".into()));
        assert_eq!(code(&app.post(path, &deep).await), (400, "bad_json".into()));
        assert_eq!(code(&app.post(path, &" ".repeat(11 * 1024 * 1024)).await), (413, "too_large".into()));
    }
    assert_eq!(app.post("/api/call", &deep).await.status, 400);
    assert_eq!(app.post("/api/call", &" ".repeat(11 * 1024 * 1024)).await.status, 413);
}

#[tokio::test]
async fn a_body_without_a_length_is_capped_too() {
    let app = TestApp::start().await;
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000)).repeat(4) + "0\r\n\r\n";
    let head = format!(
        "POST /api/token HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\
         connection: close\r\n\r\n",
        app.address
    );
    assert_eq!(app.send_raw((head + &chunk).as_bytes()).await.status, 413);
}

#[tokio::test]
async fn cross_site_forms_are_refused() {
    let app = TestApp::start().await;
    for path in ROUTES {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let blind = app.post_with(path, &[("content-type", kind)], "{}").await;
            assert_eq!(code(&blind), (415, "not_json".into()), "{path} {kind}");
            let headers = [("content-type", kind), ("origin", "https://evil.example")];
            assert_eq!(app.post_with(path, &headers, "{}").await.status, 403);
        }
        assert_eq!(app.post_with(path, &[], "{}").await.status, 415);
        let headers = [("content-type", "application/json"), ("origin", "null")];
        assert_eq!(code(&app.post_with(path, &headers, "{}").await), (403, "foreign_origin".into()));
    }
}

#[tokio::test]
async fn a_foreign_preflight_gets_no_permission() {
    let app = TestApp::with(&[("FRONTDESK_ALLOWED_ORIGINS", "https://shop.example")]).await;
    for path in ROUTES {
        let ask = |origin| [("origin", origin), ("access-control-request-method", "POST")];
        let foreign = app.send("OPTIONS", path, &ask("https://evil.example"), b"").await;
        assert_eq!(foreign.header("access-control-allow-origin"), None);
        let allowed = app.send("OPTIONS", path, &ask("https://shop.example"), b"").await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        assert_eq!(allowed.header("vary"), Some("origin"));
    }
}

#[tokio::test]
async fn our_own_page_and_the_allowed_ones_are_served() {
    let app = TestApp::with(&[("FRONTDESK_ALLOWED_ORIGINS", "https://shop.example")]).await;
    let own = format!("http://{}", app.address);
    for (origin, allow) in [(own.as_str(), None), ("https://shop.example", Some("https://shop.example"))] {
        let headers = [("content-type", "application/json; charset=utf-8"), ("origin", origin)];
        let answer = app.post_with("/api/voice/token", &headers, "{}").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), allow);
    }
}

#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let app = TestApp::start().await;
    for path in ROUTES {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = app.send(method, path, &[], b"").await;
            assert_eq!(code(&answer), (405, "method_not_allowed".into()), "{method} {path}");
            assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")));
        }
    }
}

#[tokio::test]
async fn a_visitor_who_asks_too_often_waits_and_others_do_not() {
    let app = TestApp::with(&[("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1"), ("FRONTDESK_TOKEN_RATE", "5")]).await;
    let ask = async |visitor: &str| {
        let headers = [("content-type", "application/json"), ("x-forwarded-for", visitor)];
        app.post_with("/api/voice/token", &headers, "{}").await
    };
    let mut statuses = Vec::new();
    for _ in 0..100 {
        statuses.push(ask("203.0.113.9").await);
    }
    let (served, refused) = statuses.split_at(5);
    assert!(served.iter().all(|answer| answer.status == 200));
    assert!(refused.iter().filter(|answer| answer.status == 429).count() >= 90);
    let last = &refused[0];
    assert_eq!(code(last), (429, "rate_limited".into()));
    assert!(last.header("retry-after").is_some_and(|s| (1..=12).contains(&s.parse::<u64>().unwrap())));
    assert_eq!(ask("203.0.113.10").await.status, 200);
    assert_eq!(ask("2001:db8::1").await.status, 200);
}

#[tokio::test]
async fn spoofed_addresses_do_not_get_past_the_limit() {
    let app = TestApp::with(&[("FRONTDESK_TOKEN_RATE", "5")]).await;
    let mut served = 0;
    for n in 0..30 {
        let (v4, v6) = (format!("203.0.113.{n}"), format!("for=\"[2001:db8::{n}]\""));
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", v4.as_str()),
            ("x-real-ip", v4.as_str()),
            ("forwarded", v6.as_str()),
        ];
        served += u32::from(app.post_with("/api/voice/token", &headers, "{}").await.status == 200);
    }
    assert_eq!(served, 5);
}

#[tokio::test]
async fn behind_a_proxy_only_its_own_word_counts() {
    let app = TestApp::with(&[("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1"), ("FRONTDESK_TOKEN_RATE", "5")]).await;
    let mut served = 0;
    for n in 0..30 {
        let spoofed = format!("203.0.113.{n}, 198.51.100.7");
        let headers = [("content-type", "application/json"), ("x-forwarded-for", spoofed.as_str())];
        served += u32::from(app.post_with("/api/token", &headers, "{}").await.status == 201);
    }
    assert_eq!(served, 5);
}

#[tokio::test]
async fn all_routes_share_one_allowance() {
    let app = TestApp::with(&[("FRONTDESK_TOKEN_RATE", "3")]).await;
    let body = json!({ "request": {} }).to_string();
    let mut statuses = Vec::new();
    for path in ROUTES.into_iter().chain(ROUTES) {
        statuses.push(app.post(path, &body).await.status);
    }
    assert_eq!(statuses, [200, 201, 200, 429, 429, 429]);
}

/// A client that says nothing, or only the beginning of a request, is let go after 15 s.
#[tokio::test]
async fn silence_is_let_go() {
    let app = TestApp::start().await;
    let nothing = app.send_raw(b"");
    let half = app.send_raw(b"POST /api/voice/token HTTP/1.1\r\nhost: x\r\n");
    let (nothing, half) = tokio::join!(nothing, half);
    assert!([0, 408].contains(&nothing.status) && [0, 408].contains(&half.status), "{nothing:?} {half:?}");
}
