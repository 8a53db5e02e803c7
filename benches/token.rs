//! Requests per CPU second of the token endpoint, beside a bare Node server that mints with livekit-server-sdk.
//!
//! `cargo bench --features ssr --bench token`. Each server is a process of its own and gets the same load: the same
//! requests over as many kept-alive connections, from many visitors behind one trusted proxy, every check on. What
//! counts is the CPU time of the server's process, kernel included, from `/proc/<pid>/stat`.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

mod process;

use std::{
    io::{Error, ErrorKind},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::process::Server;

const CONNECTIONS: u32 = 64;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);
/// Visitors that the requests claim to come from, so that the limit has many counters to keep.
const VISITORS: u32 = 4096;

fn main() -> std::io::Result<()> {
    // The root of the crate: Leptos.toml and node_modules are there.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = std::env::temp_dir().join(format!("frontdesk-bench-{}", std::process::id()));
    let mut frontdesk = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    frontdesk
        .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
        .env("FRONTDESK_UDP_ADDR", "127.0.0.1:0")
        .env("FRONTDESK_DATA_DIR", &data)
        .env("FRONTDESK_ASSISTANT", "off")
        .env("FRONTDESK_TRUSTED_PROXIES", "127.0.0.1")
        .env("FRONTDESK_TOKEN_RATE", "4000000000");
    let mut node = Command::new("node");
    node.arg("benches/node-token.mjs");

    println!("| server | requests / CPU s | requests / s | p50 | p99 | memory before | after |");
    println!("|---|---|---|---|---|---|---|");
    let ours = measure("Frontdesk", frontdesk.current_dir(root))?;
    let theirs = measure("Node http + livekit-server-sdk", node.current_dir(root))?;
    println!("\nratio: {:.1}", ours / theirs);
    std::fs::remove_dir_all(data)
}

/// Runs `server` under load, prints its row, and gives its requests per CPU second.
fn measure(name: &str, server: &mut Command) -> std::io::Result<f64> {
    let mut server = Server::start(server.stdout(Stdio::piped()))?;
    let address = server.address()?;
    let idle = server.usage()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(drive(address, WARM_UP))?;
    let before = server.usage()?;
    let begun = Instant::now();
    let mut latencies = runtime.block_on(drive(address, MEASURED))?;
    let wall = begun.elapsed().as_secs_f64();
    let after = server.usage()?;
    latencies.sort_unstable();
    let requests = latencies.len() as f64;
    let per_cpu_second = requests / (after.cpu_s - before.cpu_s);
    let percentile = |p: usize| latencies[(latencies.len() - 1) * p / 100].as_secs_f64() * 1e3;
    println!(
        "| {name} | {per_cpu_second:.0} | {:.0} | {:.2} ms | {:.2} ms | {:.1} MiB | {:.1} MiB |",
        requests / wall,
        percentile(50),
        percentile(99),
        idle.resident_kib as f64 / 1024.0,
        after.resident_kib as f64 / 1024.0,
    );
    Ok(per_cpu_second)
}

/// Asks for tokens over every connection for `time`, and gives how long each answer took.
async fn drive(address: SocketAddr, time: Duration) -> std::io::Result<Vec<Duration>> {
    let done = Arc::new(AtomicBool::new(false));
    let connections: Vec<_> =
        (0..CONNECTIONS).map(|n| tokio::spawn(connection(address, n, Arc::clone(&done)))).collect();
    tokio::time::sleep(time).await;
    done.store(true, Ordering::Relaxed);
    let mut latencies = Vec::new();
    for connection in connections {
        latencies.extend(connection.await.map_err(Error::other)??);
    }
    Ok(latencies)
}

async fn connection(address: SocketAddr, first: u32, done: Arc<AtomicBool>) -> std::io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut latencies = Vec::new();
    let mut answer = vec![0; 8192];
    let mut visitor = first;
    while !done.load(Ordering::Relaxed) {
        visitor = (visitor + CONNECTIONS) % VISITORS;
        let request = request(address, visitor);
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut length = 0;
        while !is_whole(&answer[..length])? {
            match stream.read(&mut answer[length..]).await? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                more => length += more,
            }
        }
        latencies.push(begun.elapsed());
    }
    Ok(latencies)
}

fn request(address: SocketAddr, visitor: u32) -> String {
    let body = r#"{"participantName":"Ada Lovelace","roomType":"support"}"#;
    let [.., high, low] = visitor.to_be_bytes();
    format!(
        "POST /api/voice/token HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\ncontent-type: \
         application/json\r\nx-forwarded-for: 203.0.{high}.{low}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Whether an answer is there to its last byte.
///
/// # Errors
/// An answer that is no token.
fn is_whole(answer: &[u8]) -> std::io::Result<bool> {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(false) };
    let text = std::str::from_utf8(&answer[..head]).map_err(Error::other)?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(Error::other(text.to_owned()));
    }
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        if name.eq_ignore_ascii_case("content-length") { value.parse::<usize>().ok() } else { None }
    });
    Ok(length.is_some_and(|length| answer.len() >= head + 4 + length))
}
