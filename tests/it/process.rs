//! The program itself, as its users start it: a process of its own, which can be killed.

use std::{net::SocketAddr, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use crate::app::{KEY, SECRET};

/// A running `frontdesk`.
pub struct Process {
    /// Where it answers.
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts it with its data in `data` and these variables.
    pub async fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_frontdesk")), data, variables).await
    }

    /// Starts it so that no file of it grows beyond `kib` KiB: further writes fail, as they do on a full disk.
    pub async fn start_on_a_small_disk(data: &Path, variables: &[(&str, &str)], kib: u32) -> Self {
        // The signal that goes with it would end the process.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\"", 2 * kib);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_frontdesk")]);
        Self::of(shell, data, variables).await
    }

    async fn of(mut command: Command, data: &Path, variables: &[(&str, &str)]) -> Self {
        let mut child = command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("LEPTOS_SITE_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_UDP_ADDR", "127.0.0.1:0")
            .env("FRONTDESK_DATA_DIR", data)
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).await.unwrap();
        let Some((_, address)) = line.trim().split_once("http://") else {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
            panic!("it does not start: {log}");
        };
        Self { address: address.parse().unwrap(), child }
    }

    /// Ends it as a crash would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop; gives what it logged in its life.
    pub async fn stop(self) -> String {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
        let output = self.child.wait_with_output().await.unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}
