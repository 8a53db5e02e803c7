//! How well one track's packets arrive at the assistant: loss by their numbers, jitter by their times.

use std::{ops::RangeInclusive, time::Duration};

/// How long packets are counted before it is told how well they came.
const WINDOW: Duration = Duration::from_secs(5);
/// The clock of RTP's times for Opus (RFC 7587, 4.1).
const CLOCK_HZ: f64 = 48_000.0;

/// The count of one track's packets.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    since: Option<Duration>,
    last: Option<Last>,
    received: u64,
    lost: u64,
    /// RFC 3550, 6.4.1.
    jitter_ms: f64,
}

#[derive(Debug)]
struct Last {
    sequence: u64,
    time: u64,
    at: Duration,
}

/// How well a track's packets came for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrived {
    /// Those that did not come, in per cent.
    pub loss_pct: f64,
    /// How unevenly the others did.
    pub jitter_ms: f64,
}

impl Arrivals {
    /// Takes the packets of one frame: their extended sequence numbers, their time on the 48 kHz clock, and when they
    /// arrived. Tells how well they came once a window is over; silence is no loss.
    pub(super) fn observe(&mut self, sequences: RangeInclusive<u64>, time: u64, at: Duration) -> Option<Arrived> {
        let (first, sequence) = sequences.into_inner();
        if let Some(last) = &self.last {
            if sequence <= last.sequence {
                return None;
            }
            self.lost += first.saturating_sub(last.sequence + 1);
            let apart_ms = at.saturating_sub(last.at).as_secs_f64() * 1000.0;
            let meant_ms = time.saturating_sub(last.time) as f64 / CLOCK_HZ * 1000.0;
            self.jitter_ms += ((apart_ms - meant_ms).abs() - self.jitter_ms) / 16.0;
        }
        self.last = Some(Last { sequence, time, at });
        self.received += sequence - first + 1;
        if at.saturating_sub(*self.since.get_or_insert(at)) < WINDOW {
            return None;
        }
        self.since = Some(at);
        let (received, lost) = (std::mem::take(&mut self.received), std::mem::take(&mut self.lost));
        let loss_pct = 100.0 * lost as f64 / (received + lost) as f64;
        Some(Arrived { loss_pct, jitter_ms: self.jitter_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 20 ms, each a packet, that arrive `late_ms` after they were sent; gives what is told.
    fn told(packets: impl IntoIterator<Item = (u64, u64)>) -> Vec<Arrived> {
        let mut arrivals = Arrivals::default();
        let arrived = |(n, late_ms)| arrivals.observe(n..=n, n * 960, Duration::from_millis(n * 20 + late_ms));
        packets.into_iter().filter_map(arrived).collect()
    }

    #[test]
    fn packets_that_all_come_in_time_are_told_every_five_seconds() {
        let well = Arrived { loss_pct: 0.0, jitter_ms: 0.0 };
        assert_eq!(told((0..600).map(|n| (n, 30))), [well, well]);
    }

    #[test]
    fn what_does_not_come_is_counted_and_what_comes_late_is_not_counted_twice() {
        let some = told((0..=250).filter(|n| n % 10 != 5).map(|n| (n, 0)));
        assert_eq!(some.len(), 1);
        assert!((some[0].loss_pct - 100.0 * 25.0 / 251.0).abs() < 0.01, "{some:?}");
        let late = told((0..=250).chain([100]).map(|n| (n, 0)));
        assert_eq!(late[0].loss_pct, 0.0);
    }

    #[test]
    fn a_pause_is_neither_loss_nor_jitter() {
        let mut arrivals = Arrivals::default();
        let mut out = Vec::new();
        // The numbers go on after a silence of a second, and so do the times.
        for n in 0..300_u64 {
            let frame = if n < 150 { n } else { n + 50 };
            out.extend(arrivals.observe(n..=n, frame * 960, Duration::from_millis(frame * 20)));
        }
        assert_eq!(out, [Arrived { loss_pct: 0.0, jitter_ms: 0.0 }]);
    }

    #[test]
    fn uneven_arrival_is_jitter() {
        let uneven = told((0..=250).map(|n| (n, if n % 2 == 0 { 0 } else { 8 })));
        assert!((uneven[0].jitter_ms - 8.0).abs() < 0.1, "{uneven:?}");
    }
}
