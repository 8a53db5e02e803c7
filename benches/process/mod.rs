//! A server under measurement: a process of its own, and what it has used so far.

use std::{
    fs,
    io::{BufRead, BufReader, Error, ErrorKind},
    net::SocketAddr,
    process::{Child, Command},
};

/// Ticks of `/proc/<pid>/stat` in a second: `USER_HZ`, 100 on every Linux.
const TICKS_HZ: f64 = 100.0;

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Time on all processors in seconds, user and kernel, all threads.
    pub cpu_s: f64,
    /// Resident memory in KiB, without the pages of files, such as the program itself.
    pub resident_kib: u64,
}

/// A server's process; it ends when this is dropped.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// Starts one.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Waits for the line on its standard output that ends with its address.
    pub fn address(&mut self) -> std::io::Result<SocketAddr> {
        let stdout = self.0.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        address.ok_or_else(|| Error::other(format!("no address in `{line}`")))
    }

    /// What it has used so far.
    pub fn usage(&self) -> std::io::Result<Usage> {
        let id = self.0.id();
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // Fields 14 and 15 of proc(5); those after the name, which may hold spaces, begin with the third.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |field: usize| fields.get(field - 3).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let resident_kib = anonymous.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
        Ok(Usage { cpu_s: (ticks(14) + ticks(15)) / TICKS_HZ, resident_kib })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
