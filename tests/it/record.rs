//! Calls through the whole server, as its record and its commands tell them.

use std::{collections::BTreeMap, time::Duration};

use frontdesk::server::agent::{
    Link,
    link::{Joined, Kind, Order, Presence, RoomEvent},
};
use livekit_api::services::room::RoomClient;
use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::app::{KEY, SECRET, TestApp, assistant_file, key};

/// Far longer than it takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What `frontdesk` with these arguments writes, with the data of `app`.
async fn frontdesk(app: &TestApp, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
        .args(arguments)
        .env_clear()
        .env("FRONTDESK_DATA_DIR", app.data().as_ref())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn json(app: &TestApp, arguments: &[&str]) -> Value {
    serde_json::from_str(&frontdesk(app, arguments).await).unwrap()
}

/// The one call there is, once `wanted` holds of it.
async fn call(app: &TestApp, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = timeout(PATIENCE, async {
        loop {
            let calls = json(app, &["calls", "--json"]).await;
            if let [call] = calls.as_array().unwrap().as_slice() {
                let call = json(app, &["call", call["id"].as_str().unwrap(), "--json"]).await;
                if wanted(&call) {
                    return call;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    found.await.expect("the record never says so")
}

/// A visitor in the room of a ticket.
struct Visitor {
    room: String,
    joined: Joined,
}

impl Visitor {
    async fn calls(app: &TestApp) -> Self {
        let ticket = app.post("/api/voice/token", "{}").await.json();
        let link = Link { url: ticket["livekitHost"].as_str().unwrap().to_owned(), key: key() };
        let room = ticket["roomName"].as_str().unwrap().to_owned();
        let (identity, name) = ("visitor-1".to_owned(), "Ada".to_owned());
        let presence = Presence { room: room.clone(), identity, name, kind: Kind::Person, attributes: BTreeMap::new() };
        Self { room, joined: link.join(&presence).await.unwrap() }
    }

    /// Waits for settled words that begin like this.
    async fn hears(&mut self, start: &str) {
        let heard = timeout(PATIENCE, async {
            loop {
                if let RoomEvent::Text { text, attributes, .. } = self.joined.events.recv().await.unwrap()
                    && attributes.get("lk.transcription_final").is_some_and(|last| last == "true")
                    && text.starts_with(start)
                {
                    return;
                }
            }
        });
        heard.await.unwrap_or_else(|_| panic!("never heard {start:?}"));
    }

    async fn writes(&self, text: &str) {
        let stream = || "chat-1".to_owned();
        for order in [
            Order::OpenText { stream: stream(), topic: "lk.chat", attributes: BTreeMap::new(), sender: None },
            Order::WriteText { stream: stream(), text: text.into() },
            Order::CloseText { stream: stream(), attributes: BTreeMap::new() },
        ] {
            self.joined.orders.send(order).await.unwrap();
        }
    }

    async fn hangs_up(&self) {
        self.joined.orders.send(Order::Leave).await.unwrap();
    }
}

/// Ends a room at once, which would else stand for a while after its last visitor.
async fn ends(app: &TestApp, room: &str) {
    let client = RoomClient::with_api_key(&format!("http://{}", app.address), KEY, SECRET);
    client.delete_room(room).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_recorded_with_what_was_heard_and_printed() {
    let file = assistant_file("Good morning to you.");
    let settings = [("FRONTDESK_ASSISTANT", "on"), ("FRONTDESK_ASSISTANT_FILE", &*file)];
    let app = TestApp::with(&settings).await;
    assert_eq!(frontdesk(&app, &["calls"]).await, "No calls yet.\n");
    let mut visitor = Visitor::calls(&app).await;
    visitor.hears("Good morning to you.").await;
    visitor.writes("What does a jazz trio cost?").await;
    visitor.hears("A jazz trio").await;
    let live = call(&app, |call| call["segments"].as_array().unwrap().len() == 3).await;
    assert_eq!((live["status"].as_str(), live["answered_by"].as_str()), (Some("in_progress"), Some("assistant")));
    visitor.hangs_up().await;
    call(&app, |call| call["participants"].as_array().unwrap().iter().any(|who| who["departure"] == "hung_up")).await;
    ends(&app, &visitor.room).await;

    let record = call(&app, |call| call["status"] == "completed").await;
    assert_eq!((&record["room"], &record["end_reason"]), (&Value::from(visitor.room), &Value::from("caller_left")));
    let words: Vec<_> = record["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|words| (words["speaker"].as_str().unwrap(), words["text"].as_str().unwrap(), words["typed"] == true))
        .collect();
    assert_eq!(
        words[..2],
        [("agent", "Good morning to you.", false), ("visitor", "What does a jazz trio cost?", true),]
    );
    assert!(words[2].0 == "agent" && words[2].1.starts_with("A jazz trio"), "{words:?}");
    let times: Vec<_> = record["segments"].as_array().unwrap().iter().map(|words| words["start_ms"].as_i64()).collect();
    assert!(times.is_sorted() && times[0] > Some(0), "{times:?}");

    let id = record["id"].as_str().unwrap();
    let listed = frontdesk(&app, &["calls", "--limit", "5"]).await;
    assert!(listed.lines().nth(1).is_some_and(|line| line.starts_with(id) && line.contains("completed")), "{listed}");
    let printed = frontdesk(&app, &["call", id]).await;
    for part in ["Ada (person)", "Assistant: Good morning to you.", "Caller (typed): What does a jazz trio cost?"] {
        assert!(printed.contains(part), "{printed}");
    }
}
