//! Where a forwarded packet stands in the stream that a subscriber sees.
//!
//! A subscriber's section is one RTP stream for its whole life, whatever publication it carries at a time. Numbers and
//! timestamps are therefore counted anew for each section: gapless where the server leaves packets out (padding, a muted
//! track), with the gaps kept where the network lost some, and never twice the same. It knows nothing of sockets.

use std::{collections::VecDeque, time::Duration};

use super::ids::TrackSid;

/// Opus always counts time at 48 kHz (RFC 7587, section 4.1).
const CLOCK_HZ: u128 = 48_000;
/// Distance in time between two sources at least: one frame of 20 ms.
const FRAME: u32 = 960;
/// How many left-out packets are remembered to place the late ones; libwebrtc's reordering window is smaller.
const REMEMBERED: usize = 64;
/// A packet further behind than this is not late but lost: half of RTP's 16-bit numbers.
const BEHIND_MAX: u64 = 1 << 15;

/// A place in the outgoing stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The extended sequence number.
    pub sequence: u64,
    /// The RTP timestamp at 48 kHz.
    pub timestamp: u32,
}

/// The numbering of one subscriber's section.
#[derive(Debug, Default)]
pub struct Outgoing {
    last: Option<(Position, Duration)>,
    source: Option<Source>,
}

#[derive(Debug)]
struct Source {
    track: TrackSid,
    /// Outgoing minus incoming, wrapping.
    sequence_shift: u64,
    timestamp_shift: u32,
    /// None yet has come after the one that it follows from.
    highest: Option<u64>,
    /// The newest numbers of packets that were left out, rising.
    left_out: VecDeque<u64>,
    /// Nothing at or below this number may be sent: it belongs to the source before.
    floor: u64,
}

impl Outgoing {
    /// Places a packet of `track` that arrived at `now`; `None` where it is too late to have a place.
    pub fn place(&mut self, track: &TrackSid, incoming: Position, now: Duration) -> Option<Position> {
        self.follow(track, incoming, now);
        let source = self.source.as_mut()?;
        let sequence = if source.highest.is_none_or(|highest| incoming.sequence > highest) {
            source.highest = Some(incoming.sequence);
            incoming.sequence.wrapping_add(source.sequence_shift)
        } else {
            let behind = source.highest.unwrap_or_default() - incoming.sequence;
            if behind > BEHIND_MAX || source.left_out.contains(&incoming.sequence) {
                return None;
            }
            // Packets left out after this one had not shifted the numbers when its neighbours were sent.
            let since = source.left_out.iter().filter(|&&left_out| left_out > incoming.sequence).count() as u64;
            if source.left_out.len() == REMEMBERED && since == REMEMBERED as u64 {
                return None;
            }
            incoming.sequence.wrapping_add(source.sequence_shift).wrapping_add(since)
        };
        if sequence <= source.floor || sequence > u64::MAX / 2 {
            return None;
        }
        let position = Position { sequence, timestamp: incoming.timestamp.wrapping_add(source.timestamp_shift) };
        if self.last.is_none_or(|(last, _)| sequence > last.sequence) {
            self.last = Some((position, now));
        }
        Some(position)
    }

    /// Notes that a packet of `track` is left out, so that no gap shows where it was.
    pub fn leave_out(&mut self, track: &TrackSid, sequence: u64) {
        let Some(source) = self.source.as_mut().filter(|source| source.track == *track) else { return };
        // A late one has left its gap already.
        if source.highest.is_some_and(|highest| sequence <= highest) {
            return;
        }
        source.highest = Some(sequence);
        source.sequence_shift = source.sequence_shift.wrapping_sub(1);
        if source.left_out.len() == REMEMBERED {
            source.left_out.pop_front();
        }
        source.left_out.push_back(sequence);
    }

    fn follow(&mut self, track: &TrackSid, incoming: Position, now: Duration) {
        if self.source.as_ref().is_some_and(|source| source.track == *track) {
            return;
        }
        let next = match self.last {
            None => Position { sequence: 1, timestamp: incoming.timestamp },
            Some((last, at)) => {
                let passed = (now.saturating_sub(at).as_micros() * CLOCK_HZ / 1_000_000) as u32;
                Position { sequence: last.sequence + 1, timestamp: last.timestamp.wrapping_add(passed.max(FRAME)) }
            }
        };
        self.source = Some(Source {
            track: track.clone(),
            sequence_shift: next.sequence.wrapping_sub(incoming.sequence),
            timestamp_shift: next.timestamp.wrapping_sub(incoming.timestamp),
            highest: incoming.sequence.checked_sub(1),
            left_out: VecDeque::new(),
            floor: next.sequence - 1,
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn track(name: &str) -> TrackSid {
        TrackSid::try_from(format!("TR_{name}").as_str()).unwrap()
    }

    fn at(sequence: u64, timestamp: u32) -> Position {
        Position { sequence, timestamp }
    }

    #[test]
    fn one_source_is_counted_from_one() {
        let (mut out, a) = (Outgoing::default(), track("a"));
        assert_eq!(out.place(&a, at(5000, 100), MS), Some(at(1, 100)));
        assert_eq!(out.place(&a, at(5001, 1060), 21 * MS), Some(at(2, 1060)));
    }

    #[test]
    fn a_loss_stays_a_gap_and_is_filled_late() {
        let (mut out, a) = (Outgoing::default(), track("a"));
        out.place(&a, at(10, 0), MS);
        assert_eq!(out.place(&a, at(12, 1920), MS), Some(at(3, 1920)));
        assert_eq!(out.place(&a, at(11, 960), MS), Some(at(2, 960)));
    }

    #[test]
    fn what_is_left_out_leaves_no_gap() {
        let (mut out, a) = (Outgoing::default(), track("a"));
        out.place(&a, at(10, 0), MS);
        out.leave_out(&a, 11);
        out.leave_out(&a, 13);
        assert_eq!(out.place(&a, at(14, 3), MS), Some(at(3, 3)));
        assert_eq!(out.place(&a, at(12, 2), MS), Some(at(2, 2)));
        assert_eq!(out.place(&a, at(11, 1), MS), None);
    }

    #[test]
    fn another_source_continues_in_number_and_in_time() {
        let (mut out, a, b) = (Outgoing::default(), track("a"), track("b"));
        out.place(&a, at(10, 500), MS);
        assert_eq!(out.place(&b, at(70_000, 9), 101 * MS), Some(at(2, 500 + 4800)));
        assert_eq!(out.place(&b, at(69_999, 1), 101 * MS), None);
    }

    proptest! {
        #[test]
        fn in_order_packets_are_gapless_and_rising(
            steps in proptest::collection::vec((0..3_u8, any::<bool>(), 1..50_u64), 1..300),
            starts in proptest::array::uniform3(0..1_u64 << 40),
        ) {
            let names = [track("a"), track("b"), track("c")];
            let (mut out, mut next, mut now) = (Outgoing::default(), starts, Duration::ZERO);
            let mut last: Option<Position> = None;
            for (source, left_out, passed) in steps {
                let source = usize::from(source);
                now += Duration::from_millis(passed);
                let sequence = next[source];
                next[source] += 1;
                if left_out {
                    out.leave_out(&names[source], sequence);
                    continue;
                }
                let timestamp = (sequence * 960) as u32;
                let place = out.place(&names[source], at(sequence, timestamp), now).unwrap();
                prop_assert_eq!(place.sequence, last.map_or(1, |last| last.sequence + 1));
                last = Some(place);
            }
        }

        #[test]
        fn no_number_is_given_twice(
            order in proptest::collection::vec((0..60_u64, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let names = [track("a"), track("b")];
            let mut out = Outgoing::default();
            let mut seen = std::collections::HashSet::new();
            let mut arrived = std::collections::HashSet::new();
            for (sequence, second, left_out) in order {
                if !arrived.insert((sequence, second)) {
                    continue;
                }
                let name = &names[usize::from(second)];
                if left_out {
                    out.leave_out(name, 1000 + sequence);
                } else if let Some(place) = out.place(name, at(1000 + sequence, 0), MS) {
                    prop_assert!(seen.insert(place.sequence));
                }
            }
        }
    }

    #[test]
    fn a_stream_may_begin_with_number_0() {
        let mut outgoing = Outgoing::default();
        let numbers: Vec<_> = (0..3)
            .map(|n| outgoing.place(&track("a"), at(n, n as u32 * FRAME), MS).map(|position| position.sequence))
            .collect();
        assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    }
}
