//! How well a publisher's packets arrive, scored as livekit-server scores audio: a simplified E-model of loss and delay.

use std::time::Duration;

use super::{forward::Position, signal::Quality};

/// How often quality is judged: livekit-server's interval.
pub const WINDOW: Duration = Duration::from_secs(5);

/// The score of an undisturbed stream; a score is an E-model's R, about.
const BEST: f64 = 100.0;
/// A score does not fall below this, lest it take long to rise again. All of these are livekit-server's
/// (`connectionquality/scorer.go`).
const WORST: f64 = 30.0;
const EXCELLENT: f64 = 80.0;
const GOOD: f64 = 40.0;
/// What a percent of loss takes off: Opus with its own error correction, which LiveKit's clients turn on.
const LOSS_WEIGHT: f64 = 8.0 / 1.5;
/// How much of the distance to the new score is gone at once, falling and rising.
const FALLING: f64 = 0.8;
const RISING: f64 = 0.4;
/// How many packets a window has where somebody speaks all the time: Opus frames of 20 ms.
const FULL_RATE: f64 = WINDOW.as_millis() as f64 / 20.0;
/// Ticks of Opus's RTP clock in a millisecond.
const TICKS_PER_MS: f64 = 48.0;

/// The account of one stream's packets.
#[derive(Debug)]
pub struct Arrivals {
    /// The highest number of the windows before, and of this one.
    span: Option<(u64, u64)>,
    received: u64,
    jitter: Jitter,
    score: f64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { span: None, received: 0, jitter: Jitter::default(), score: BEST }
    }
}

impl Arrivals {
    /// Takes a packet that arrives at `now`.
    pub fn observe(&mut self, position: Position, now: Duration) {
        let Position { sequence, timestamp } = position;
        let (before, highest) = self.span.get_or_insert((sequence.saturating_sub(1), sequence));
        if sequence > *before {
            *highest = sequence.max(*highest);
            self.received += 1;
        }
        self.jitter.observe(timestamp, now);
    }

    /// Ends a window; nothing where nothing arrived, which may be a pause.
    pub fn judge(&mut self, round_trip: Duration) -> Option<Quality> {
        let (before, highest) = self.span?;
        let (expected, received) = ((highest - before) as f64, std::mem::take(&mut self.received) as f64);
        self.span = Some((highest, highest));
        let jitter_ms = self.jitter.take_worst_ms();
        if received == 0.0 {
            return None;
        }
        let lost_percent = 100.0 * (expected - received).max(0.0) / expected;
        // In a pause few packets are sent, and one of them says little.
        let share = (expected / FULL_RATE).min(1.0).sqrt();
        let delay_ms = round_trip.as_secs_f64() * 500.0 + 2.0 * jitter_ms;
        let now = (BEST - delay_effect(delay_ms) - LOSS_WEIGHT * share * lost_percent).max(0.0);
        let pace = if now < self.score { FALLING } else { RISING };
        self.score = (pace * now + (1.0 - pace) * self.score).max(WORST);
        Some(if self.score > EXCELLENT {
            Quality::Excellent
        } else if self.score > GOOD {
            Quality::Good
        } else {
            Quality::Poor
        })
    }
}

/// What delay takes off: little up to where talking over each other begins, then much.
fn delay_effect(delay_ms: f64) -> f64 {
    if delay_ms > 160.0 { (delay_ms - 120.0) / 10.0 } else { delay_ms / 40.0 }
}

/// Interarrival jitter (RFC 3550, section 6.4.1).
#[derive(Debug, Default)]
struct Jitter {
    last: Option<(u32, Duration)>,
    mean_ms: f64,
    worst_ms: f64,
}

impl Jitter {
    fn observe(&mut self, timestamp: u32, now: Duration) {
        if let Some((before, at)) = self.last {
            let sent_ms = f64::from(timestamp.wrapping_sub(before).cast_signed()) / TICKS_PER_MS;
            let passed_ms = now.saturating_sub(at).as_secs_f64() * 1_000.0;
            // A pause without packets, or a stream that began anew, is no jitter.
            if sent_ms.abs() < 1_000.0 && passed_ms < 1_000.0 {
                self.mean_ms += ((passed_ms - sent_ms).abs() - self.mean_ms) / 16.0;
                self.worst_ms = self.worst_ms.max(self.mean_ms);
            }
        }
        self.last = Some((timestamp, now));
    }

    fn take_worst_ms(&mut self) -> f64 {
        std::mem::replace(&mut self.worst_ms, self.mean_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: u64 = 20;

    /// Packets sent every 20 ms of which those numbered arrive, each as late as `late_ms` says.
    fn arrive(arrivals: &mut Arrivals, sequences: impl IntoIterator<Item = u64>, late_ms: impl Fn(u64) -> u64) {
        for sequence in sequences {
            let now = Duration::from_millis(sequence * FRAME_MS + late_ms(sequence));
            arrivals.observe(Position { sequence, timestamp: (sequence * 960) as u32 }, now);
        }
    }

    fn judged(sequences: impl IntoIterator<Item = u64>) -> Option<Quality> {
        let mut arrivals = Arrivals::default();
        arrive(&mut arrivals, sequences, |_| 30);
        arrivals.judge(Duration::ZERO)
    }

    #[test]
    fn loss_decides() {
        assert_eq!(judged(500..750), Some(Quality::Excellent));
        assert_eq!(judged((500..750).filter(|n| n % 40 != 1)), Some(Quality::Excellent));
        assert_eq!(judged((500..750).filter(|n| n % 20 != 1)), Some(Quality::Good));
        assert_eq!(judged((500..750).filter(|n| n % 4 != 1)), Some(Quality::Poor));
    }

    #[test]
    fn order_does_not_matter_and_a_pause_is_no_loss() {
        assert_eq!(judged((500..750).rev()), Some(Quality::Excellent));
        assert_eq!(judged([]), None);
        let mut arrivals = Arrivals::default();
        arrive(&mut arrivals, [7], |_| 0);
        assert_eq!(arrivals.judge(Duration::ZERO), Some(Quality::Excellent));
        assert_eq!(arrivals.judge(Duration::ZERO), None);
    }

    #[test]
    fn one_packet_lost_in_a_pause_says_little() {
        // Opus sends one packet in 400 ms where nobody speaks.
        assert_eq!(judged((500..513).filter(|n| *n != 505)), Some(Quality::Excellent));
        assert_eq!(judged((500..750).filter(|n| n % 13 != 5)), Some(Quality::Good));
    }

    #[test]
    fn delay_and_jitter_count_together() {
        let quality = |round_trip_ms, late_ms: fn(u64) -> u64| {
            let mut arrivals = Arrivals::default();
            arrive(&mut arrivals, 500..750, late_ms);
            arrivals.judge(Duration::from_millis(round_trip_ms))
        };
        assert_eq!(quality(500, |_| 30), Some(Quality::Excellent));
        assert_eq!(quality(1_000, |_| 30), Some(Quality::Good));
        // Forty packets arrive at once, every 800 ms.
        let in_bursts = |sequence: u64| FRAME_MS * (39 - sequence % 40);
        assert_eq!(quality(0, in_bursts), Some(Quality::Excellent));
        assert_eq!(quality(640, |_| 30), Some(Quality::Excellent));
        assert_eq!(quality(640, in_bursts), Some(Quality::Good));
    }

    #[test]
    fn it_falls_at_once_and_recovers_slowly() {
        let mut arrivals = Arrivals::default();
        arrive(&mut arrivals, (0..250).filter(|n| n % 4 != 1), |_| 0);
        assert_eq!(arrivals.judge(Duration::ZERO), Some(Quality::Poor));
        let mut windows = 0;
        loop {
            windows += 1;
            arrive(&mut arrivals, (250 * windows)..(250 * (windows + 1)), |_| 0);
            if arrivals.judge(Duration::ZERO) == Some(Quality::Excellent) {
                break;
            }
        }
        assert_eq!(windows, 3);
    }
}
