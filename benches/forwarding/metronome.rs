//! The talkers' beat: one frame each every 20 ms, evenly spread.
//!
//! A thread of its own, since the timers of tokio's runtime keep to whole milliseconds, and talkers do not.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::UnboundedSender;

/// How often a talker says something.
const FRAME: Duration = Duration::from_millis(20);

/// Beats for each talker in turn until one of them has gone.
pub fn start(talkers: Vec<UnboundedSender<()>>) {
    let step = FRAME / talkers.len() as u32;
    thread::spawn(move || {
        let mut next = Instant::now();
        loop {
            for talker in &talkers {
                thread::sleep(next.saturating_duration_since(Instant::now()));
                if talker.send(()).is_err() {
                    return;
                }
                next += step;
            }
        }
    });
}
