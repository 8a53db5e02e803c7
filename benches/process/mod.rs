//! A server under measurement: a process of its own, with those that it starts, and what they have used so far.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Error, ErrorKind},
    net::SocketAddr,
    process::{Child, Command},
    thread,
};

/// Ticks of `/proc/<pid>/stat` in a second: `USER_HZ`, 100 on every Linux.
const TICKS_HZ: f64 = 100.0;

/// What processes have used so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Time on all processors in seconds, user and kernel, all threads.
    pub cpu_s: f64,
    /// Resident memory in KiB, without the pages of files, such as the program itself.
    pub resident_kib: u64,
}

/// A server's process; it ends when this is dropped, and those that it has started with it.
#[derive(Debug)]
pub struct Server(Child);

impl Server {
    /// Starts one.
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        command.spawn().map(Self)
    }

    /// Waits for the first line on its standard output that holds `part`.
    pub fn says(&mut self, part: &str) -> std::io::Result<String> {
        let stdout = self.0.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(part)));
        // What it says later must not fill the pipe.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        line.ok_or_else(|| Error::other(format!("it has ended without a word of `{part}`")))?
    }

    /// Waits for the line on its standard output that ends with its address.
    pub fn address(&mut self) -> std::io::Result<SocketAddr> {
        let line = self.says("http://")?;
        let address = line.trim().rsplit('/').next().and_then(|address| address.parse().ok());
        address.ok_or_else(|| Error::other(format!("no address in `{line}`")))
    }

    /// What it has used so far.
    pub fn usage(&self) -> std::io::Result<Usage> {
        let mut all = process_usage(self.0.id())?;
        // Others of the family may end at any time.
        for usage in self.offspring()?.into_iter().filter_map(|id| process_usage(id).ok()) {
            all.cpu_s += usage.cpu_s;
            all.resident_kib += usage.resident_kib;
        }
        Ok(all)
    }

    /// The processes that it has started, and those that they have.
    fn offspring(&self) -> std::io::Result<BTreeSet<u32>> {
        let ids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let parents: Vec<(u32, u32)> = ids.filter_map(|id| Some((id, stat(id).ok()?.get(1)?.parse().ok()?))).collect();
        let mut family = BTreeSet::from([self.0.id()]);
        loop {
            let children = parents.iter().filter(|(_, parent)| family.contains(parent)).map(|(id, _)| *id);
            let more: Vec<u32> = children.filter(|id| !family.contains(id)).collect();
            if more.is_empty() {
                family.remove(&self.0.id());
                return Ok(family);
            }
            family.extend(more);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let offspring = self.offspring().unwrap_or_default();
        let _ = self.0.kill();
        let _ = self.0.wait();
        if !offspring.is_empty() {
            let ids = offspring.iter().map(u32::to_string);
            let _ = Command::new("kill").arg("-9").args(ids).output();
        }
    }
}

/// The fields of `/proc/<pid>/stat` from the third on, which follow the name that may hold spaces.
fn stat(id: u32) -> std::io::Result<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    Ok(stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}

fn process_usage(id: u32) -> std::io::Result<Usage> {
    // Fields 14 and 15 of proc(5).
    let fields = stat(id)?;
    let ticks = |field: usize| fields.get(field - 3).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let resident_kib = anonymous.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
    Ok(Usage { cpu_s: (ticks(14) + ticks(15)) / TICKS_HZ, resident_kib })
}
