//! Runs the fuzz targets in `fuzz/`: libFuzzer, on the compiler that builds everything else.

use std::{fs, process::Command};

use anyhow::{Context, Result, bail};

use crate::step;

/// What the room server takes from outside; each has a program in `fuzz/targets`.
const TARGETS: [&str; 4] = ["frames", "join", "description", "datagrams"];
/// How long each target runs where nothing else is said, in seconds.
const SECONDS: &str = "600";
/// What libFuzzer wants to know of the program: which way it went, and what it compared. In one unit, since functions that
/// are watched are not inlined across units.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions=on -Coverflow-checks=on";
/// The longest input, in bytes: what a description and its changes need.
const LONGEST: &str = "1024";

/// Runs one target, or each in turn; `args` are its name and for how many seconds.
pub fn run(args: &[String]) -> Result<()> {
    let (name, seconds) = match args {
        [] => (None, SECONDS),
        [name] => (Some(name.as_str()), SECONDS),
        [name, seconds, ..] => (Some(name.as_str()), seconds.as_str()),
    };
    if let Some(unknown) = name.filter(|name| *name != "all" && !TARGETS.contains(name)) {
        bail!("there is no fuzz target `{unknown}`, but there are: {}", TARGETS.join(", "));
    }
    for target in TARGETS.iter().filter(|target| name.is_none_or(|name| name == "all" || name == **target)) {
        fuzz(target, seconds)?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: &str) -> Result<()> {
    let host = host()?;
    step::run(
        &format!("Building the fuzz target `{target}` (the first takes minutes)"),
        Command::new("cargo")
            // With a target of its own the flags do not reach build scripts and macros.
            .args([
                "build",
                "--release",
                "-p",
                "fuzz",
                "--bin",
                target,
                "--target",
                &host,
                "--target-dir",
                "target/fuzz",
            ])
            .env("RUSTFLAGS", COVERAGE),
        "libFuzzer is compiled from C++: g++ has to be there.",
    )?;
    let (corpus, findings) = (format!("target/fuzz/corpus/{target}"), format!("target/fuzz/findings/{target}/"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    step::run(
        &format!("Fuzzing `{target}` for {seconds} s"),
        Command::new(format!("target/fuzz/{host}/release/{target}")).args([
            &corpus,
            &format!("-max_total_time={seconds}"),
            &format!("-artifact_prefix={findings}"),
            &format!("-max_len={LONGEST}"),
            // Inputs may be long from the first moment.
            "-len_control=0",
            "-timeout=60",
            "-print_final_stats=1",
        ]),
        &format!("The input that shows it is in {findings}; the program takes it as its one argument."),
    )
}

/// The name of this machine's kind, as the compiler has it.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}
