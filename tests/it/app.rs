//! The server under test: on a free port of the loopback, with settings and a data folder of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use frontdesk::server::{Server, config::Config, install_crypto, token::ApiKey};
use leptos::config::LeptosOptions;
use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The key of the room server, and its secret.
pub const KEY: &str = "test-key";
/// See [`KEY`].
pub const SECRET: &str = "test-secret-of-the-integration-tests-1";

/// A running server; it stops, and its folder goes, when this is dropped.
pub struct TestApp {
    /// Where it listens.
    pub address: SocketAddr,
    folder: PathBuf,
    _stop: DropGuard,
}

/// The assistant's file for an assistant that greets with `greeting`, written anew.
pub fn assistant_file(greeting: &str) -> String {
    let name = format!("frontdesk-assistant-{}-{:x}.toml", std::process::id(), rand::random::<u64>());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, format!("name = \"Mia\"\ngreeting = {greeting:?}\ncalling_code = \"49\"\n")).unwrap();
    file.display().to_string()
}

impl TestApp {
    /// Starts one with the default settings.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts one with these variables set.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        install_crypto();
        let folder = std::env::temp_dir().join(format!(
            "frontdesk-it-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let data = folder.join("data").display().to_string();
        let site_root = folder.join("site");
        std::fs::create_dir_all(site_root.join("pkg")).unwrap();
        let defaults = [
            ("FRONTDESK_DATA_DIR", data.as_str()),
            ("FRONTDESK_CONTENT", concat!(env!("CARGO_MANIFEST_DIR"), "/content")),
            ("FRONTDESK_UDP_ADDR", "127.0.0.1:0"),
            ("FRONTDESK_ASSISTANT", "off"),
            ("LIVEKIT_API_KEY", KEY),
            ("LIVEKIT_API_SECRET", SECRET),
        ];
        let variable = |name: &str| {
            variables.iter().chain(&defaults).find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned())
        };
        let site = LeptosOptions::builder().output_name("frontdesk").site_root(site_root.display().to_string()).build();
        let config = Config::read(site, variable).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stop = CancellationToken::new();
        let server = Server::start(config, listener, stop.clone()).await.unwrap();
        let address = server.address();
        tokio::spawn(server.run());
        Self { address, folder, _stop: stop.drop_guard() }
    }

    /// The folder of the site's files.
    pub fn site(&self) -> PathBuf {
        self.folder.join("site")
    }

    /// The data folder.
    pub fn data(&self) -> impl AsRef<Path> {
        self.folder.join("data")
    }

    /// Sends `body` as JSON.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.post_with(path, &[("content-type", "application/json")], body).await
    }

    /// Sends `body` with these headers.
    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send("POST", path, headers, body.as_bytes()).await
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// Sends one request as it is: no client tidies it up.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            head += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        self.send_raw(&[head.as_bytes(), body].concat()).await
    }

    /// Sends these bytes on a connection of its own.
    pub async fn send_raw(&self, request: &[u8]) -> Answer {
        send_raw(self.address, request).await
    }
}

/// Sends these bytes on a connection of its own and reads until the server closes it.
pub async fn send_raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has answered may stop reading: what it said before counts.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Answer::parse(&answer)
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The key that [`TestApp`] signs with.
pub fn key() -> ApiKey {
    ApiKey::new(KEY, SecretString::from(SECRET))
}

/// What the server said.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        let body = if chunked { unchunk(body) } else { body.to_owned() };
        Self { status, headers, body }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..length).filter(|chunk| !chunk.is_empty()) else { break };
        whole += chunk;
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}
