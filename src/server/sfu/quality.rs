//! How well a publisher's packets arrive, as the numbers that are missing tell.

use std::time::Duration;

use super::signal::Quality;

/// How often quality is judged: livekit-server's interval.
pub const WINDOW: Duration = Duration::from_secs(5);
/// The loss from which speech suffers, and from which it is hard to follow, in percent. There is no `lost`: it makes
/// LiveKit's clients reconnect, which is for the connection itself to decide.
const GOOD_LOSS: u64 = 3;
const POOR_LOSS: u64 = 10;

/// The count of one stream's packets.
#[derive(Debug, Default)]
pub struct Arrivals {
    /// The highest number of the windows before, and of this one.
    span: Option<(u64, u64)>,
    received: u64,
}

impl Arrivals {
    /// Takes a packet's extended sequence number.
    pub fn observe(&mut self, sequence: u64) {
        let (before, highest) = self.span.get_or_insert((sequence.saturating_sub(1), sequence));
        if sequence > *before {
            *highest = sequence.max(*highest);
            self.received += 1;
        }
    }

    /// Ends a window; nothing where nothing arrived, which may be a pause.
    pub fn judge(&mut self) -> Option<Quality> {
        let (before, highest) = self.span?;
        let (expected, received) = (highest - before, std::mem::take(&mut self.received));
        self.span = Some((highest, highest));
        if received == 0 {
            return None;
        }
        let loss = 100 * expected.saturating_sub(received) / expected;
        Some(match loss {
            POOR_LOSS.. => Quality::Poor,
            GOOD_LOSS.. => Quality::Good,
            0..GOOD_LOSS => Quality::Excellent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(sequences: impl IntoIterator<Item = u64>) -> Option<Quality> {
        let mut arrivals = Arrivals::default();
        sequences.into_iter().for_each(|sequence| arrivals.observe(sequence));
        arrivals.judge()
    }

    #[test]
    fn loss_decides() {
        assert_eq!(judged(500..700), Some(Quality::Excellent));
        assert_eq!(judged((500..700).filter(|n| n % 20 != 1)), Some(Quality::Good));
        assert_eq!(judged((500..700).filter(|n| n % 4 != 1)), Some(Quality::Poor));
    }

    #[test]
    fn order_does_not_matter_and_a_pause_is_no_loss() {
        assert_eq!(judged((500..700).rev()), Some(Quality::Excellent));
        assert_eq!(judged([]), None);
        let mut arrivals = Arrivals::default();
        arrivals.observe(7);
        assert_eq!(arrivals.judge(), Some(Quality::Excellent));
        assert_eq!(arrivals.judge(), None);
    }
}
