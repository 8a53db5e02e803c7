//! Calls through the whole server, as its record and its commands tell them.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use frontdesk::{
    domain::record::{CallRecord, CallStatus, Departure, EndReason, Sample},
    server::storage::{Database, Storage, SystemEdge},
};
use serde_json::Value;
use tokio::{process::Command, sync::OnceCell, time::timeout};

use crate::{
    app::{TestApp, key, send_raw},
    caller::{Caller, PATIENCE},
    process::Process,
    room_server::{self, RoomServer},
};

const SPEAKS: [(&str, &str); 1] = [("FRONTDESK_ASSISTANT", "on")];

/// What it says first, by the content that comes with the program.
const GREETING: &str = "Hello, Harbour Sounds. How can I help with your event?";

/// What `frontdesk` with these arguments writes, with this data.
async fn frontdesk(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    let output = command.args(arguments).env_clear().env("FRONTDESK_DATA_DIR", data).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn storage(data: &Path) -> Storage {
    Storage::open(&Database::in_folder(data), Arc::new(SystemEdge)).await.unwrap()
}

/// The call in this room, once `wanted` holds of it.
pub async fn call(storage: &Storage, room: &str, wanted: impl Fn(&CallRecord) -> bool) -> CallRecord {
    let mut last = None;
    let found = timeout(PATIENCE, async {
        loop {
            let calls = storage.calls(10).await.unwrap();
            if let Some(call) = calls.iter().find(|call| call.room == room) {
                let record = storage.call_record(&call.id).await.unwrap().unwrap();
                if wanted(&record) {
                    return record;
                }
                last = Some(record);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let found = found.await;
    found.unwrap_or_else(|_| panic!("the record never says so: {last:#?}"))
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("frontdesk-record-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_with_what_was_heard_and_printed() {
    let app = TestApp::with(&SPEAKS).await;
    let data = app.data().as_ref().to_owned();
    let storage = storage(&data).await;
    assert_eq!(frontdesk(&data, &["calls"]).await, "No calls yet.\n");
    let mut caller = Caller::calls(app.address, key()).await;
    caller.hears(GREETING).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("A jazz trio").await;
    let live = call(&storage, &caller.room, |call| call.segments.len() == 3).await.call;
    assert_eq!((live.status, live.answered_by.as_deref()), (CallStatus::InProgress, Some("assistant")));
    caller.hangs_up().await;
    let left = |call: &CallRecord| call.participants.iter().any(|who| who.departure == Some(Departure::HungUp));
    call(&storage, &caller.room, left).await;
    caller.ends_the_room().await;

    let record = call(&storage, &caller.room, |record| record.call.status.is_terminal()).await;
    let ended = (record.call.status, record.call.end_reason);
    assert_eq!(ended, (CallStatus::Completed, Some(EndReason::CallerLeft)));
    let words: Vec<_> = record.segments.iter().map(|words| (words.identity.as_str(), words.typed)).collect();
    assert!(matches!(words[..], [(_, false), ("visitor-1", true), (_, false)]), "{words:?}");
    let times: Vec<_> = record.segments.iter().flat_map(|words| [words.start_ms, words.end_ms]).collect();
    assert!(times.is_sorted() && times[0] > 0, "{times:?}");
    assert!(record.segments.iter().all(|words| words.is_final && !words.interrupted));

    let id = record.call.id.as_str();
    let listed = frontdesk(&data, &["calls", "--limit", "5"]).await;
    assert!(listed.lines().nth(1).is_some_and(|line| line.starts_with(id) && line.contains("completed")), "{listed}");
    let printed = frontdesk(&data, &["call", id]).await;
    for part in ["Ada (person)", &format!("Assistant: {GREETING}"), "Caller (typed): What does a jazz trio cost?"] {
        assert!(printed.contains(part), "{printed}");
    }
    let calls: Value = serde_json::from_str(&frontdesk(&data, &["calls", "--json"]).await).unwrap();
    assert_eq!((&calls[0]["id"], &calls[0]["status"]), (&id.into(), &"completed".into()));
    let told: Value = serde_json::from_str(&frontdesk(&data, &["call", id, "--json"]).await).unwrap();
    assert_eq!(told["segments"][0]["text"], GREETING);
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    let absent = command.args(["call", "0199"]).env("FRONTDESK_DATA_DIR", &data).output().await.unwrap();
    assert!(!absent.status.success() && String::from_utf8_lossy(&absent.stderr).contains("there is no call 0199"));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_well_a_call_went_is_recorded() {
    let app = TestApp::with(&SPEAKS).await;
    let storage = storage(app.data().as_ref()).await;
    let mut caller = Caller::calls(app.address, key()).await;
    caller.hears(GREETING).await;
    caller.writes("What does a jazz trio cost?").await;
    // Two windows of measurement.
    caller.keeps_silent_aloud(Duration::from_secs(11)).await;
    let of = |call: &CallRecord, visitor: bool, has: fn(&Sample) -> bool| {
        call.metrics.iter().any(|sample| (sample.identity == "visitor-1") == visitor && has(sample))
    };
    let record = call(&storage, &caller.room, |call| {
        of(call, true, |sample| sample.loss_pct.is_some() && sample.jitter_ms.is_some())
            && of(call, true, |sample| sample.quality.is_some())
            && of(call, false, |sample| sample.rtt_ms.is_some())
            && of(call, false, |sample| sample.llm_ms.is_some() && sample.tts_ms.is_some())
    });
    let record = record.await;
    assert!(record.metrics.iter().all(|sample| sample.at_ms >= record.call.started_ms));
    assert!(record.metrics.iter().filter_map(|sample| sample.loss_pct).all(|loss| (0.0..=100.0).contains(&loss)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_cut_is_recorded_as_far_as_it_was_heard() {
    if std::process::Command::new("flite").arg("--version").output().is_err() {
        eprintln!("!!! LEFT OUT: this machine lacks flite");
        return;
    }
    let app = TestApp::with(&SPEAKS).await;
    let storage = storage(app.data().as_ref()).await;
    let mut caller = Caller::calls(app.address, key()).await;
    caller.hears_sound(50).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("Hello").await;
    let cut = call(&storage, &caller.room, |record| record.segments.first().is_some_and(|words| words.is_final)).await;
    let words = &cut.segments[0];
    assert!(words.interrupted && GREETING.starts_with(&words.text) && words.text.len() < GREETING.len(), "{words:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_records_what_it_ends() {
    let data = folder("stopped");
    let server = Process::start(&data, &[]).await;
    let mut caller = Caller::calls(server.address, key()).await;
    caller.hears(GREETING).await;
    let log = server.stop().await;
    assert!(!log.contains("ERROR"), "{log}");
    let record = call(&storage(&data).await, &caller.room, |_| true).await;
    assert_eq!((record.call.status, record.call.end_reason), (CallStatus::Failed, Some(EndReason::ServerStopped)));
    assert_eq!(record.segments[0].text, GREETING);
    std::fs::remove_dir_all(data).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_crash_left_open_is_closed_at_the_next_start() {
    let data = folder("killed");
    let server = Process::start(&data, &[]).await;
    let mut caller = Caller::calls(server.address, key()).await;
    caller.hears(GREETING).await;
    caller.writes("What does a jazz trio cost?").await;
    let storage = storage(&data).await;
    let open = call(&storage, &caller.room, |record| record.segments.len() == 3).await;
    assert_eq!(open.call.status, CallStatus::InProgress);
    server.kill().await;
    let open = call(&storage, &caller.room, |_| true).await;
    assert_eq!((open.call.status, open.call.ended_ms), (CallStatus::InProgress, None));

    // By the time it answers, the record is right.
    let server = Process::start(&data, &[]).await;
    let closed = call(&storage, &caller.room, |_| true).await;
    assert_eq!((closed.call.status, closed.call.end_reason), (CallStatus::Failed, Some(EndReason::ServerLost)));
    let last_word = closed.segments.iter().map(|words| closed.call.started_ms + words.start_ms).max();
    assert!(closed.call.ended_ms >= last_word, "{closed:?}");
    assert_eq!(closed.segments, open.segments);
    // The line is free again.
    let mut caller = Caller::calls(server.address, key()).await;
    caller.hears(GREETING).await;
    assert!(!server.stop().await.contains("ERROR"));
    std::fs::remove_dir_all(data).unwrap();
}

/// Passes webhooks on to a server whose address is known later.
struct Relay {
    url: String,
    site: Arc<OnceCell<SocketAddr>>,
}

impl Relay {
    async fn start() -> Self {
        let site = Arc::new(OnceCell::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/livekit/webhook", listener.local_addr().unwrap());
        let router = Router::new().fallback(post(pass_on)).with_state(Arc::clone(&site));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { url, site }
    }
}

async fn pass_on(State(site): State<Arc<OnceCell<SocketAddr>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let Some(site) = site.get() else { return StatusCode::SERVICE_UNAVAILABLE };
    let head = format!(
        "POST /api/livekit/webhook HTTP/1.1\r\nhost: {site}\r\nconnection: close\r\nauthorization: {}\r\n\
         content-type: application/webhook+json\r\ncontent-length: {}\r\n\r\n",
        headers["authorization"].to_str().unwrap(),
        body.len()
    );
    let answer = send_raw(*site, &[head.as_bytes(), &body].concat()).await;
    StatusCode::from_u16(answer.status).unwrap()
}

/// The settings of a server whose rooms are on `livekit`.
fn on(livekit: &RoomServer) -> [(&str, &str); 3] {
    let (key, secret) = room_server::KEY_AND_SECRET;
    [("LIVEKIT_URL", livekit.url()), ("LIVEKIT_API_KEY", key), ("LIVEKIT_API_SECRET", secret)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_livekit_server_is_recorded_from_its_webhooks() {
    let relay = Relay::start().await;
    let Some(livekit) = RoomServer::livekit_that_tells(vec![relay.url]).await else { return };
    let app = TestApp::with(&[&SPEAKS[..], &on(&livekit)[..]].concat()).await;
    relay.site.set(app.address).unwrap();
    let storage = storage(app.data().as_ref()).await;
    let mut caller = Caller::calls(app.address, room_server::key()).await;
    caller.hears(GREETING).await;
    caller.hangs_up().await;
    let left = |call: &CallRecord| call.participants.iter().any(|who| who.departure == Some(Departure::HungUp));
    call(&storage, &caller.room, left).await;
    caller.ends_the_room().await;
    let record = call(&storage, &caller.room, |record| record.call.status.is_terminal()).await;
    let ended = (record.call.status, record.call.end_reason);
    assert_eq!(ended, (CallStatus::Completed, Some(EndReason::CallerLeft)));
    assert_eq!((record.participants.len(), record.segments[0].text.as_str()), (2, GREETING));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_livekit_server_outlives_a_crash_of_ours_and_one_that_ended_meanwhile_is_closed() {
    let Some(livekit) = RoomServer::livekit().await else { return };
    let data = folder("outlived");
    // Nobody tells this server anything: it looks.
    let server = Process::start(&data, &on(&livekit)).await;
    let mut stays = Caller::calls(server.address, room_server::key()).await;
    let mut ends = Caller::calls(server.address, room_server::key()).await;
    for caller in [&mut stays, &mut ends] {
        caller.hears(GREETING).await;
    }
    let storage = storage(&data).await;
    for caller in [&stays, &ends] {
        call(&storage, &caller.room, |record| record.call.status == CallStatus::InProgress).await;
    }
    server.kill().await;
    ends.ends_the_room().await;

    let _server = Process::start(&data, &on(&livekit)).await;
    let ended = call(&storage, &ends.room, |_| true).await.call;
    assert_eq!((ended.status, ended.end_reason), (CallStatus::Completed, Some(EndReason::Unseen)));
    let goes_on = call(&storage, &stays.room, |_| true).await.call;
    assert_eq!((goes_on.status, goes_on.ended_ms), (CallStatus::InProgress, None));
    std::fs::remove_dir_all(data).unwrap();
}
