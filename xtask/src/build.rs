//! Builds the two halves of the crate: the server's binary and the browser's module.

use std::process::Command;

use anyhow::Result;

use crate::{assets, setup, step};

/// How much the compiler is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// Quick to run and small to send.
    Release,
}

impl Profile {
    /// The server's binary.
    pub fn server(self) -> &'static str {
        match self {
            Self::Dev => "target/debug/frontdesk",
            Self::Release => "target/release/frontdesk",
        }
    }

    /// The browser's module as the compiler leaves it.
    pub fn module(self) -> &'static str {
        match self {
            Self::Dev => "target/wasm32-unknown-unknown/debug/frontdesk.wasm",
            Self::Release => "target/wasm32-unknown-unknown/wasm-release/frontdesk.wasm",
        }
    }

    fn server_args(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }

    fn module_args(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--profile", "wasm-release"],
        }
    }
}

/// The server's cargo features on this machine.
pub fn server_features() -> &'static str {
    if setup::has_pocketsphinx() { "ssr,pocketsphinx" } else { "ssr" }
}

/// Builds everything that `profile` serves.
pub fn all(profile: Profile) -> Result<()> {
    module(profile)?;
    step::run(
        &format!("Building the server{}", first_time(profile)),
        Command::new("cargo")
            .args(["build", "--bin", "frontdesk", "--features", server_features()])
            .args(profile.server_args()),
        "The compiler's message above says what is wrong; a C compiler (gcc, make) has to be there.",
    )?;
    assets::all(profile)
}

/// Builds what browsers are sent, and no server.
pub fn site(profile: Profile) -> Result<()> {
    module(profile)?;
    assets::all(profile)
}

fn first_time(profile: Profile) -> &'static str {
    match profile {
        Profile::Dev => "",
        Profile::Release => " (the first time takes minutes)",
    }
}

fn module(profile: Profile) -> Result<()> {
    step::run(
        &format!("Building the browser's part{}", first_time(profile)),
        Command::new("cargo")
            .args(["build", "--lib", "--features", "hydrate", "--target", "wasm32-unknown-unknown"])
            .args(profile.module_args()),
        "The compiler's message above says what is wrong.",
    )
}
