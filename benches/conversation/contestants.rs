//! Who answers: Frontdesk with either kind of rooms, and livekit-agents, each in a process of its own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use frontdesk::server::{agent::Link, token::ApiKey};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    livekit,
    process::{Server, Usage},
    stubs,
};

const KEY: &str = "benchmark";
const SECRET: &str = "a-secret-for-benchmarks-of-32-characters";

/// The Python that has livekit-agents, where `make bench` has put it.
const PYTHON: &str = "target/livekit-agents/bin/python";

/// Who carries Frontdesk's rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rooms {
    /// Frontdesk itself, in the same process.
    Embedded,
    /// A LiveKit server.
    LiveKit,
}

/// How livekit-agents is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// As it comes.
    Default,
    /// As `benches/peer/agent.py` has it for speed.
    Tuned,
}

/// Somebody who answers calls; the processes end when this is dropped.
pub struct Contestant {
    agent: Server,
    /// The LiveKit server, if there is one.
    _rooms: Option<Server>,
    url: String,
    /// Where Frontdesk gives tickets; livekit-agents comes to every room.
    site: Option<SocketAddr>,
    /// What Frontdesk keeps.
    data: Option<PathBuf>,
}

impl Contestant {
    /// Starts Frontdesk, with the stubs at `providers` or with what this machine has; none without such rooms.
    ///
    /// # Errors
    /// A program that does not start.
    pub fn frontdesk(rooms: Rooms, providers: Option<SocketAddr>) -> anyhow::Result<Option<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let data = std::env::temp_dir().join(format!("frontdesk-bench-{}", std::process::id()));
        fs::create_dir_all(&data)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
        command
            .current_dir(root)
            .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_UDP_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_DATA_DIR", &data)
            .env("FRONTDESK_TOKEN_RATE", "4000000000")
            .env("FRONTDESK_LOG", "error")
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET)
            .stdout(Stdio::piped());
        let livekit = match rooms {
            Rooms::Embedded => None,
            Rooms::LiveKit => {
                let Some((server, url)) = livekit::start(KEY, SECRET)? else { return Ok(None) };
                command.env("LIVEKIT_URL", &url);
                Some((server, url))
            }
        };
        if let Some(providers) = providers {
            let file = data.join("assistant.toml");
            fs::write(&file, assistant(&fs::read_to_string(root.join("content/assistant.toml"))?, providers))?;
            command.env("FRONTDESK_ASSISTANT_FILE", file).env("DEEPGRAM_API_KEY", "stub");
        }
        let mut agent = Server::start(&mut command)?;
        let site = agent.address()?;
        let url = livekit.as_ref().map_or_else(|| format!("ws://{site}"), |(_, url)| url.clone());
        Ok(Some(Self { agent, _rooms: livekit.map(|(server, _)| server), url, site: Some(site), data: Some(data) }))
    }

    /// Starts livekit-agents on a LiveKit server; none where one of them is missing.
    ///
    /// # Errors
    /// A program that does not start.
    pub fn livekit_agents(setting: Setting) -> anyhow::Result<Option<Self>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        if !root.join(PYTHON).exists() {
            return Ok(None);
        }
        let Some((server, url)) = livekit::start(KEY, SECRET)? else { return Ok(None) };
        let mut command = Command::new(root.join(PYTHON));
        command
            .args(["benches/peer/agent.py", "start"])
            .current_dir(root)
            .env("LIVEKIT_URL", &url)
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET)
            .env("TUNED", if setting == Setting::Tuned { "1" } else { "" })
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut agent = Server::start(&mut command)?;
        agent.says("registered worker")?;
        Ok(Some(Self { agent, _rooms: Some(server), url, site: None, data: None }))
    }

    /// Where its rooms are.
    pub fn link(&self) -> Link {
        Link { url: self.url.clone(), key: ApiKey::new(KEY, SECRET.into()) }
    }

    /// A room that it comes to.
    ///
    /// # Errors
    /// A ticket that is refused.
    pub async fn room(&self, number: usize) -> anyhow::Result<String> {
        let Some(site) = self.site else { return Ok(format!("bench-{number}")) };
        let request = format!(
            "POST /api/voice/token HTTP/1.1\r\nhost: {site}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let mut stream = TcpStream::connect(site).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        let ticket: Value = serde_json::from_str(body).with_context(|| answer.clone())?;
        Ok(ticket["roomName"].as_str().context("a ticket without a room")?.to_owned())
    }

    /// What the agent's processes have used so far, those that it has started included.
    pub fn usage(&self) -> std::io::Result<Usage> {
        self.agent.usage()
    }

    /// What Frontdesk has recorded of its answers: each a JSON object with the milliseconds of its parts.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn recorded(&self) -> anyhow::Result<Vec<Value>> {
        let Some(data) = &self.data else { return Ok(Vec::new()) };
        let read = |arguments: &[&str]| -> anyhow::Result<Value> {
            let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
            command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
            command.env("FRONTDESK_DATA_DIR", data).env("FRONTDESK_ASSISTANT", "off").env("FRONTDESK_LOG", "error");
            Ok(serde_json::from_slice(&command.output()?.stdout)?)
        };
        let mut answers = Vec::new();
        for call in read(&["calls", "--json", "--limit", "1000"])?.as_array().context("no list of calls")? {
            let id = call["id"].as_str().context("a call without an id")?;
            let samples = read(&["call", id, "--json"])?["metrics"].take();
            let samples = samples.as_array().cloned().unwrap_or_default();
            answers.extend(samples.into_iter().filter(|sample| sample["e2e_ms"].is_i64()));
        }
        Ok(answers)
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        if let Some(data) = &self.data {
            // What is left of a killed process is nobody's concern.
            fs::remove_dir_all(data).ok();
        }
    }
}

/// The site's own settings, but with the stubs at `providers`.
fn assistant(settings: &str, providers: SocketAddr) -> String {
    let own = settings.split_once("[[llm]]").map_or(settings, |(own, _)| own);
    format!("{own}\n{}", stubs::settings(providers))
}
