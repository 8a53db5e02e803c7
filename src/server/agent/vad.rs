//! Where speech begins and ends: a score for each 16 ms of sound, and a gate with two thresholds over it.
//!
//! The score falls slowly: some 200 ms after the last sound of a sentence it still calls it speech. The end is therefore the
//! last sound that is loud enough to be speech, too.

use std::{collections::VecDeque, time::Duration};

use super::audio::SAMPLE_HZ;

/// Samples that the detector scores at once: 16 ms, given by `earshot`.
const WINDOW_SAMPLES: usize = 256;

/// LiveKit Agents 1.7's defaults: on above 0.5, off below 0.35.
const ON_SCORE: f32 = 0.5;
const OFF_SCORE: f32 = 0.35;

/// How long there must be speech before it counts, and silence before it ends.
const ON_AFTER: Duration = Duration::from_millis(50);
const OFF_AFTER: Duration = Duration::from_millis(250);

/// The least loud part of speech, as power beside its loudest: 35 dB below, which is quieter than the consonants that end a
/// word.
const FAINT: f32 = 3e-4;

/// Where there is noise, sound within 3 dB of it is no speech, unless it is within 10 dB of the loudest.
const OVER_NOISE: f32 = 2.0;
const SURELY_LOUD: f32 = 0.1;

/// How fast the noise is believed to have grown: 3 dB in a second.
const NOISE_GROWTH: f32 = 1.011;

/// Speech that goes on for longer is cut here, and what follows is the next utterance: a television never pauses.
const UTTERANCE_MAX: Duration = Duration::from_secs(30);

/// Sound from before the start that a recogniser should hear too.
const PREFIX_SAMPLES: usize = SAMPLE_HZ / 2;

/// Tells speech from other sound.
pub(super) trait Vad: Send {
    /// How likely these 256 samples (16 kHz mono) are speech, 0 to 1.
    fn score(&mut self, window: &[i16; WINDOW_SAMPLES]) -> f32;
}

/// The `earshot` detector.
pub(super) struct Earshot(Box<earshot::Detector>);

impl Earshot {
    pub(super) fn new() -> Self {
        Self(Box::default())
    }
}

impl Vad for Earshot {
    fn score(&mut self, window: &[i16; WINDOW_SAMPLES]) -> f32 {
        self.0.predict_i16(window)
    }
}

/// What the gate tells; times are those of the sound, not of its being noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Speech began; with the sound from half a second before it on.
    Started {
        /// When it began.
        at: Duration,
        /// 16 kHz mono.
        pcm: Vec<i16>,
    },
    /// Speech goes on.
    Continued {
        /// When the last of it so far was.
        until: Duration,
        /// 16 kHz mono.
        pcm: Vec<i16>,
    },
    /// Speech ended.
    Ended {
        /// When the last of it was.
        at: Duration,
    },
}

/// Cuts sound into utterances.
pub(super) struct Gate<V> {
    vad: V,
    window: Vec<i16>,
    prefix: VecDeque<i16>,
    /// How long the opposite of the present state has lasted, and when it began; if it has not, until when it had not.
    against: Duration,
    turned: Duration,
    /// How long the gate has been open.
    length: Duration,
    is_open: bool,
    level: Level,
}

impl<V: Vad> Gate<V> {
    pub(super) fn new(vad: V) -> Self {
        Self {
            vad,
            window: Vec::with_capacity(WINDOW_SAMPLES),
            prefix: VecDeque::with_capacity(PREFIX_SAMPLES),
            against: Duration::ZERO,
            turned: Duration::ZERO,
            length: Duration::ZERO,
            is_open: false,
            level: Level::default(),
        }
    }

    /// How long it has been silent, while that does not count as the end yet; none if nobody speaks.
    pub(super) fn silence(&self) -> Option<Duration> {
        self.is_open.then_some(self.against)
    }

    /// Takes 16 kHz mono sound that ends at `now`.
    pub(super) fn push(&mut self, pcm: &[i16], now: Duration) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (sample, left) in pcm.iter().zip((0..pcm.len()).rev()) {
            self.window.push(*sample);
            if let Ok(window) = <&[i16; WINDOW_SAMPLES]>::try_from(self.window.as_slice()) {
                let score = self.vad.score(window);
                let window = std::mem::take(&mut self.window);
                edges.extend(self.judge(score, &window, now.saturating_sub(length_of(left))));
            }
        }
        edges
    }

    /// No sound comes any more: whatever was being said was over at `at`.
    pub(super) fn close(&mut self, at: Duration) -> Option<Edge> {
        let was_open = std::mem::take(&mut self.is_open);
        self.against = Duration::ZERO;
        self.prefix.clear();
        was_open.then_some(Edge::Ended { at })
    }

    /// Takes a window that ends at `now`.
    fn judge(&mut self, score: f32, window: &[i16], now: Duration) -> Option<Edge> {
        let length = length_of(WINDOW_SAMPLES);
        let is_loud = self.level.is_loud(window);
        let is_against = if self.is_open { score < OFF_SCORE || !is_loud } else { score >= ON_SCORE };
        if !is_against {
            self.against = Duration::ZERO;
            self.turned = now;
        } else {
            if self.against.is_zero() {
                self.turned = now.saturating_sub(length);
            }
            self.against += length;
        }
        if self.is_open {
            self.length += length;
            if self.against >= OFF_AFTER || self.length >= UTTERANCE_MAX {
                self.is_open = false;
                self.against = Duration::ZERO;
                return Some(Edge::Ended { at: self.turned });
            }
            return Some(Edge::Continued { until: self.turned, pcm: window.to_vec() });
        }
        self.prefix.extend(window);
        let excess = self.prefix.len().saturating_sub(PREFIX_SAMPLES);
        self.prefix.drain(..excess);
        if self.against < ON_AFTER {
            return None;
        }
        self.is_open = true;
        self.level.speech_begins();
        self.length = Duration::ZERO;
        self.against = Duration::ZERO;
        Some(Edge::Started { at: self.turned, pcm: self.prefix.drain(..).collect() })
    }
}

fn length_of(samples: usize) -> Duration {
    Duration::from_micros(1_000_000 * samples as u64 / SAMPLE_HZ as u64)
}

/// How loud speech and noise are, as power: the mean of the samples' squares.
#[derive(Debug)]
struct Level {
    noise: f32,
    /// The loudest of what is being said.
    speech: f32,
    last: f32,
}

impl Default for Level {
    fn default() -> Self {
        Self { noise: f32::INFINITY, speech: 0.0, last: 0.0 }
    }
}

impl Level {
    /// Speech has begun with the last window.
    fn speech_begins(&mut self) {
        self.speech = self.last;
    }

    /// Whether this window is loud enough to be of the speech.
    fn is_loud(&mut self, window: &[i16]) -> bool {
        let power = window.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / window.len() as f32;
        // Digital silence is no measure of noise.
        self.noise = (self.noise * NOISE_GROWTH).min(power.max(1.0));
        self.speech = self.speech.max(power);
        self.last = power;
        let noisy = (OVER_NOISE * self.noise).min(SURELY_LOUD * self.speech);
        power >= noisy.max(FAINT * self.speech)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speech is whatever is loud.
    struct Loud;

    impl Vad for Loud {
        fn score(&mut self, window: &[i16; WINDOW_SAMPLES]) -> f32 {
            f32::from(window[0]) / 100.0
        }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Plays windows of these loudnesses; gives the edges with the number of their window, sound left out.
    fn edges(levels: &[i16]) -> Vec<(usize, Edge)> {
        let mut gate = Gate::new(Loud);
        let mut edges = Vec::new();
        for (n, level) in levels.iter().enumerate() {
            for edge in gate.push(&[*level; WINDOW_SAMPLES], ms(16 * (n as u64 + 1))) {
                match edge {
                    Edge::Started { at, pcm } => edges.push((n, Edge::Started { at, pcm: vec![pcm.len() as i16] })),
                    Edge::Continued { .. } => {}
                    Edge::Ended { at } => edges.push((n, Edge::Ended { at })),
                }
            }
        }
        edges
    }

    #[test]
    fn speech_has_the_times_of_its_sound() {
        let levels = [vec![0; 10], vec![90; 20], vec![0; 30]].concat();
        let started = Edge::Started { at: ms(160), pcm: vec![14 * 256] };
        assert_eq!(edges(&levels), [(13, started), (45, Edge::Ended { at: ms(480) })]);
    }

    /// Calls everything speech once it has begun, as a detector does that forgets slowly.
    struct Slow;

    impl Vad for Slow {
        fn score(&mut self, _: &[i16; WINDOW_SAMPLES]) -> f32 {
            0.9
        }
    }

    #[test]
    fn speech_ends_with_its_last_sound_however_slowly_the_detector_forgets() {
        for (noise, faint) in [(0, 40), (3, 40), (300, 600)] {
            let mut gate = Gate::new(Slow);
            let levels = [vec![noise; 1], vec![1000; 20], vec![faint; 3], vec![noise; 16]].concat();
            let edges = (1..).zip(levels).flat_map(|(n, level)| gate.push(&[level; WINDOW_SAMPLES], ms(16 * n)));
            assert_eq!(edges.last(), Some(Edge::Ended { at: ms(24 * 16) }), "{noise}");
        }
    }

    #[test]
    fn in_silence_the_last_sound_stays_where_it_was_however_packets_come() {
        let mut gate = Gate::new(Loud);
        let mut last_sounds = Vec::new();
        for n in 1..=40 {
            // Packets of 20 ms, which no window is, up to 9 ms late.
            let level = if n <= 20 { 90 } else { 0 };
            for edge in gate.push(&[level; 320], ms(20 * n + n * 7 % 10)) {
                if let (Edge::Continued { until: at, .. } | Edge::Ended { at }, true) = (edge, n > 21) {
                    last_sounds.push(at);
                }
            }
        }
        assert!(last_sounds.len() > 10);
        assert!(last_sounds.iter().all(|at| *at == last_sounds[0]), "{last_sounds:?}");
        assert!(last_sounds[0].abs_diff(ms(400)) < ms(16), "{last_sounds:?}");
    }

    #[test]
    fn a_steady_voice_is_not_taken_for_noise() {
        let mut gate = Gate::new(Slow);
        let edges: Vec<_> = (1..=500).flat_map(|n| gate.push(&[900; WINDOW_SAMPLES], ms(16 * n))).collect();
        assert!(!edges.iter().any(|edge| matches!(edge, Edge::Ended { .. })));
    }

    #[test]
    fn clicks_do_not_open_and_short_gaps_do_not_close() {
        assert_eq!(edges(&[0, 90, 90, 90, 0, 0, 90, 90, 0]), []);
        let gap = [vec![90; 10], vec![0; 12], vec![40; 1], vec![0; 12], vec![90; 5]].concat();
        assert_eq!(edges(&gap).len(), 1);
    }

    #[test]
    fn speech_without_an_end_is_cut() {
        let windows = UTTERANCE_MAX.as_millis().div_ceil(16) as usize;
        let edges = edges(&vec![90; 2 * windows]);
        let [(3, Edge::Started { .. }), (cut, Edge::Ended { at }), (again, Edge::Started { at: next, .. })] =
            &edges[..]
        else {
            panic!("{edges:?}");
        };
        assert_eq!((*cut, *again), (3 + windows, 3 + windows + 4));
        assert_eq!((*at, *next), (ms(16 * (windows as u64 + 4)), ms(16 * (windows as u64 + 4))));
    }

    #[test]
    fn a_microphone_that_goes_off_ends_the_speech() {
        let mut gate = Gate::new(Loud);
        gate.push(&[90; 4 * WINDOW_SAMPLES], ms(64));
        assert_eq!(gate.close(ms(70)), Some(Edge::Ended { at: ms(70) }));
        assert_eq!(gate.close(ms(80)), None);
    }

    #[test]
    fn no_more_than_half_a_second_comes_before() {
        let levels = [vec![0; 100], vec![90; 4]].concat();
        let edges = edges(&levels);
        assert!(matches!(&edges[0].1, Edge::Started { pcm, .. } if pcm[0] as usize == PREFIX_SAMPLES));
    }
}
