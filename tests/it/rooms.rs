//! The same story of a room, told to the embedded server and to a real LiveKit server where there is one.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use frontdesk::server::{
    agent::{
        Link,
        link::{Joined, Kind, Presence, RoomEvent},
    },
    config::RoomServer,
    install_crypto,
    origin::AllowedOrigins,
    rooms::{NewRoom, OpenRooms, RoomsError, open},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{app::key, room_server};

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

async fn opened(server: RoomServer) -> OpenRooms {
    install_crypto();
    open(server, Path::new("unused"), NOWHERE, AllowedOrigins::default(), true, CancellationToken::new()).await.unwrap()
}

async fn embedded() -> OpenRooms {
    opened(RoomServer::Embedded {
        key: Some(key()),
        udp: "127.0.0.1:0".parse().unwrap(),
        announce: vec![],
        webhooks: vec![],
    })
    .await
}

/// A room is made, found, made again without change, and ended; what is not there is said to be missing.
async fn story(open: &OpenRooms) {
    let room = NewRoom { name: "support-story".into(), metadata: "first".into(), ..NewRoom::default() };
    let made = open.rooms.create(room.clone()).await.unwrap();
    assert_eq!((made.name.as_str(), made.metadata.as_str(), made.participants), ("support-story", "first", 0));
    assert!(made.sid.starts_with("RM_"), "{}", made.sid);
    let again = open.rooms.create(NewRoom { metadata: "second".into(), ..room }).await.unwrap();
    assert_eq!((&again.sid, again.metadata.as_str()), (&made.sid, "first"));
    assert_eq!(open.rooms.list().await.unwrap(), [made]);
    assert_eq!(open.rooms.participants("support-story").await.unwrap(), []);
    let absent = open.rooms.remove("support-story", "nobody").await;
    assert!(matches!(absent, Err(RoomsError::NotFound)), "{absent:?}");
    open.rooms.delete("support-story").await.unwrap();
    assert_eq!(open.rooms.list().await.unwrap(), []);
    let absent = open.rooms.delete("support-story").await;
    assert!(matches!(absent, Err(RoomsError::NotFound)), "{absent:?}");
}

#[tokio::test]
async fn the_embedded_server_tells_the_story() {
    story(&embedded().await).await;
}

#[tokio::test]
async fn a_livekit_server_tells_the_story() {
    let Some(livekit) = room_server::RoomServer::livekit().await else { return };
    let Link { url, key } = livekit.link();
    story(&opened(RoomServer::LiveKit { url: url.parse().unwrap(), key }).await).await;
}

#[tokio::test]
async fn each_support_room_asks_for_one_assistant_as_it_opens() {
    let mut open = embedded().await;
    for name in ["admin-assistant-1", "support-1", "support-1", "party", "support-2"] {
        open.rooms.create(NewRoom { name: name.into(), ..NewRoom::default() }).await.unwrap();
    }
    summoned(&mut open, "support-1").await;
    summoned(&mut open, "support-2").await;
    open.rooms.delete("support-1").await.unwrap();
    open.rooms.create(NewRoom { name: "support-1".into(), ..NewRoom::default() }).await.unwrap();
    summoned(&mut open, "support-1").await;
}

#[tokio::test]
async fn a_livekit_server_is_sent_the_assistant_with_the_ticket() {
    let server = RoomServer::LiveKit { url: format!("ws://{NOWHERE}").parse().unwrap(), key: key() };
    let mut open = opened(server).await;
    open.rooms.expect("support-1");
    summoned(&mut open, "support-1").await;
    assert!(matches!(open.rooms.list().await, Err(RoomsError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_returns_to_a_room_whose_assistant_has_left_gets_another() {
    let mut open = embedded().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let link = Link { url: format!("ws://{}", listener.local_addr().unwrap()), key: key() };
    tokio::spawn(axum::serve(listener, open.router.take().unwrap()).into_future());
    let room = "support-returns";
    let mut ada = join(&link, room, Kind::Person).await;
    summoned(&mut open, room).await;
    let agent = join(&link, room, Kind::Agent).await;
    arrives(&mut ada, Kind::Agent).await;
    drop(ada);
    present(&open, room, &["agent"]).await;
    drop(agent);
    present(&open, room, &[]).await;
    let mut ada = join(&link, room, Kind::Person).await;
    summoned(&mut open, room).await;
    let mut agent = join(&link, room, Kind::Agent).await;
    arrives(&mut ada, Kind::Agent).await;
    arrives(&mut agent, Kind::Person).await;
    drop(ada);
    present(&open, room, &["agent"]).await;
    let _ada = join(&link, room, Kind::Person).await;
    arrives(&mut agent, Kind::Person).await;
    // One that is there is enough.
    assert!(open.starts.try_recv().is_err());
}

/// Waits until an assistant is wanted somewhere: here.
async fn summoned(open: &mut OpenRooms, room: &str) {
    assert_eq!(open.starts.recv().await.unwrap().room, room);
}

async fn join(link: &Link, room: &str, kind: Kind) -> Joined {
    let identity = if kind == Kind::Agent { "agent" } else { "person" };
    let presence = Presence {
        room: room.into(),
        identity: identity.into(),
        name: identity.into(),
        kind,
        attributes: BTreeMap::new(),
    };
    link.join(&presence).await.unwrap()
}

/// Waits until the media of another of this kind is up.
async fn arrives(joined: &mut Joined, wanted: Kind) {
    loop {
        let event = joined.events.recv().await.unwrap();
        if matches!(event, RoomEvent::Arrived { kind, .. } if kind == wanted) {
            return;
        }
    }
}

/// Waits until these are in the room.
async fn present(open: &OpenRooms, room: &str, identities: &[&str]) {
    let there = async {
        loop {
            let mut there: Vec<_> =
                open.rooms.participants(room).await.unwrap().into_iter().map(|who| who.identity).collect();
            there.sort_unstable();
            if there == identities {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there).await.unwrap();
}
