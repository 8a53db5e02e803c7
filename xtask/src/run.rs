//! Serves the site, once or again after every change.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Result, anyhow};

use crate::{
    build::{self, Profile},
    setup,
};

/// Where a change means a new build.
const WATCHED: [&str; 6] = ["src", "style", "public", "content", "Cargo.toml", "Leptos.toml"];

/// Builds the release and becomes its server, so that Ctrl-C reaches it and nothing else.
pub fn release() -> Result<()> {
    setup::for_build()?;
    build::all(Profile::Release)?;
    let error = Command::new(Profile::Release.server()).exec();
    Err(anyhow!("{} could not be started: {error}", Profile::Release.server()))
}

/// Serves the quick build and makes it again after every change; a build that fails leaves the last one running.
pub fn watch() -> Result<()> {
    setup::for_build()?;
    let mut server: Option<Child> = None;
    let mut built = None;
    loop {
        let newest = WATCHED.iter().filter_map(|path| newest(Path::new(path))).max();
        if newest == built {
            thread::sleep(Duration::from_millis(300));
            continue;
        }
        built = newest;
        if let Err(error) = build::all(Profile::Dev) {
            eprintln!("xtask: {error:#}\n==> Waiting for the next change");
            continue;
        }
        if let Some(mut old) = server.take() {
            old.kill()?;
            old.wait()?;
        }
        server = Some(Command::new(Profile::Dev.server()).spawn()?);
    }
}

/// When the youngest file at or under `path` was changed.
fn newest(path: &Path) -> Option<SystemTime> {
    let meta = fs::metadata(path).ok()?;
    if !meta.is_dir() {
        return meta.modified().ok();
    }
    fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).max()
}
