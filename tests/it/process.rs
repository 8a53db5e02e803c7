//! The program itself, as its users start it: a process of its own, which can be killed.

use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Stdio},
};

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

    /// How many files it has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id().unwrap())).unwrap().count()
    }

    /// How much memory it holds.
    pub fn resident_kib(&self) -> u64 {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id().unwrap())).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
    }

    /// Ends it as a crash would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop; gives what it logged in its life.
    pub async fn stop(self) -> String {
        ask_to_stop(&self.child).await;
        let output = self.child.wait_with_output().await.unwrap();
        String::from_utf8(output.stderr).unwrap()
    }
}

/// A running `frontdesk agent`.
pub struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// Starts the assistant of `file` for the calls of `site` on the LiveKit server at `url`; waits until it is given some.
    pub async fn start(url: &str, site: SocketAddr, (key, secret): (&str, &str), file: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_frontdesk"))
            .arg("agent")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("NO_COLOR", "1")
            .env("LIVEKIT_URL", url)
            .env("LIVEKIT_API_KEY", key)
            .env("LIVEKIT_API_SECRET", secret)
            .env("FRONTDESK_SITE_URL", format!("http://{site}"))
            .env("FRONTDESK_ASSISTANT_FILE", file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut told = Vec::new();
        loop {
            let line = log.next_line().await.unwrap().unwrap_or_else(|| panic!("it does not start: {told:#?}"));
            if line.contains("the site counts on this worker takes_calls=true") {
                break;
            }
            told.push(line);
        }
        // Somebody has to read what it logs.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self { child }
    }

    /// Ends it as a crash would.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, as an operator does.
    pub async fn is_asked_to_stop(&self) {
        ask_to_stop(&self.child).await;
    }

    /// Waits for its end.
    pub async fn ends(mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }
}

/// SIGTERM.
async fn ask_to_stop(child: &Child) {
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("kill").arg(pid).status().await.unwrap().success());
}
