//! Workers: assistants in processes of their own, which a LiveKit server gives calls to and which may die.

use std::sync::Arc;

use frontdesk::{
    domain::{record::CallRecord, transcript::Speaker},
    server::{
        storage::{Database, Storage, SystemEdge},
        token::{Claims, VideoGrants},
    },
};
use livekit_protocol::participant_info;

use crate::{
    app::{TestApp, assistant_file},
    caller::Caller,
    process::WorkerProcess,
    record::call,
    room_server::{self, KEY_AND_SECRET, RoomServer},
    sfu_host::unix_now,
};

const APOLOGY: &str = "I am sorry, the line dropped";

/// A site whose rooms are on `server`, with an assistant of its own that greets so.
async fn site(server: &RoomServer, greeting: &str) -> (TestApp, Storage) {
    let file = assistant_file(greeting);
    let variables = [
        ("LIVEKIT_URL", server.url()),
        ("LIVEKIT_API_KEY", KEY_AND_SECRET.0),
        ("LIVEKIT_API_SECRET", KEY_AND_SECRET.1),
        ("FRONTDESK_ASSISTANT", "on"),
        ("FRONTDESK_ASSISTANT_FILE", &file),
    ];
    let site = TestApp::with(&variables).await;
    std::fs::remove_file(&file).unwrap();
    let storage = Storage::open(&Database::in_folder(site.data().as_ref()), Arc::new(SystemEdge)).await.unwrap();
    (site, storage)
}

/// A worker that takes calls and greets so.
async fn worker(server: &RoomServer, site: &TestApp, greeting: &str) -> WorkerProcess {
    let file = assistant_file(greeting);
    let worker = WorkerProcess::start(server.url(), site.address, KEY_AND_SECRET, &file).await;
    std::fs::remove_file(&file).unwrap();
    worker
}

/// The assistants that the server shows in a room.
async fn assistants(server: &RoomServer, room: &str) -> usize {
    let there = server.client().list_participants(room).await.unwrap();
    there.iter().filter(|who| who.kind() == participant_info::Kind::Agent).count()
}

/// What the assistants were heard to say first of each sentence, but for what they ask a caller who is silent.
fn first_words(record: &CallRecord) -> Vec<&str> {
    let spoken = record.segments.iter().filter(|words| words.is_final && words.speaker == Speaker::Agent);
    let first = spoken.map(|words| words.text.get(..12).unwrap_or(&words.text));
    first.filter(|words| !words.starts_with("Are you")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assistant_that_is_killed_in_mid_call_is_followed_by_another_that_apologises() {
    let Some(server) = RoomServer::livekit().await else { return };
    let (site, storage) = site(&server, "This is the site.").await;
    let first = worker(&server, &site, "Here is the first.").await;
    let mut caller = Caller::calls(site.address, room_server::key()).await;
    caller.hears("Here is the first.").await;
    let second = worker(&server, &site, "Here is the second.").await;
    first.kill().await;
    caller.hears(APOLOGY).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("A jazz trio").await;
    assert_eq!(assistants(&server, &caller.room).await, 1);
    // No worker is left: the site's own assistant comes.
    second.kill().await;
    caller.hears(APOLOGY).await;
    assert_eq!(assistants(&server, &caller.room).await, 1);
    let said = ["Here is the ", "I am sorry, ", "A jazz trio ", "I am sorry, "];
    call(&storage, &caller.room, |record| first_words(record) == said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_to_stop_ends_its_call_first_and_takes_no_other() {
    let Some(server) = RoomServer::livekit().await else { return };
    let (site, storage) = site(&server, "This is the site.").await;
    let worker = worker(&server, &site, "Here is the worker.").await;
    let mut caller = Caller::calls(site.address, room_server::key()).await;
    caller.hears("Here is the worker.").await;
    worker.is_asked_to_stop().await;
    let mut other = Caller::calls(site.address, room_server::key()).await;
    other.hears("This is the site.").await;
    other.ends_the_room().await;
    for (said, answer) in [
        ("could you call me back please", "What is your name"),
        ("My name is Ada Lovelace.", "Thank you, Ada Lovelace."),
        ("0171 555 123", "I have 0 1 7"),
        ("yes", "what is it about"),
        ("A quartet in June.", "I have written that down"),
    ] {
        caller.writes(said).await;
        caller.hears_of(answer).await;
    }
    let record = call(&storage, &caller.room, |record| !record.notes.is_empty()).await;
    assert_eq!(record.notes[0].phone.as_deref(), Some("+49171555123"));
    caller.ends_the_room().await;
    assert!(worker.ends().await.success());
}

#[tokio::test]
async fn only_those_who_have_the_room_servers_key_are_workers() {
    let embedded = TestApp::start().await;
    let upgrade = |token: &str| {
        [
            ("connection", "upgrade".to_owned()),
            ("upgrade", "websocket".to_owned()),
            ("sec-websocket-version", "13".to_owned()),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ]
    };
    let asks = async |app: &TestApp, token: &str| {
        let headers = upgrade(token);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.send("GET", "/api/workers", &headers, b"").await.status
    };
    let mint = |video: VideoGrants| {
        let claims = Claims { identity: "ada".into(), video, ..Claims::default() };
        crate::app::key().mint(claims, unix_now(), std::time::Duration::from_secs(60)).unwrap()
    };
    let agent = mint(VideoGrants { agent: true, ..VideoGrants::default() });
    assert_eq!(asks(&embedded, &agent).await, 404);
    let nowhere = [("LIVEKIT_URL", "ws://127.0.0.1:9")];
    let app = TestApp::with(&nowhere).await;
    let visitor = mint(VideoGrants { room: "support-1".into(), room_join: true, ..VideoGrants::default() });
    let in_room = mint(VideoGrants { room: "support-1".into(), agent: true, ..VideoGrants::default() });
    for token in ["", "rubbish", &visitor, &in_room] {
        assert_eq!(asks(&app, token).await, 401);
    }
    assert_eq!(app.get("/api/workers").await.status, 401);
}
