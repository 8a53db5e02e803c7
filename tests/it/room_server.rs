//! Room servers for a test: the embedded one, and a real LiveKit server where there is one.
//!
//! The real one runs where `LIVEKIT_SERVER_BIN` names it or the build tool has installed it; elsewhere it is left out,
//! and the test says so.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use frontdesk::server::{
    agent::Link,
    install_crypto,
    sfu::{self, SfuConfig},
    token::{ApiKey, Claims, VideoGrants},
};
use livekit_api::{access_token::TokenVerifier, services::room::RoomClient, webhooks::WebhookReceiver};
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    app::{Answer, send_raw},
    sfu_host::{claims, unix_now},
};

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-for-tests-of-32-characters";
/// The key of every server here, as settings have it.
pub const KEY_AND_SECRET: (&str, &str) = (KEY, SECRET);

/// A room server on a free port of loopback; it stops when this is dropped.
pub struct RoomServer {
    url: String,
    _running: Running,
}

enum Running {
    Embedded { _stop: DropGuard },
    LiveKit { _server: Child },
}

impl RoomServer {
    /// Starts an embedded one.
    pub async fn embedded() -> Self {
        Self::embedded_that_tells(Vec::new()).await
    }

    async fn embedded_that_tells(webhooks: Vec<String>) -> Self {
        install_crypto();
        let webhooks = webhooks.iter().map(|url| url.parse().unwrap()).collect();
        let stop = CancellationToken::new();
        let config = SfuConfig { udp: (Ipv4Addr::LOCALHOST, 0).into(), webhooks, ..SfuConfig::default() };
        let sfu = sfu::start(config, key(), stop.clone()).await.unwrap();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let serving = axum::serve(listener, sfu.router()).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(serving.into_future());
        Self { url, _running: Running::Embedded { _stop: stop.drop_guard() } }
    }

    /// Starts a real one, where there is one.
    pub async fn livekit() -> Option<Self> {
        Self::livekit_that_tells(Vec::new()).await
    }

    /// Starts a real one, where there is one, that tells what happens to these addresses.
    pub async fn livekit_that_tells(webhooks: Vec<String>) -> Option<Self> {
        install_crypto();
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/livekit/server");
        let program = std::env::var_os("LIVEKIT_SERVER_BIN").map_or(installed, PathBuf::from);
        if !program.exists() {
            eprintln!("!!! LEFT OUT: there is no livekit-server here (LIVEKIT_SERVER_BIN)");
            return None;
        }
        let [port, tcp_port] = free_tcp_ports();
        let udp_port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = json!({
            "port": port, "bind_addresses": ["127.0.0.1"], "keys": { KEY: SECRET }, "logging": {"level": "error"},
            "webhook": {"urls": webhooks, "api_key": KEY},
            "rtc": {
                "udp_port": udp_port, "tcp_port": tcp_port, "node_ip": "127.0.0.1", "enable_loopback_candidate": true,
                "interfaces": {"includes": ["lo"]},
            },
        });
        let server = Command::new(program)
            .args(["--config-body", &config.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Some(Self { url: format!("ws://127.0.0.1:{port}"), _running: Running::LiveKit { _server: server } })
    }

    /// Starts one of each, for stories that both must tell.
    pub async fn each() -> Vec<Self> {
        [Some(Self::embedded().await), Self::livekit().await].into_iter().flatten().collect()
    }

    /// Starts one of each, which tell what happens to addresses of their own: `url` is called with a number for each.
    pub async fn each_that_tells(url: impl Fn(usize) -> String) -> Vec<Self> {
        let servers =
            [Some(Self::embedded_that_tells(vec![url(0)]).await), Self::livekit_that_tells(vec![url(1)]).await];
        servers.into_iter().flatten().collect()
    }

    /// Where it is, `ws://`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it is, and the key that lets one in.
    pub fn link(&self) -> Link {
        Link { url: self.url.clone(), key: key() }
    }

    /// A token for `identity` in `room`.
    pub fn token(&self, room: &str, identity: &str) -> String {
        mint(claims(room, identity))
    }

    /// A token that may make and list rooms, and administer `room`.
    pub fn admin_token(&self, room: &str) -> String {
        let video = VideoGrants {
            room: room.into(),
            room_create: true,
            room_list: true,
            room_admin: true,
            ..Default::default()
        };
        mint(Claims { video, ..Default::default() })
    }

    /// LiveKit's own client of the room service.
    pub fn client(&self) -> RoomClient {
        RoomClient::with_api_key(&self.url.replace("ws:", "http:"), KEY, SECRET)
    }

    /// Calls a method of the room service in JSON; gives the status and the answer.
    pub async fn twirp(&self, method: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let address = self.url.trim_start_matches("ws://");
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "POST /twirp/livekit.RoomService/{method} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\n{authorization}content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer: Answer = send_raw(address.parse().unwrap(), request.as_bytes()).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }
}

/// LiveKit's own reader of webhooks, with the key of every server here.
pub fn webhook_receiver() -> WebhookReceiver {
    WebhookReceiver::new(TokenVerifier::with_api_key(KEY, SECRET))
}

/// The key of every server here.
pub fn key() -> ApiKey {
    ApiKey::new(KEY, SECRET.to_owned().into())
}

fn mint(claims: Claims) -> String {
    key().mint(claims, unix_now(), Duration::from_secs(3600)).unwrap()
}

fn free_tcp_ports() -> [u16; 2] {
    let listeners = [0; 2].map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
