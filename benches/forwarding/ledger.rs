//! The account of what was said and what was heard.

use std::time::{Duration, Instant};

/// Bytes of an Opus frame: 20 ms of speech at 32 kbit/s.
const FRAME_BYTES: usize = 80;

/// What a frame carries instead of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it was said, in microseconds since the load began.
    pub said_us: u64,
    /// By whom.
    pub talker: u32,
}

impl Stamp {
    /// The frame that carries it.
    pub fn frame(self) -> [u8; FRAME_BYTES] {
        let mut frame = [0x5a; FRAME_BYTES];
        frame[..8].copy_from_slice(&self.said_us.to_be_bytes());
        frame[8..12].copy_from_slice(&self.talker.to_be_bytes());
        frame
    }

    /// Reads it back; none where the frame is not ours.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let (said_us, rest) = frame.split_first_chunk()?;
        let talker = rest.first_chunk()?;
        Some(Self { said_us: u64::from_be_bytes(*said_us), talker: u32::from_be_bytes(*talker) })
    }
}

/// What was heard of what was said while it counted.
#[derive(Debug, Default)]
pub struct Heard {
    /// How long each packet took, in microseconds.
    pub delays: Vec<u32>,
    /// How many packets there should be.
    pub expected: usize,
}

impl Heard {
    /// The share of packets that never came.
    pub fn lost(&self) -> f64 {
        1.0 - self.delays.len() as f64 / self.expected as f64
    }

    /// A percentile of the delays, in milliseconds.
    pub fn percentile_ms(&self, percent: usize) -> f64 {
        let mut delays = self.delays.clone();
        delays.sort_unstable();
        delays.get(delays.len().saturating_sub(1) * percent / 100).map_or(0.0, |delay| f64::from(*delay) / 1e3)
    }
}

/// Who has said and heard what.
#[derive(Debug)]
pub struct Ledger {
    begun: Instant,
    /// How many hear each talker.
    listeners: usize,
    /// The pairs that have not heard of each other yet, by listener and talker.
    strangers: std::collections::HashSet<(u32, u32)>,
    /// From when until when it counts, in microseconds since the beginning.
    window: std::ops::Range<u64>,
    heard: Heard,
}

impl Ledger {
    /// Opens the account of `rooms` with `talkers` each; participants are numbered room by room.
    pub fn new(rooms: usize, talkers: usize) -> Self {
        let all = 0..(rooms * talkers) as u32;
        let pairs = all.clone().flat_map(|listener| all.clone().map(move |talker| (listener, talker)));
        let room = |participant: u32| participant / talkers as u32;
        let strangers = pairs.filter(|&(one, other)| one != other && room(one) == room(other)).collect();
        Self { begun: Instant::now(), listeners: talkers - 1, strangers, window: 0..0, heard: Heard::default() }
    }

    /// Whether everybody has heard everybody else in the room.
    pub fn all_hear(&self) -> bool {
        self.strangers.is_empty()
    }

    /// Counts what is said from now on for `time`.
    pub fn open(&mut self, time: Duration) {
        let now = self.now_us();
        self.window = now..now + time.as_micros() as u64;
    }

    /// Ends the account.
    pub fn close(&mut self) -> Heard {
        self.window = 0..0;
        std::mem::take(&mut self.heard)
    }

    /// Notes that `talker` says something now, and gives the stamp for it.
    pub fn say(&mut self, talker: u32) -> Stamp {
        let said_us = self.now_us();
        if self.window.contains(&said_us) {
            self.heard.expected += self.listeners;
        }
        Stamp { said_us, talker }
    }

    /// Notes that `listener` hears something now.
    pub fn hear(&mut self, listener: u32, stamp: Stamp) {
        if !self.strangers.is_empty() {
            self.strangers.remove(&(listener, stamp.talker));
        }
        if self.window.contains(&stamp.said_us) {
            self.heard.delays.push((self.now_us() - stamp.said_us) as u32);
        }
    }

    fn now_us(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }
}
