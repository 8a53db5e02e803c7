//! One call through the whole server: the ticket, the room, the assistant who comes by itself.

use std::{collections::BTreeMap, time::Duration};

use frontdesk::{
    domain::call::Opening,
    server::agent::{
        Link,
        link::{Kind, Presence, RoomEvent},
    },
};

use crate::app::{TestApp, assistant_file, key};

/// Far longer than it takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_assistant_comes_to_the_room_of_a_ticket_and_speaks_first() {
    let file = assistant_file("Good morning to you.");
    let settings = [("FRONTDESK_ASSISTANT", "on"), ("FRONTDESK_ASSISTANT_FILE", &*file)];
    let app = TestApp::with(&settings).await;
    let ticket = app.post("/api/voice/token", "{}").await.json();
    let link = Link { url: ticket["livekitHost"].as_str().unwrap().to_owned(), key: key() };
    let visitor = Presence {
        room: ticket["roomName"].as_str().unwrap().to_owned(),
        identity: "ada".into(),
        name: "Ada".into(),
        kind: Kind::Person,
        attributes: BTreeMap::new(),
    };
    let mut joined = link.join(&visitor).await.unwrap();
    let greeting = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(RoomEvent::Text { topic, text, attributes, .. }) = joined.events.recv().await
                && attributes.get("lk.transcription_final").is_some_and(|last| last == "true")
            {
                return (topic, text);
            }
        }
    });
    assert_eq!(greeting.await.unwrap(), ("lk.transcription".to_owned(), "Good morning to you.".to_owned()));
}

#[tokio::test]
async fn a_page_fetches_tickets_early_only_where_they_do_not_bring_the_assistant() {
    for (settings, early) in [(vec![], true), (vec![("LIVEKIT_URL", "ws://127.0.0.1:9")], false)] {
        let page = TestApp::with(&settings).await.get("/").await.body;
        let (_, rest) = page.split_once("data-opening=\"").unwrap();
        let opening = Opening::parse(rest.split('"').next().unwrap()).unwrap();
        assert_eq!(opening.early, early, "{settings:?}");
    }
}
