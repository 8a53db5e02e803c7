//! Builds, runs and tests Frontdesk: `make` calls it, and `cargo xtask help` lists what it does.
//!
//! It runs from the repository's root and knows nothing of the application but its file names.

mod assets;
mod build;
mod check;
mod fuzz;
mod run;
mod setup;
mod step;

use std::{env, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};

use crate::build::Profile;

const HELP: &str = "\
cargo xtask COMMAND

  setup [--tests]     install what is missing: wasm target, npm packages, speech engines (and Chromium)
  build [--release]   build the server and the site's assets into target/
  run                 build the release and serve it
  dev                 serve, and rebuild on every change
  check               formatting, clippy for the server and for wasm32, documentation, licences
  test                check, then the Rust tests, then the end-to-end tests in Chromium
  e2e [ARGS]          only the end-to-end tests; ARGS go to Playwright
  fuzz [TARGET] [S]   what arrives from outside, made up by libFuzzer, 600 s for each target of fuzz/
  screenshots [LOOK]  pictures of every state, light, dark, phone, still, into end2end/screenshots
  bench               measure, and print the tables of docs/BENCHMARKS.md";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the repository's root")?;
    env::set_current_dir(root)?;
    let args: Vec<String> = env::args().skip(1).collect();
    let flag = |name: &str| args.iter().any(|arg| arg == name);
    match args.first().map(String::as_str) {
        Some("setup") => setup::all(flag("--tests")),
        Some("build") => {
            setup::for_build()?;
            build::all(if flag("--release") { Profile::Release } else { Profile::Dev })
        }
        Some("run") => run::release(),
        Some("dev") => run::watch(),
        Some("check") => check::lint(),
        Some("test") => check::everything(),
        Some("e2e") => check::end_to_end(&args[1..]),
        Some("fuzz") => fuzz::run(&args[1..]),
        Some("screenshots") => check::screenshots(&args[1..]),
        Some("bench") => check::bench(),
        None | Some("help" | "--help" | "-h") => {
            eprintln!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n\n{HELP}"),
    }
}
