//! The same story of a room, told to the embedded server and to a real LiveKit server.
//!
//! The real one runs where `LIVEKIT_SERVER_BIN` names it or the build tool has installed it; elsewhere that half is left
//! out, and says so.

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use frontdesk::server::{
    config::RoomServer,
    install_crypto,
    origin::AllowedOrigins,
    rooms::{NewRoom, OpenRooms, RoomsError, open},
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{KEY, SECRET, key};

const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

async fn opened(server: RoomServer) -> OpenRooms {
    install_crypto();
    open(server, Path::new("unused"), NOWHERE, AllowedOrigins::default(), CancellationToken::new()).await.unwrap()
}

async fn embedded() -> OpenRooms {
    opened(RoomServer::Embedded { key: Some(key()), udp: "127.0.0.1:0".parse().unwrap(), announce: vec![] }).await
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
    let Some(livekit) = LiveKit::start().await else {
        eprintln!("left out: no livekit-server here (LIVEKIT_SERVER_BIN)");
        return;
    };
    let url = livekit.address.to_string();
    story(&opened(RoomServer::LiveKit { url: format!("ws://{url}").parse().unwrap(), key: key() }).await).await;
}

#[tokio::test]
async fn each_support_room_asks_for_one_assistant_as_it_opens() {
    let mut open = embedded().await;
    for name in ["admin-assistant-1", "support-1", "support-1", "party", "support-2"] {
        open.rooms.create(NewRoom { name: name.into(), ..NewRoom::default() }).await.unwrap();
    }
    assert_eq!(open.starts.recv().await.as_deref(), Some("support-1"));
    assert_eq!(open.starts.recv().await.as_deref(), Some("support-2"));
    open.rooms.delete("support-1").await.unwrap();
    open.rooms.create(NewRoom { name: "support-1".into(), ..NewRoom::default() }).await.unwrap();
    assert_eq!(open.starts.recv().await.as_deref(), Some("support-1"));
}

#[tokio::test]
async fn a_livekit_server_is_sent_the_assistant_with_the_ticket() {
    let server = RoomServer::LiveKit { url: format!("ws://{NOWHERE}").parse().unwrap(), key: key() };
    let mut open = opened(server).await;
    open.rooms.expect("support-1");
    assert_eq!(open.starts.recv().await.as_deref(), Some("support-1"));
    assert!(matches!(open.rooms.list().await, Err(RoomsError::Failed(_))));
}

/// A real LiveKit server on the loopback; it ends when this is dropped.
struct LiveKit {
    process: Child,
    address: SocketAddr,
}

impl LiveKit {
    async fn start() -> Option<Self> {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/livekit/server");
        let binary = std::env::var_os("LIVEKIT_SERVER_BIN").map_or(installed, PathBuf::from);
        if !binary.exists() {
            return None;
        }
        let free_tcp = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = free_tcp();
        let config = json!({
            "port": address.port(), "bind_addresses": ["127.0.0.1"], "keys": { KEY: SECRET },
            "logging": {"level": "error"},
            "rtc": {
                "udp_port": udp, "tcp_port": free_tcp().port(), "node_ip": "127.0.0.1",
                "enable_loopback_candidate": true, "interfaces": {"includes": ["lo"]},
            },
        });
        let process =
            Command::new(binary).env("LIVEKIT_CONFIG", config.to_string()).stderr(Stdio::null()).spawn().unwrap();
        let livekit = Self { process, address };
        // It says nothing when it is ready: its port is the only sign.
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(livekit)
    }
}

impl Drop for LiveKit {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
