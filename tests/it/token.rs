//! Tokens: both shapes of the endpoint and the server function, and what nobody gets by asking.

use std::{collections::BTreeSet, time::Duration};

use frontdesk::server::token::{Claims, VideoGrants};
use livekit_api::access_token::{AccessToken, TokenVerifier, VideoGrants as TheirGrants};
use serde_json::{Value, json};

use crate::app::{KEY, SECRET, TestApp, key};

const VOICE: &str = "/api/voice/token";
const STANDARD: &str = "/api/token";
const FUNCTION: &str = "/api/call";

fn claims(token: &Value) -> Value {
    use base64::Engine;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The grants that every visitor has, and no others.
fn visitor_grants(room: &Value) -> Value {
    json!({
        "room": room, "roomJoin": true, "canPublish": true, "canPublishSources": ["microphone"],
        "canSubscribe": true, "canPublishData": true, "canUpdateOwnMetadata": false,
    })
}

#[tokio::test]
async fn the_documented_shape() {
    let app = TestApp::start().await;
    let answer = app.post(VOICE, r#"{"participantName": "Ada", "roomType": "support"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let ticket = body.as_object().unwrap();
    let fields: BTreeSet<_> = ticket.keys().map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["livekitHost", "participantName", "roomName", "token"]));
    assert_eq!(ticket["participantName"], "Ada");
    assert_eq!(ticket["livekitHost"], format!("ws://{}", app.address));
    let claims = claims(&ticket["token"]);
    assert_eq!(claims["name"], "Ada");
    assert_eq!(claims["iss"], KEY);
    assert_eq!(claims["video"], visitor_grants(&ticket["roomName"]));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 3600);
}

#[tokio::test]
async fn livekits_standard_shape() {
    let app = TestApp::start().await;
    let body = json!({
        "participant_name": "Ada", "participant_metadata": "from the shop", "participant_attributes": {"page": "/fees"},
        "room_config": {"agents": [{"agent_name": "frontdesk"}]},
    });
    let answer = app.post(STANDARD, &body.to_string()).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let fields: BTreeSet<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["participant_token", "server_url"]));
    assert_eq!(body["server_url"], format!("ws://{}", app.address));
    let claims = claims(&body["participant_token"]);
    assert_eq!(claims["metadata"], "from the shop");
    assert_eq!(claims["attributes"], json!({"page": "/fees"}));
    assert_eq!(claims["video"], visitor_grants(&claims["video"]["room"]));
    assert_eq!(claims.get("roomConfig"), None);
}

#[tokio::test]
async fn the_server_function_gives_the_same_ticket() {
    let app = TestApp::start().await;
    let answer = app.post(FUNCTION, r#"{"request": {"participantName": "Ada"}}"#).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ticket = answer.json();
    assert_eq!(claims(&ticket["token"])["video"], visitor_grants(&ticket["roomName"]));
}

#[tokio::test]
async fn the_server_function_refuses_with_typed_errors_and_statuses() {
    let app = TestApp::with(&[("FRONTDESK_TOKEN_RATE", "4")]).await;
    let bad_name = app.post(FUNCTION, r#"{"request": {"participantName": ""}}"#).await;
    assert_eq!((bad_name.status, &bad_name.json()["field"]), (400, &json!("participantName")));
    let no_request = app.post(FUNCTION, r#"{"request": 7}"#).await;
    assert_eq!((no_request.status, &no_request.json()["code"]), (400, &json!("bad_field")));
    let rubbish = app.post(FUNCTION, "{").await;
    assert_eq!((rubbish.status, &rubbish.json()["code"]), (400, &json!("bad_field")));
    let staff = app.post(FUNCTION, r#"{"request": {"roomType": "admin-assistant"}}"#).await;
    assert_eq!((staff.status, &staff.json()["code"]), (403, &json!("forbidden")));
    let too_many = app.post(FUNCTION, r#"{"request": {}}"#).await;
    assert_eq!((too_many.status, &too_many.json()["code"]), (429, &json!("rate_limited")));
    assert_eq!(too_many.header("retry-after"), too_many.json()["retry_after_s"].to_string().as_str().into());
}

#[tokio::test]
async fn each_call_has_a_room_and_an_identity_of_its_own() {
    let app = TestApp::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..10 {
        let ticket = app.post(VOICE, r#"{"participantName": "Ada"}"#).await.json();
        let room = ticket["roomName"].as_str().unwrap().to_owned();
        let identity = claims(&ticket["token"])["sub"].as_str().unwrap().to_owned();
        assert!(room.starts_with("support-") && room.len() == 8 + 32, "{room}");
        assert!(!room.contains("Ada") && !identity.contains("Ada"));
        assert!(seen.insert(room) && seen.insert(identity));
    }
}

#[tokio::test]
async fn livekit_reads_our_tokens_and_we_read_livekits() {
    let app = TestApp::start().await;
    let ticket = app.post(VOICE, "{}").await.json();
    let verifier = TokenVerifier::with_api_key(KEY, SECRET);
    let theirs = verifier.verify(ticket["token"].as_str().unwrap()).unwrap();
    assert!(theirs.video.room_join && !theirs.video.room_admin && !theirs.video.room_create);
    assert_eq!(theirs.video.room, ticket["roomName"].as_str().unwrap());

    let token = AccessToken::with_api_key(KEY, SECRET)
        .with_identity("ada")
        .with_name("Ada")
        .with_ttl(Duration::from_secs(60))
        .with_grants(TheirGrants { room_join: true, room: "r".into(), ..TheirGrants::default() })
        .to_jwt()
        .unwrap();
    let ours: Claims = key().verify(&token).unwrap();
    assert_eq!((ours.identity.as_str(), ours.name.as_str(), ours.video.room.as_str()), ("ada", "Ada", "r"));
    assert!(ours.video.room_join && !ours.video.room_admin);
}

#[tokio::test]
async fn an_agents_token_is_read_by_livekit() {
    frontdesk::server::install_crypto();
    let video = VideoGrants { room: "r".into(), room_join: true, agent: true, ..VideoGrants::default() };
    let claims = Claims { identity: "agent-1".into(), kind: "agent".into(), video, ..Claims::default() };
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let token = key().mint(claims, now, Duration::from_secs(60)).unwrap();
    let theirs = TokenVerifier::with_api_key(KEY, SECRET).verify(&token).unwrap();
    assert_eq!((theirs.kind.as_str(), theirs.sub.as_str()), ("agent", "agent-1"));
}

#[tokio::test]
async fn wider_grants_are_never_given() {
    let app = TestApp::start().await;
    let body = json!({
        "roomAdmin": true, "roomCreate": true, "grants": {"roomAdmin": true}, "canPublishSources": ["camera"],
        "video": {"roomAdmin": true, "roomCreate": true, "roomList": true, "hidden": true}, "kind": "agent",
    });
    for (path, field) in [(VOICE, "token"), (STANDARD, "participant_token")] {
        let claims = claims(&app.post(path, &body.to_string()).await.json()[field]);
        assert_eq!(claims["video"], visitor_grants(&claims["video"]["room"]));
        assert_eq!(claims.get("kind"), None);
    }
}

#[tokio::test]
async fn identities_of_others_are_refused() {
    let app = TestApp::start().await;
    for identity in ["visitor-0123", "agent-support"] {
        let standard = app.post(STANDARD, &json!({ "participant_identity": identity }).to_string()).await;
        let voice = app.post(VOICE, &json!({ "participantIdentity": identity }).to_string()).await;
        assert_eq!((standard.status, voice.status), (403, 403));
        assert_eq!(standard.json()["error"]["code"], "forbidden");
    }
}

#[tokio::test]
async fn rooms_of_others_are_refused_alike_whether_they_exist_or_not() {
    let app = TestApp::start().await;
    let exists = app.post(VOICE, "{}").await.json()["roomName"].as_str().unwrap().to_owned();
    let real = app.post(STANDARD, &json!({ "room_name": exists }).to_string()).await;
    let guessed = app.post(STANDARD, &json!({ "room_name": "support-guess" }).to_string()).await;
    assert_eq!((real.status, guessed.status), (403, 403));
    assert_eq!(real.body, guessed.body);
}

#[tokio::test]
async fn bad_names_are_400_with_the_field() {
    let app = TestApp::with(&[("FRONTDESK_TOKEN_RATE", "1000")]).await;
    for name in ["", &"x".repeat(257), "a\0b", "a\u{1b}[31m"] {
        for (path, field) in [
            (VOICE, "participantName"),
            (VOICE, "roomName"),
            (VOICE, "participantIdentity"),
            (STANDARD, "participant_name"),
            (STANDARD, "room_name"),
            (STANDARD, "participant_identity"),
        ] {
            let answer = app.post(path, &json!({ field: name }).to_string()).await;
            assert_eq!((answer.status, &answer.json()["error"]["field"]), (400, &json!(field)), "{name:?}");
        }
    }
}

#[tokio::test]
async fn metadata_and_attributes_over_the_cap_are_refused() {
    let app = TestApp::start().await;
    let long = "x".repeat(5000);
    for body in [json!({ "participant_metadata": long }), json!({ "participant_attributes": { "a": long } })] {
        let answer = app.post(STANDARD, &body.to_string()).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("bad_field")));
    }
    let huge = json!({ "participant_metadata": "x".repeat(600 * 1024) });
    assert_eq!(app.post(STANDARD, &huge.to_string()).await.status, 413);
}

#[tokio::test]
async fn room_configs_with_egress_or_foreign_agents_are_refused() {
    let app = TestApp::start().await;
    for config in [
        json!({"egress": {"room": {"file_outputs": [{"s3": {"access_key": "k", "secret": "s"}}]}}}),
        json!({"agents": [{"agent_name": "somebody-elses"}]}),
        json!({"empty_timeout": 86_400}),
    ] {
        let answer = app.post(STANDARD, &json!({ "room_config": config }).to_string()).await;
        assert_eq!((answer.status, &answer.json()["error"]["field"]), (400, &json!("room_config")));
    }
}

#[tokio::test]
async fn no_token_lives_longer_than_its_room_type_says() {
    let app = TestApp::start().await;
    let month = 30 * 24 * 3600;
    let body = json!({ "ttl": month, "ttlSeconds": month, "exp": 4_000_000_000_u64, "validFor": "720h" });
    for (path, field) in [(VOICE, "token"), (STANDARD, "participant_token")] {
        let claims = claims(&app.post(path, &body.to_string()).await.json()[field]);
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["nbf"].as_u64().unwrap(), 3600);
    }
}

#[tokio::test]
async fn the_admin_assistant_is_refused_until_staff_can_sign_in() {
    let app = TestApp::start().await;
    let answer = app.post(VOICE, r#"{"roomType": "admin-assistant"}"#).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &json!("forbidden")));
}

#[tokio::test]
async fn browsers_are_told_the_public_address_where_one_is_set() {
    let app = TestApp::with(&[("FRONTDESK_PUBLIC_URL", "https://desk.example")]).await;
    assert_eq!(app.post(VOICE, "{}").await.json()["livekitHost"], "wss://desk.example");
}

#[tokio::test]
async fn browsers_behind_a_trusted_tls_proxy_are_told_wss() {
    let app = TestApp::with(&[("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1")]).await;
    let headers = [("content-type", "application/json"), ("host", "desk.example"), ("x-forwarded-proto", "https")];
    let answer = app.post_with(VOICE, &headers, "{}").await;
    assert_eq!(answer.json()["livekitHost"], "wss://desk.example");
}
