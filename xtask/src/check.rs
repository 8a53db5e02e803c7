//! Everything that says whether the project is in order: lints, documentation, tests, benchmarks.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    build::{self, Profile},
    setup, step,
};

/// Lints, Rust tests, then the end-to-end tests of the site as it is released on the server that the Rust tests have
/// built: another build of the server would take as long as all else.
pub fn everything() -> Result<()> {
    setup::all(true)?;
    lint()?;
    step::run(
        "Rust tests",
        cargo(&["test", "--features", build::server_features()]).args(["--lib", "--bins", "--tests"]),
        "The failing test's name is above; `cargo test --features ssr NAME` runs it alone.",
    )?;
    build::site(Profile::Release)?;
    playwright(&[], Profile::Dev)
}

/// Formatting, clippy for both targets, documentation, licences and advisories.
pub fn lint() -> Result<()> {
    setup::for_build()?;
    step::run("Formatting", &mut cargo(&["fmt", "--all", "--check"]), "Run `cargo fmt --all`.")?;
    let deny = ["--", "-D", "warnings"];
    step::run(
        "Clippy, the server",
        cargo(&["clippy", "--all-targets", "--features", build::server_features()]).args(deny),
        "The lint's name and its remedy are above.",
    )?;
    step::run(
        "Clippy, the browser",
        cargo(&["clippy", "--lib", "--features", "hydrate", "--target", "wasm32-unknown-unknown"]).args(deny),
        "The lint's name and its remedy are above.",
    )?;
    step::run(
        "Clippy, the build tool",
        cargo(&["clippy", "-p", "xtask"]).args(deny),
        "The lint's name and its remedy are above.",
    )?;
    step::run(
        "Documentation",
        cargo(&["doc", "--no-deps", "--lib", "--features", build::server_features()])
            .env("RUSTDOCFLAGS", "-D warnings"),
        "The broken link or missing text is named above.",
    )?;
    dependencies()
}

/// Builds the release and drives it in Chromium.
pub fn end_to_end(args: &[String]) -> Result<()> {
    setup::all(true)?;
    build::all(Profile::Release)?;
    playwright(args, Profile::Release)
}

fn playwright(args: &[String], server: Profile) -> Result<()> {
    step::run(
        "End-to-end tests",
        Command::new("node_modules/.bin/playwright")
            .args(["test", "--config", "end2end/playwright.config.js"])
            .args(args)
            .env("FRONTDESK_BINARY", server.server()),
        "end2end/test-results holds a picture and a trace of each failure.",
    )
}

/// Takes a picture of every state, to be looked at.
pub fn screenshots(looks: &[String]) -> Result<()> {
    setup::all(true)?;
    build::all(Profile::Release)?;
    step::run(
        "Pictures of every state",
        Command::new("node").arg("end2end/screenshots.js").args(looks),
        "The state that was not reached is named above.",
    )
}

/// Measures what docs/BENCHMARKS.md records.
pub fn bench() -> Result<()> {
    setup::all(true)?;
    build::all(Profile::Release)?;
    step::run(
        "Token endpoint",
        &mut cargo(&["bench", "--bench", "token", "--features", build::server_features()]),
        "The benchmark's own message is above.",
    )?;
    step::run(
        "Forwarding",
        &mut cargo(&["bench", "--bench", "forwarding", "--features", build::server_features()]),
        "The benchmark's own message is above.",
    )?;
    setup::livekit_agents()?;
    for (what, bench) in [
        ("Conversations, beside livekit-agents (some ten minutes)", "conversation"),
        ("Recognition (some ten minutes)", "recognition"),
    ] {
        step::run(
            what,
            &mut cargo(&["bench", "--bench", bench, "--features", build::server_features()]),
            "The benchmark's own message is above.",
        )?;
    }
    step::run(
        "Call: weight, memory, click to connected",
        Command::new("node").arg("benches/call.js"),
        "The benchmark's own message is above.",
    )
}

/// Licences, duplicates and advisories by cargo-deny, whose advisories need a database that not every machine can fetch.
fn dependencies() -> Result<()> {
    if !step::succeeds(cargo(&["deny", "--version"]).env_remove("CARGO_TERM_COLOR")) {
        eprintln!("!!! LEFT OUT: cargo-deny is not installed; advisories, licences and duplicates were not looked at.");
        return Ok(());
    }
    step::run(
        "Licences and duplicates",
        &mut cargo(&["deny", "--all-features", "check", "bans", "licenses", "sources"]),
        "deny.toml says what is allowed.",
    )?;
    let home = std::env::var("CARGO_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    if !home.is_ok_and(|home| Path::new(&home).join("advisory-dbs").is_dir()) {
        eprintln!(
            "!!! LEFT OUT: cargo-deny's advisory database is not on this machine (`cargo deny fetch` brings it)."
        );
        return Ok(());
    }
    step::run(
        "Advisories",
        &mut cargo(&["deny", "--all-features", "--offline", "check", "advisories"]),
        "Update the crate that is named above, or say in deny.toml why it can stay.",
    )
}

fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args);
    command
}
