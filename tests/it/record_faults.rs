//! The database is away, locked or full: the call goes on, and what can be recorded later is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use frontdesk::server::storage::{Database, Storage, SystemEdge};
use sqlx::{Connection, Executor, SqliteConnection};
use tokio::time::timeout;

use crate::{
    app::{TestApp, key},
    caller::{Caller, PATIENCE},
    databases::TestDatabase,
    process::Process,
};

const SPEAKS: [(&str, &str); 1] = [("FRONTDESK_ASSISTANT", "on")];

/// What it says first, by the content that comes with the program.
const GREETING: &str = "Hello, Harbour Sounds. How can I help with your event?";

/// Waits until `/readyz` answers so.
async fn ready(app: &TestApp, status: u16) {
    let waited = timeout(PATIENCE, async {
        while app.get("/readyz").await.status != status {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("/readyz never answers {status}"));
}

/// Waits until the only call has so many segments.
async fn segments(storage: &Storage, count: usize) {
    let waited = timeout(PATIENCE, async {
        loop {
            if let Ok(calls) = storage.calls(2).await
                && let [call] = calls.as_slice()
                && let Ok(Some(record)) = storage.call_record(&call.id).await
                && record.segments.iter().filter(|words| words.is_final).count() >= count
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("the record never has {count} segments"));
}

/// Another program that writes to the record and does not come to an end.
async fn lock(data: &Path) -> SqliteConnection {
    let file = data.join("frontdesk.db");
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("frontdesk-faults-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_postgres_is_down() {
    let Some(database) = TestDatabase::own_postgres() else { return };
    let server = database.server().unwrap();
    let app = TestApp::with(&[&SPEAKS[..], &[("DATABASE_URL", database.url.as_str())]].concat()).await;
    ready(&app, 200).await;
    let mut caller = Caller::calls(app.address, key()).await;
    caller.hears(GREETING).await;
    server.stop();
    ready(&app, 503).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("A jazz trio").await;
    server.begin();
    ready(&app, 200).await;
    let storage = Storage::open(&database.database, Arc::new(SystemEdge)).await.unwrap();
    segments(&storage, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_while_another_program_locks_the_file() {
    let app = TestApp::with(&SPEAKS).await;
    let mut caller = Caller::calls(app.address, key()).await;
    caller.hears(GREETING).await;
    let mut other = lock(app.data().as_ref()).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("A jazz trio").await;
    other.execute("ROLLBACK").await.unwrap();
    let storage = Storage::open(&Database::in_folder(app.data().as_ref()), Arc::new(SystemEdge)).await.unwrap();
    segments(&storage, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_the_disk_is_full() {
    let data = folder("full");
    // Enough for the tables, and for the log of a few writes.
    let server = Process::start_on_a_small_disk(&data, &[("FRONTDESK_LOG", "frontdesk=warn")], 256).await;
    let mut caller = Caller::calls(server.address, key()).await;
    caller.hears(GREETING).await;
    for _ in 0..4 {
        caller.writes("What does a jazz trio cost?").await;
        caller.hears("A jazz trio").await;
    }
    let log = server.stop().await;
    assert!(log.contains("what is told of them waits"), "{log}");
    assert!(!log.contains("cannot be stored"), "{log}");
    std::fs::remove_dir_all(data).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_until_the_end_is_counted_and_told_once() {
    let data = folder("locked");
    let server = Process::start(&data, &[("FRONTDESK_LOG", "frontdesk=warn")]).await;
    let mut other = lock(&data).await;
    let mut caller = Caller::calls(server.address, key()).await;
    caller.hears(GREETING).await;
    caller.writes("What does a jazz trio cost?").await;
    caller.hears("A jazz trio").await;
    let log = server.stop().await;
    assert_eq!(log.matches("what assistants tell of calls is being lost").count(), 1, "{log}");
    let lost = log.split("reports of calls were lost").nth(1).unwrap_or_else(|| panic!("{log}"));
    let lost: String = lost.lines().next().unwrap().chars().filter(char::is_ascii_digit).collect();
    assert_ne!(lost.trim_start_matches('0'), "", "{log}");
    other.execute("ROLLBACK").await.unwrap();
    std::fs::remove_dir_all(data).unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_at_the_start_without_its_password() {
    for (url, place) in [
        ("postgres://desk:hunter2@127.0.0.1:9/calls", "postgres://127.0.0.1/calls"),
        ("sqlite:/proc/calls.db", "/proc/calls.db"),
    ] {
        let database: Database = url.parse().unwrap();
        let error = Storage::open(&database, Arc::new(SystemEdge)).await.err().unwrap().to_string();
        assert!(error.contains(place) && error.contains("DATABASE_URL") && !error.contains("hunter2"), "{error}");
    }
}
