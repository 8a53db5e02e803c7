//! Who is speaking: loudness as the publishers report it in their packets (RFC 6464), judged as livekit-server does.

use std::time::Duration;

/// How often loudness is judged: livekit-server's `update_interval`.
pub const WINDOW: Duration = Duration::from_millis(400);

/// The quietest frame that counts as speech, in -dBov: livekit-server's `active_level`.
const ACTIVE_LEVEL: u8 = 35;
/// The share of a window's frames that must be that loud, in percent: livekit-server's `min_percentile`.
const MIN_PERCENTILE: usize = 40;
/// The weight of a new window against those before: livekit-server's `smooth_intervals` of 2, as 2 / (n + 1).
const SMOOTHING: f32 = 2.0 / 3.0;
/// Levels are told in steps of 1/8, so that small changes cause no message.
const STEPS: f32 = 8.0;

/// The meter of one published track.
#[derive(Debug, Default)]
pub struct Meter {
    frames: usize,
    loud: usize,
    /// The loudest frame of the window, in -dBov.
    loudest: u8,
    smoothed: f32,
    told: f32,
}

impl Meter {
    /// Takes a frame's level in -dBov: 0 is the loudest, 127 silence.
    pub fn observe(&mut self, level: u8) {
        self.loudest = if self.loud == 0 { level } else { self.loudest.min(level) };
        self.frames += 1;
        self.loud += usize::from(level <= ACTIVE_LEVEL);
    }

    /// Ends a window; a level (0 to 1, linear; 0 is silent) where it differs from what was told before.
    pub fn judge(&mut self) -> Option<f32> {
        let active = self.frames > 0 && self.loud * 100 >= self.frames * MIN_PERCENTILE;
        let level = if active { 10_f32.powf(-f32::from(self.loudest) / 20.0) } else { 0.0 };
        (self.frames, self.loud, self.loudest) = (0, 0, 0);
        self.smoothed += (level - self.smoothed) * SMOOTHING;
        // One quiet window ends a turn: the smoothed tail of a loud one would keep it alive for a second.
        let quantised = if active { (self.smoothed * STEPS).ceil() / STEPS } else { 0.0 };
        if quantised == self.told {
            return None;
        }
        self.told = quantised;
        Some(quantised)
    }

    /// The level that was told last.
    pub fn level(&self) -> f32 {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(meter: &mut Meter, levels: &[u8]) -> Option<f32> {
        levels.iter().for_each(|&level| meter.observe(level));
        meter.judge()
    }

    #[test]
    fn speech_is_told_once_and_silence_once() {
        let mut meter = Meter::default();
        assert_eq!(window(&mut meter, &[127; 20]), None);
        assert_eq!(window(&mut meter, &[20; 20]), Some(0.125));
        assert_eq!(window(&mut meter, &[20; 20]), None);
        assert_eq!(window(&mut meter, &[127; 20]), Some(0.0));
        assert_eq!(window(&mut meter, &[]), None);
    }

    #[test]
    fn a_click_is_not_speech() {
        let mut frames = [127; 20];
        frames[3] = 1;
        assert_eq!(window(&mut Meter::default(), &frames), None);
    }

    #[test]
    fn louder_is_a_higher_level() {
        let (mut soft, mut loud) = (Meter::default(), Meter::default());
        assert!(window(&mut soft, &[30; 20]) < window(&mut loud, &[5; 20]));
    }
}
