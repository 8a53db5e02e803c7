//! One step of a build: announced, timed, and with advice where it fails.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

/// Runs `command` under a heading; its own output is shown as it comes. `advice` says what to do if it fails.
pub fn run(heading: &str, command: &mut Command, advice: &str) -> Result<()> {
    eprintln!("==> {heading}");
    let begun = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{heading}: `{program}` could not be started. {advice}"))?;
    if !status.success() {
        bail!("{heading} failed ({status}). {advice}");
    }
    eprintln!("    done in {:.1} s", begun.elapsed().as_secs_f32());
    Ok(())
}

/// Whether `command` is there and says yes, without a word.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}
