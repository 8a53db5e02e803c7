//! The room servers that are compared, each on free ports of the loopback.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use frontdesk::server::token::{ApiKey, Claims, VideoGrants};
use serde_json::json;

use crate::process::{Server, Usage};

const KEY: &str = "benchmark";
const SECRET: &str = "a-secret-for-benchmarks-of-32-characters";
/// How long a token lets its bearer join.
const TOKEN_TTL: Duration = Duration::from_secs(600);

/// Where Frontdesk keeps its files while it is measured.
pub fn data_dir() -> PathBuf {
    std::env::temp_dir().join(format!("frontdesk-bench-{}", std::process::id()))
}

/// A room server in a process of its own; it ends when this is dropped.
pub struct RoomServer {
    server: Server,
    url: String,
}

impl RoomServer {
    /// Starts Frontdesk with its embedded room server.
    ///
    /// # Errors
    /// A program that does not start.
    pub fn frontdesk() -> std::io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_UDP_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_DATA_DIR", data_dir())
            .env("FRONTDESK_ASSISTANT", "off")
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET)
            .env("FRONTDESK_LOG", "error")
            .stdout(Stdio::piped());
        let mut server = Server::start(&mut command)?;
        let address = server.address()?;
        Ok(Self { server, url: format!("ws://{address}") })
    }

    /// Starts a LiveKit server, where there is one.
    ///
    /// # Errors
    /// A program that does not start.
    pub fn livekit() -> std::io::Result<Option<Self>> {
        let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/livekit/server");
        let program = std::env::var_os("LIVEKIT_SERVER_BIN").map_or(installed, PathBuf::from);
        if !program.exists() {
            return Ok(None);
        }
        let free_tcp = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr();
        let (address, tcp_port) = (free_tcp()?, free_tcp()?.port());
        let udp_port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let config = json!({
            "port": address.port(), "bind_addresses": ["127.0.0.1"], "keys": { KEY: SECRET },
            "logging": {"level": "error"},
            "rtc": {
                "udp_port": udp_port, "tcp_port": tcp_port, "node_ip": "127.0.0.1", "enable_loopback_candidate": true,
                "interfaces": {"includes": ["lo"]},
            },
        });
        let mut command = Command::new(program);
        command.args(["--config-body", &config.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Server::start(&mut command)?;
        while TcpStream::connect(address).is_err() {
            sleep(Duration::from_millis(50));
        }
        Ok(Some(Self { server, url: format!("ws://{address}") }))
    }

    /// Where it is, `ws://`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it has used so far.
    pub fn usage(&self) -> std::io::Result<Usage> {
        self.server.usage()
    }

    /// A token for `identity` in `room`.
    pub fn token(&self, room: &str, identity: &str) -> anyhow::Result<String> {
        let claims = Claims {
            identity: identity.to_owned(),
            video: VideoGrants { room: room.to_owned(), room_join: true, ..VideoGrants::default() },
            ..Claims::default()
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(ApiKey::new(KEY, SECRET.into()).mint(claims, now, TOKEN_TTL)?)
    }
}
