//! A room server for a test: the embedded one, or a real LiveKit server where `LIVEKIT_SERVER` names its program.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    process::Stdio,
    time::Duration,
};

use frontdesk::server::{
    agent::Link,
    install_crypto,
    sfu::{self, SfuConfig},
    token::ApiKey,
};
use tokio::process::{Child, Command};
use tokio_util::sync::{CancellationToken, DropGuard};

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-for-tests-of-32-characters";

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
    /// Starts one.
    pub async fn start() -> Self {
        install_crypto();
        match std::env::var("LIVEKIT_SERVER") {
            Ok(program) => Self::livekit(&program).await,
            Err(_) => Self::embedded().await,
        }
    }

    /// Where it is, and the key that lets one in.
    pub fn link(&self) -> Link {
        Link { url: self.url.clone(), key: Self::key() }
    }

    async fn embedded() -> Self {
        let stop = CancellationToken::new();
        let config = SfuConfig { udp: (Ipv4Addr::LOCALHOST, 0).into(), ..SfuConfig::default() };
        let sfu = sfu::start(config, Self::key(), stop.clone()).await.unwrap();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let serving = axum::serve(listener, sfu.router()).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(serving.into_future());
        Self { url, _running: Running::Embedded { _stop: stop.drop_guard() } }
    }

    fn key() -> ApiKey {
        ApiKey::new(KEY, SECRET.to_owned().into())
    }

    async fn livekit(program: &str) -> Self {
        let [port, tcp_port] = free_tcp_ports();
        let udp_port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = format!(
            "{{port: {port}, bind_addresses: [127.0.0.1], keys: {{{KEY}: {SECRET}}}, logging: {{level: error}}, \
             rtc: {{udp_port: {udp_port}, tcp_port: {tcp_port}, node_ip: 127.0.0.1, enable_loopback_candidate: true, \
             interfaces: {{includes: [lo]}}}}}}"
        );
        let livekit = Command::new(program)
            .args(["--config-body", &config])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        while tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Self { url: format!("ws://127.0.0.1:{port}"), _running: Running::LiveKit { _server: livekit } }
    }
}

fn free_tcp_ports() -> [u16; 2] {
    let listeners = [0; 2].map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
