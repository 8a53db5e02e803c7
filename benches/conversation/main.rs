//! Conversations by voice, measured by the callers, beside livekit-agents.
//!
//! `cargo bench --features ssr,pocketsphinx --bench conversation`. Callers in pure Rust play a recorded question and take
//! the time of the first and the last sound that they receive; half of the answers are interrupted. The agent is a process
//! of its own, as is the LiveKit server; recogniser, model and voice are stubs that take 50, 100 and 50 ms, but in the rows
//! that say so. Without a livekit-server or livekit-agents their rows are left out. `-- TEXT` measures only the rows whose
//! names contain the text; `-- soak [CALLS [MINUTES]]` holds twenty calls for an hour, or as many for as long.

#![expect(clippy::print_stdout, reason = "the table is this program's output")]

mod caller;
mod contestants;
#[path = "../process/livekit.rs"]
mod livekit;
#[path = "../process/mod.rs"]
mod process;
mod question;
mod stubs;
mod turns;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use frontdesk::server::install_crypto;
use serde_json::Value;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    contestants::{Contestant, Rooms, Setting},
    process::Usage,
    question::Question,
    turns::Measured,
};

/// What is asked, and by which of flite's voices: not the assistant's.
const QUESTION: &str = "What does a jazz trio cost?";
const VOICE: &str = "rms";

/// When everybody has been greeted and talks.
const BEGUN: Duration = Duration::from_secs(12);
/// How long the processor's time counts: less than the conversations last.
const COUNTED: Duration = Duration::from_secs(20);
/// How far apart callers call, so that they do not all speak at the same moment.
const APART: Duration = Duration::from_millis(370);

/// How many calls the soak holds and for how many minutes, and how often it says how it stands.
const SOAK_CALLS: usize = 20;
const SOAK_MINUTES: u64 = 60;
const SOAK_GLANCE: Duration = Duration::from_secs(300);
/// Questions in each of the calls that come before it: models load, pools fill.
const SOAK_WARM_UP: usize = 4;
/// What one question and its answer take at least, without an interruption and with one.
const EXCHANGE: Duration = Duration::from_secs(4);

/// Who answers with what.
#[derive(Clone, Copy, Debug)]
enum Who {
    Frontdesk(Rooms),
    FrontdeskOffline,
    LiveKitAgents(Setting),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
struct Row {
    name: &'static str,
    who: Who,
    calls: usize,
    /// Questions in each call.
    questions: usize,
}

const ROWS: [Row; 7] = [
    Row { name: "Frontdesk, own rooms", who: Who::Frontdesk(Rooms::Embedded), calls: 5, questions: 10 },
    Row { name: "Frontdesk, LiveKit's rooms", who: Who::Frontdesk(Rooms::LiveKit), calls: 5, questions: 10 },
    Row { name: "Frontdesk offline, own rooms", who: Who::FrontdeskOffline, calls: 5, questions: 10 },
    Row { name: "livekit-agents, default", who: Who::LiveKitAgents(Setting::Default), calls: 5, questions: 10 },
    Row { name: "livekit-agents, tuned", who: Who::LiveKitAgents(Setting::Tuned), calls: 5, questions: 10 },
    Row { name: "Frontdesk, own rooms, twenty calls", who: Who::Frontdesk(Rooms::Embedded), calls: 20, questions: 10 },
    Row {
        name: "Frontdesk, LiveKit's rooms, twenty calls",
        who: Who::Frontdesk(Rooms::LiveKit),
        calls: 20,
        questions: 10,
    },
];

fn main() -> anyhow::Result<()> {
    install_crypto();
    let mut words = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let wanted = words.next().unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let providers = stubs::start().await?;
        let question = Arc::new(Question::spoken(VOICE, QUESTION)?);
        if wanted == "soak" {
            let calls = words.next().map_or(Ok(SOAK_CALLS), |calls| calls.parse())?;
            let minutes = words.next().map_or(Ok(SOAK_MINUTES), |minutes| minutes.parse())?;
            return soak(providers, question, calls, Duration::from_secs(60 * minutes)).await;
        }
        println!("| who, calls | answers p50 | p95 | silence p50 | p95 | lost | core / call | MiB / call | load |");
        println!("|---|---|---|---|---|---|---|---|---|");
        let mut stages = Vec::new();
        for row in ROWS.into_iter().filter(|row| row.name.contains(&wanted)) {
            match start(row.who, providers)? {
                Some(contestant) => {
                    measure(row, &contestant, &question).await?;
                    stages.push((row.name, contestant.recorded()?));
                }
                None => println!("| {}: LEFT OUT, it is not installed (`make bench` does that) |", row.name),
            }
        }
        println!("\n| who | words p50 | p95 | model p50 | p95 | voice p50 | p95 | in all p50 | p95 |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for (name, answers) in stages.into_iter().filter(|(_, answers)| !answers.is_empty()) {
            let cells = ["stt_ms", "llm_ms", "tts_ms", "e2e_ms"].map(|part| stage(&answers, part));
            println!("| {name} | {} |", cells.join(" | "));
        }
        Ok(())
    })
}

fn start(who: Who, providers: SocketAddr) -> anyhow::Result<Option<Contestant>> {
    match who {
        Who::Frontdesk(rooms) => Contestant::frontdesk(rooms, Some(providers)),
        Who::FrontdeskOffline => Contestant::frontdesk(Rooms::Embedded, None),
        Who::LiveKitAgents(setting) => Contestant::livekit_agents(setting),
    }
}

/// Holds the calls of `row` and prints what they measured.
async fn measure(row: Row, contestant: &Contestant, question: &Arc<Question>) -> anyhow::Result<()> {
    // Models load, sockets open: the first call of a process is not like the others.
    let first = caller::call(contestant.link(), contestant.room(row.calls).await?, question.clone(), 2);
    first.await?;
    let idle = contestant.usage()?;
    let calls = begin(row.calls, row.questions, contestant, question).await?;
    sleep(BEGUN).await;
    let before = (contestant.usage()?, Instant::now());
    sleep(COUNTED).await;
    let after = (contestant.usage()?, Instant::now());
    let all = ended(calls).await?;
    println!(
        "| {}, {} | {} | {} | {} of {} | {:.3} | {:.1} | {} |",
        row.name,
        row.calls,
        percentiles(&millis(&all.answers)),
        percentiles(&millis(&all.interruptions)),
        all.lost,
        row.calls * row.questions,
        cores(before, after) / row.calls as f64,
        mib(idle, after.0) / row.calls as f64,
        load()?,
    );
    Ok(())
}

/// Begins `count` calls, a little apart.
async fn begin(
    count: usize,
    questions: usize,
    contestant: &Contestant,
    question: &Arc<Question>,
) -> anyhow::Result<JoinSet<anyhow::Result<Measured>>> {
    let mut calls = JoinSet::new();
    for number in 0..count {
        let room = contestant.room(number).await?;
        calls.spawn(caller::call(contestant.link(), room, question.clone(), questions));
        sleep(APART).await;
    }
    Ok(calls)
}

/// So many calls at once for so long, one round of them after the other: what they use must not grow. Memory, files and
/// sockets are those of the moment between two rounds, when nobody calls.
async fn soak(providers: SocketAddr, question: Arc<Question>, calls: usize, length: Duration) -> anyhow::Result<()> {
    let contestant = start(Who::Frontdesk(Rooms::Embedded), providers)?.context("it has its own rooms")?;
    ended(begin(calls, SOAK_WARM_UP, &contestant, &question).await?).await?;
    println!("| minutes | answers p50 | p95 | silence p50 | p95 | lost | core / call | MiB | files, sockets |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let begun = Instant::now();
    let first = (contestant.usage()?, open_files()?);
    println!("| 0 | | | | | | | {:.1} | {} |", mib(Usage::default(), first.0), first.1);
    let (mut lost, mut asked) = (0, 0);
    while begun.elapsed() < length {
        let glance = SOAK_GLANCE.min(length.saturating_sub(begun.elapsed()));
        let questions = (glance.as_millis() / EXCHANGE.as_millis()).max(1) as usize;
        let before = (contestant.usage()?, Instant::now());
        let all = ended(begin(calls, questions, &contestant, &question).await?).await?;
        let after = (contestant.usage()?, Instant::now());
        (lost, asked) = (lost + all.lost, asked + calls * questions);
        println!(
            "| {:.1} | {} | {} | {} of {} | {:.3} | {:.1} | {} |",
            begun.elapsed().as_secs_f64() / 60.0,
            percentiles(&millis(&all.answers)),
            percentiles(&millis(&all.interruptions)),
            all.lost,
            calls * questions,
            cores(before, after) / calls as f64,
            mib(Usage::default(), after.0),
            open_files()?,
        );
    }
    let grown = mib(first.0, contestant.usage()?);
    println!(
        "\nMemory grew by {grown:.1} MiB, from {} files and sockets to {}; {lost} of {asked} answers were lost.",
        first.1,
        open_files()?
    );
    Ok(())
}

/// Waits for the end of calls, and adds up what they measured.
async fn ended(mut calls: JoinSet<anyhow::Result<Measured>>) -> anyhow::Result<Measured> {
    let mut all = Measured::default();
    while let Some(call) = calls.join_next().await {
        let Measured { mut answers, mut interruptions, lost } = call??;
        all.answers.append(&mut answers);
        all.interruptions.append(&mut interruptions);
        all.lost += lost;
    }
    Ok(all)
}

/// How many files and sockets the processes hold open that this one has started.
fn open_files() -> std::io::Result<usize> {
    let mut open = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        // A thread may end at any time.
        let children = std::fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        for id in children.split_whitespace() {
            open += std::fs::read_dir(format!("/proc/{id}/fd"))?.count();
        }
    }
    Ok(open)
}

/// The share of a processor between two looks.
fn cores(before: (Usage, Instant), after: (Usage, Instant)) -> f64 {
    (after.0.cpu_s - before.0.cpu_s) / (after.1 - before.1).as_secs_f64()
}

fn mib(before: Usage, after: Usage) -> f64 {
    (after.resident_kib as f64 - before.resident_kib as f64) / 1024.0
}

fn millis(times: &[Duration]) -> Vec<i64> {
    times.iter().map(|time| time.as_millis() as i64).collect()
}

fn stage(answers: &[Value], part: &str) -> String {
    percentiles(&answers.iter().filter_map(|answer| answer[part].as_i64()).collect::<Vec<_>>())
}

/// The 50th and the 95th of a hundred, in two cells.
fn percentiles(times: &[i64]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |percent: usize| times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    format!("{} | {}", at(50), at(95))
}

/// How many wanted a processor in the last minute.
fn load() -> std::io::Result<String> {
    let load = std::fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}
