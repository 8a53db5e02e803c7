//! What the server shows and what it keeps to itself.

use std::{
    io,
    sync::{Arc, Mutex},
};

use secrecy::ExposeSecret;

use crate::app::{SECRET, TestApp};

/// Everything that is logged while it is installed.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_served() {
    let app = TestApp::with(&[("LIVEKIT_API_KEY", ""), ("LIVEKIT_API_SECRET", "")]).await;
    let kept = std::fs::read_to_string(app.data().as_ref().join("keys.yaml")).unwrap();
    let secret = kept.trim().split_once(": ").unwrap().1;
    assert_eq!(secret.len(), 128);
    std::fs::write(app.site().join("pkg/frontdesk.js"), "export default 1;").unwrap();
    let paths = [
        "/",
        "/nothing-here",
        "/pkg/frontdesk.js",
        "/healthz",
        "/keys.yaml",
        "/data/keys.yaml",
        "/../data/keys.yaml",
        "/pkg/../../data/keys.yaml",
        "/%2e%2e/data/keys.yaml",
        "/pkg/%2e%2e%2f%2e%2e%2fdata/keys.yaml",
        "/..%5cdata%5ckeys.yaml",
        "//etc/passwd",
        "/Leptos.toml",
        "/.git/config",
    ];
    for path in paths {
        let answer = app.get(path).await;
        assert!(!answer.body.contains(secret), "{path}");
        assert!(!answer.body.contains("root:"), "{path}");
    }
    for path in ["/api/voice/token", "/api/token", "/api/call"] {
        for body in ["{}", "rubbish", r#"{"request": {}}"#] {
            assert!(!app.post(path, body).await.body.contains(secret), "{path}");
        }
    }
}

/// The built site has nothing of the server's in it: not even the names of its settings.
#[test]
fn the_built_site_knows_no_settings() {
    let site = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/site");
    let mut folders = vec![site];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            for name in ["LIVEKIT_API_SECRET", "FRONTDESK_TRUSTED_PROXIES", "keys.yaml"] {
                let found = bytes.windows(name.len()).any(|window| window == name.as_bytes());
                assert!(!found, "{name} is in {}", entry.path().display());
            }
        }
    }
}

#[tokio::test]
async fn no_token_name_or_secret_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // The runtime of this test has one thread, so that whatever the server does is logged here.
    let _guard = tracing::subscriber::set_default(subscriber);
    let app = TestApp::with(&[("FRONTDESK_TOKEN_RATE", "4")]).await;
    let name = "Wilhelmina Unmistakable";
    let ticket = app.post("/api/voice/token", &format!(r#"{{"participantName": "{name}"}}"#)).await.json();
    let standard = app.post("/api/token", &format!(r#"{{"participant_name": "{name}"}}"#)).await.json();
    let call = app.post("/api/call", &format!(r#"{{"request": {{"participantName": "{name}"}}}}"#)).await.json();
    let refused = app.post("/api/token", &format!(r#"{{"room_name": "{name}"}}"#)).await;
    let limited = app.post("/api/token", &format!(r#"{{"room_name": "{name}"}}"#)).await;
    assert_eq!((refused.status, limited.status), (403, 429));
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("a ticket was given"), "nothing was captured");
    let mut kept_quiet = vec![name.to_owned(), SECRET.to_owned()];
    for token in [&ticket["token"], &standard["participant_token"], &call["token"]] {
        let signature = token.as_str().unwrap().rsplit('.').next().unwrap();
        kept_quiet.push(signature.to_owned());
    }
    for secret in kept_quiet {
        assert!(!logged.contains(&secret), "{secret} is in the log");
    }
}

#[test]
fn a_keys_debug_output_hides_its_secret() {
    let key = crate::app::key();
    assert!(!format!("{key:?}").contains(key.secret().expose_secret()));
}

#[tokio::test]
async fn pages_have_every_header() {
    let app = TestApp::start().await;
    for (path, status) in [("/", 200), ("/nothing-here", 404)] {
        let page = app.get(path).await;
        assert_eq!(page.status, status, "{path}");
        let policy = page.header("content-security-policy").unwrap();
        let directive = |name: &str| policy.split("; ").find_map(|d| d.strip_prefix(name)).unwrap_or_default().trim();
        assert_eq!((directive("object-src"), directive("base-uri")), ("'none'", "'none'"));
        assert_eq!(directive("frame-ancestors"), "'self'");
        let scripts = directive("script-src");
        assert!(scripts.contains("'wasm-unsafe-eval'") && scripts.contains("'nonce-"), "{scripts}");
        assert!(!scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'"), "{scripts}");
        assert!(directive("connect-src").contains(&format!("ws://{}", app.address)));
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(page.header("referrer-policy"), Some("strict-origin-when-cross-origin"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        assert!(page.header("permissions-policy").unwrap().contains("microphone=(self)"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("strict-transport-security"), None);
    }
}

#[tokio::test]
async fn each_answer_has_its_own_nonce_and_every_inline_script_carries_it() {
    let app = TestApp::start().await;
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let page = app.get("/").await;
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        for script in page.body.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")) || tag.contains("src="), "<script{tag}>");
        }
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[tokio::test]
async fn hsts_is_for_tls_alone_by_the_word_of_a_trusted_proxy() {
    let behind = TestApp::with(&[("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let bare = TestApp::start().await;
    let https = [("x-forwarded-proto", "https")];
    let header = "strict-transport-security";
    assert!(behind.send("GET", "/", &https, b"").await.header(header).is_some());
    assert_eq!(behind.get("/").await.header(header), None);
    assert_eq!(bare.send("GET", "/", &https, b"").await.header(header), None);
}

#[tokio::test]
async fn a_poisoned_host_reaches_no_header_and_no_ticket() {
    let app = TestApp::start().await;
    let host = [("host", "desk.example; script-src *")];
    let page = app.send("GET", "/", &host, b"").await;
    assert!(!page.header("content-security-policy").unwrap_or_default().contains("script-src *"));
}

#[tokio::test]
async fn files_are_compressed_revalidated_and_kept_when_versioned() {
    let app = TestApp::start().await;
    let script = app.site().join("pkg/frontdesk.js");
    std::fs::write(&script, "plain").unwrap();
    std::fs::write(script.with_extension("js.br"), "brotli").unwrap();
    let plain = app.get("/pkg/frontdesk.js").await;
    assert_eq!((plain.status, plain.body.as_str()), (200, "plain"));
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    assert_eq!(plain.header("content-type"), Some("text/javascript"));
    let versioned = app.get("/pkg/frontdesk.js?v=1").await;
    assert_eq!(versioned.header("cache-control"), Some("public, max-age=31536000, immutable"));
    let brotli = app.send("GET", "/pkg/frontdesk.js", &[("accept-encoding", "gzip, br")], b"").await;
    assert_eq!((brotli.body.as_str(), brotli.header("content-encoding")), ("brotli", Some("br")));
    let modified = plain.header("last-modified").unwrap();
    let again = app.send("GET", "/pkg/frontdesk.js", &[("if-modified-since", modified)], b"").await;
    assert_eq!(again.status, 304);
    assert_eq!(app.get("/pkg/missing.js").await.status, 404);
}

#[tokio::test]
async fn unknown_api_routes_are_404_in_json() {
    let app = TestApp::start().await;
    let answer = app.post("/api/nothing", "{}").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &"not_found".into()));
}

#[tokio::test]
async fn health_is_told() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").await.body, "ok");
}
