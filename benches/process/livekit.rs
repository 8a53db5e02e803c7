//! A LiveKit server to measure beside, on free ports of the loopback.

use std::{
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::sleep,
    time::Duration,
};

use serde_json::json;

use crate::process::Server;

/// Starts one that takes this key, where there is one; gives its address, `ws://`, with it.
///
/// # Errors
/// A program that does not start.
pub fn start(key: &str, secret: &str) -> std::io::Result<Option<(Server, String)>> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/livekit/server");
    let program = std::env::var_os("LIVEKIT_SERVER_BIN").map_or(installed, PathBuf::from);
    if !program.exists() {
        return Ok(None);
    }
    let free_tcp = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr();
    let (address, tcp_port) = (free_tcp()?, free_tcp()?.port());
    let udp_port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let config = json!({
        "port": address.port(), "bind_addresses": ["127.0.0.1"], "keys": { key: secret },
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
    Ok(Some((server, format!("ws://{address}"))))
}
