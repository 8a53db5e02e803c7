//! The room servers that are compared, each on free ports of the loopback.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use frontdesk::server::token::{ApiKey, Claims, VideoGrants};

use crate::{
    livekit,
    process::{Server, Usage},
};

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
        Ok(livekit::start(KEY, SECRET)?.map(|(server, url)| Self { server, url }))
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
