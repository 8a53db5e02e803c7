//! Forwarded audio packets per CPU second, beside livekit-server.
//!
//! `cargo bench --features ssr --bench forwarding`. Each server is a process of its own and gets the same load from this
//! one: participants in pure Rust that join by one connection each as LiveKit's clients for browsers do, talk, and hear
//! everybody in their room. What counts is the CPU time of the server's process, kernel included, from
//! `/proc/<pid>/stat`. Without a livekit-server the comparison is left out. `-- TEXT` measures only the shapes whose names
//! contain the text.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

mod connection;
mod ledger;
#[path = "../process/livekit.rs"]
mod livekit;
mod load;
mod metronome;
mod participant;
#[path = "../process/mod.rs"]
mod process;
mod servers;

use std::time::Duration;

use frontdesk::server::install_crypto;

use crate::{
    load::Load,
    servers::{RoomServer, data_dir},
};

/// How long everybody talks before it counts.
const WARM_UP: Duration = Duration::from_secs(2);
/// How long it counts.
const MEASURED: Duration = Duration::from_secs(10);

/// Who talks to whom.
#[derive(Clone, Copy, Debug)]
struct Shape {
    name: &'static str,
    rooms: usize,
    talkers: usize,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "1 room of 10", rooms: 1, talkers: 10 },
    Shape { name: "1 room of 30", rooms: 1, talkers: 30 },
    Shape { name: "30 rooms of 2", rooms: 30, talkers: 2 },
];

/// What a server did with a shape.
#[derive(Clone, Copy, Debug)]
struct Measured {
    packets_per_cpu_s: f64,
    p99_ms: f64,
}

fn main() -> anyhow::Result<()> {
    install_crypto();
    println!("| shape | server | packets / s | packets / CPU s | lost | delay p50 | p99 | MiB / participant |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut ratios = Vec::new();
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    for shape in SHAPES.into_iter().filter(|shape| shape.name.contains(&wanted)) {
        let ours = measure(shape, "Frontdesk", RoomServer::frontdesk()?)?;
        if let Some(server) = RoomServer::livekit()? {
            ratios.push((shape, ours, measure(shape, "livekit-server", server)?));
        }
    }
    if ratios.is_empty() {
        println!(
            "\nLEFT OUT: there is no livekit-server here to compare with (`cargo xtask setup --tests` builds one)."
        );
    } else {
        println!(
            "\n| shape | packets / CPU s, Frontdesk to livekit-server | p99, Frontdesk and livekit-server |\n|---|---|---|"
        );
    }
    for (Shape { name, .. }, ours, theirs) in ratios {
        let ratio = ours.packets_per_cpu_s / theirs.packets_per_cpu_s;
        println!("| {name} | {ratio:.2} | {:.2} ms, {:.2} ms |", ours.p99_ms, theirs.p99_ms);
    }
    std::fs::remove_dir_all(data_dir())?;
    Ok(())
}

/// Runs `server` under load and prints its row.
fn measure(shape: Shape, name: &str, server: RoomServer) -> anyhow::Result<Measured> {
    let idle = server.usage()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let load = runtime.block_on(Load::start(&server, shape.rooms, shape.talkers))?;
    runtime.block_on(async { tokio::time::sleep(WARM_UP).await });
    let before = server.usage()?;
    let heard = runtime.block_on(load.measure(MEASURED));
    let after = server.usage()?;
    let packets_per_cpu_s = heard.delays.len() as f64 / (after.cpu_s - before.cpu_s);
    let (p50_ms, p99_ms) = (heard.percentile_ms(50), heard.percentile_ms(99));
    let participants = (shape.rooms * shape.talkers) as f64;
    println!(
        "| {} | {name} | {:.0} | {packets_per_cpu_s:.0} | {:.3} % | {p50_ms:.2} ms | {p99_ms:.2} ms | {:.2} |",
        shape.name,
        heard.delays.len() as f64 / MEASURED.as_secs_f64(),
        100.0 * heard.lost(),
        (after.resident_kib - idle.resident_kib) as f64 / 1024.0 / participants,
    );
    Ok(Measured { packets_per_cpu_s, p99_ms })
}
