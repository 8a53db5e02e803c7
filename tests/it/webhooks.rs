//! Webhooks, as LiveKit's own receiver reads them, told alike by the embedded server and by LiveKit's.

use std::{
    net::Ipv4Addr,
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use livekit_protocol as lk;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    time::timeout,
};

use crate::{
    room_server::{RoomServer, webhook_receiver},
    sfu_participant::{Participant, Path as Signalling},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// Takes webhooks for several servers; the first try of each third one fails.
struct Receiver {
    address: String,
    inboxes: Vec<Mutex<mpsc::UnboundedReceiver<lk::WebhookEvent>>>,
}

struct Desk {
    number: AtomicU32,
    outboxes: Vec<mpsc::UnboundedSender<lk::WebhookEvent>>,
}

impl Receiver {
    async fn start(servers: usize) -> Self {
        let (outboxes, inboxes): (Vec<_>, Vec<_>) = (0..servers).map(|_| mpsc::unbounded_channel()).unzip();
        let desk = Arc::new(Desk { number: AtomicU32::new(0), outboxes });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/{server}", post(take)).with_state(desk);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, inboxes: inboxes.into_iter().map(Mutex::new).collect() }
    }

    /// The next webhook of a server.
    async fn next(&self, server: usize) -> lk::WebhookEvent {
        let mut inbox = self.inboxes[server].lock().await;
        timeout(PATIENCE, inbox.recv()).await.expect("no webhook came").unwrap()
    }
}

async fn take(
    State(desk): State<Arc<Desk>>,
    Path(server): Path<usize>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let number = desk.number.fetch_add(1, Ordering::Relaxed);
    if number % 3 == 2 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    assert_eq!(headers["content-type"], "application/webhook+json");
    let token = headers["authorization"].to_str().unwrap();
    let event = webhook_receiver().receive(&body, token).expect("a webhook that its receiver accepts");
    assert!(webhook_receiver().receive(&(body + " "), token).is_err(), "a changed body must not pass");
    desk.outboxes[server].send(event).unwrap();
    StatusCode::OK
}

#[tokio::test]
async fn a_rooms_life_is_told_once_and_in_order() {
    let receiver = Receiver::start(2).await;
    let servers = RoomServer::each_that_tells(|server| format!("{}/{server}", receiver.address)).await;
    for (number, server) in servers.iter().enumerate() {
        let ann = Participant::join(server.url(), &server.token("room", "ann"), Signalling::V1).await;
        let started = receiver.next(number).await;
        assert_eq!(started.event, "room_started");
        assert!(started.id.starts_with("EV_") && started.created_at > 0);
        let room = started.room.unwrap();
        assert_eq!(room.name, "room");

        let joined = receiver.next(number).await;
        assert_eq!(
            (joined.event.as_str(), joined.participant.unwrap().sid.as_str()),
            ("participant_joined", ann.sid())
        );
        let track = ann.publish().await;
        let published = receiver.next(number).await;
        assert_eq!((published.event.as_str(), published.track.unwrap().sid), ("track_published", track.sid.clone()));

        server.client().delete_room("room").await.unwrap();
        let told = [receiver.next(number).await, receiver.next(number).await, receiver.next(number).await];
        assert_eq!(
            told.each_ref().map(|event| event.event.as_str()),
            ["track_unpublished", "participant_left", "room_finished"]
        );
        assert_eq!(told[1].participant.as_ref().map(|who| who.identity.as_str()), Some("ann"));
        assert_eq!(told[2].room.as_ref().map(|ended| &ended.sid), Some(&room.sid));
    }
}
