//! A LiveKit server's webhooks, as they arrive: which are believed, and what they do.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use frontdesk::{
    domain::record::{CallStatus, EndReason},
    server::{
        router::WEBHOOK_PATH,
        storage::{Database, Storage, SystemEdge},
        token::{ApiKey, Claims, VideoGrants},
    },
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::{Answer, KEY, SECRET, TestApp, key},
    sfu_host::unix_now,
};

const ROOM: &str = "support-0123456789abcdef0123456789abcdef";

fn event(id: &str, name: &str, at_s: i64, more: Value) -> String {
    let mut event = json!({
        "id": id, "event": name, "createdAt": at_s.to_string(),
        "room": {"sid": "RM_1", "name": ROOM, "creationTime": "1760000000", "creationTimeMs": "1760000000250"},
    });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event.to_string()
}

fn participant(sid: &str, identity: &str, kind: &str, joined_ms: i64, reason: &str) -> Value {
    json!({"participant": {
        "sid": sid, "identity": identity, "name": "Ada", "kind": kind, "joinedAtMs": joined_ms.to_string(),
        "disconnectReason": reason,
    }})
}

/// A call of a minute, as a LiveKit server tells it.
fn call() -> Vec<String> {
    let ada = |reason| participant("PA_a", "visitor-1", "STANDARD", 1_760_000_000_900, reason);
    let bot = |reason| participant("PA_b", "agent-1", "AGENT", 1_760_000_001_500, reason);
    let unknown = "UNKNOWN_REASON";
    vec![
        event("EV_1", "room_started", 1_760_000_000, json!({})),
        event("EV_2", "participant_joined", 1_760_000_001, ada(unknown)),
        event("EV_3", "participant_joined", 1_760_000_001, bot(unknown)),
        event("EV_4", "participant_left", 1_760_000_061, ada("CLIENT_INITIATED")),
        event("EV_5", "participant_left", 1_760_000_076, bot("CLIENT_INITIATED")),
        event("EV_6", "room_finished", 1_760_000_081, json!({})),
    ]
}

fn signed_with(key: &ApiKey, body: &str, before: Duration) -> String {
    let claims = Claims { sha256: Some(STANDARD.encode(Sha256::digest(body))), ..Claims::default() };
    key.mint(claims, unix_now() - before, Duration::from_secs(300)).unwrap()
}

fn signed(body: &str) -> String {
    signed_with(&key(), body, Duration::ZERO)
}

async fn post(app: &TestApp, body: &str, token: &str) -> Answer {
    let headers = [("content-type", "application/webhook+json"), ("authorization", token)];
    app.post_with(WEBHOOK_PATH, &headers, body).await
}

async fn storage(app: &TestApp) -> Storage {
    Storage::open(&Database::in_folder(app.data().as_ref()), Arc::new(SystemEdge)).await.unwrap()
}

#[tokio::test]
async fn a_webhook_without_the_servers_signature_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let body = &call()[1];
    let other = ApiKey::new(KEY, "another-secret-of-the-integration-tests".to_owned().into());
    let stranger = ApiKey::new("another-key", SECRET.to_owned().into());
    let video = VideoGrants { room: ROOM.into(), room_join: true, ..VideoGrants::default() };
    let join = key().mint(
        Claims { identity: "visitor-1".into(), video, ..Claims::default() },
        unix_now(),
        Duration::from_secs(300),
    );
    let with = |algorithm| {
        let claims = json!({
            "iss": KEY, "nbf": unix_now().as_secs(), "exp": unix_now().as_secs() + 300,
            "sha256": STANDARD.encode(Sha256::digest(body)),
        });
        jsonwebtoken::encode(&Header::new(algorithm), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
    };
    let altered = body.replacen("PA_a", "PA_x", 1);
    let good = signed(body);
    let cases = [
        ("none", body, String::new()),
        ("rubbish", body, "rubbish".to_owned()),
        ("another secret", body, signed_with(&other, body, Duration::ZERO)),
        ("another key", body, signed_with(&stranger, body, Duration::ZERO)),
        ("HS384", body, with(Algorithm::HS384)),
        ("HS512", body, with(Algorithm::HS512)),
        ("no algorithm", body, ["eyJhbGciOiJub25lIn0", good.split('.').nth(1).unwrap(), ""].join(".")),
        ("a token to join with", body, join.unwrap()),
        ("one byte altered", &altered, good.clone()),
        ("older than six minutes", body, signed_with(&key(), body, Duration::from_secs(362))),
    ];
    for (case, body, token) in cases {
        let answer = post(&app, body, &token).await;
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (401, Some("unsigned")), "{case}");
    }
    let storage = storage(&app).await;
    assert_eq!(storage.calls(10).await.unwrap(), []);
    // As old as its sender may keep it, and in the form that other senders use.
    let bearer = format!("Bearer {}", signed_with(&key(), body, Duration::from_secs(350)));
    assert_eq!(post(&app, body, &bearer).await.status, 200);
    assert_eq!(storage.calls(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_in_any_order_and_fifty_times_are_one_call() {
    for seed in 0..4 {
        let app = TestApp::start().await;
        let times = if seed == 0 { 50 } else { 3 };
        let mut events: Vec<String> = (0..times).flat_map(|_| call()).collect();
        if seed > 0 {
            events.shuffle(&mut StdRng::seed_from_u64(seed));
        }
        for body in &events {
            assert_eq!(post(&app, body, &signed(body)).await.status, 200);
        }
        let storage = storage(&app).await;
        let calls = storage.calls(10).await.unwrap();
        assert_eq!(calls.len(), 1);
        let record = storage.call_record(&calls[0].id).await.unwrap().unwrap();
        let call = record.call;
        assert_eq!((call.status, call.end_reason), (CallStatus::Completed, Some(EndReason::CallerLeft)));
        assert_eq!((call.started_ms, call.answered_ms), (1_760_000_000_250, Some(1_760_000_001_500)));
        assert_eq!((call.ended_ms, call.duration_ms), (Some(1_760_000_061_000), Some(59_500)));
        assert_eq!(record.participants.len(), 2);
    }
}

#[tokio::test]
async fn what_newer_servers_say_is_taken_as_far_as_it_is_understood() {
    let app = TestApp::start().await;
    let ada = || participant("PA_a", "visitor-1", "STANDARD", 1_760_000_000_900, "UNKNOWN_REASON");
    let mut more = ada();
    more["weather"] = json!({"sky": ["blue"]});
    let bodies = [
        event("EV_1", "room_teleported", 1_760_000_001, json!({})),
        event("EV_2", "participant_joined", 1_760_000_001, more),
        event("EV_3", "participant_joined", 1_760_000_001, participant("PA_c", "x", "HOLOGRAM", 0, "BOREDOM")),
        event("EV_4", "participant_joined", 1_760_000_001, json!({})),
        event("EV_5", "egress_started", 1_760_000_001, json!({"egressInfo": {"egressId": "EG_1"}})),
        event("EV_6", "room_started", 1_760_000_001, json!({"room": {"sid": "RM_2", "name": "party"}})),
        "[]".to_owned(),
        "{}".to_owned(),
    ];
    for body in &bodies {
        assert_eq!(post(&app, body, &signed(body)).await.status, 200, "{body}");
    }
    let storage = storage(&app).await;
    let calls = storage.calls(10).await.unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let record = storage.call_record(&calls[0].id).await.unwrap().unwrap();
    assert!(record.participants.iter().any(|who| who.sid == "PA_a"));
}

#[tokio::test]
async fn only_posts_of_a_bearable_size_are_read() {
    let app = TestApp::start().await;
    let answer = app.get(WEBHOOK_PATH).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    let huge = format!("{{\"event\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
    assert_eq!(post(&app, &huge, &signed(&huge)).await.status, 413);
}
