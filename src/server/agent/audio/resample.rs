//! To the 16 kHz that the engines here hear and speak: from WebRTC's 48 kHz by a low-pass filter and then each third
//! sample, from the 24 kHz that some voices speak by way of 48.

/// Input samples for one output sample.
const RATIO: usize = 3;

/// Taps of the filter: 80 dB of stop band, 1 ms of delay.
const TAPS: usize = 96;

/// Where the filter cuts, as a part of the input rate: 7.2 of 48 kHz, below the 8 kHz that 16 kHz can carry.
const CUTOFF: f64 = 0.15;

/// Thins 48 kHz mono out to 16 kHz, block after block without a seam.
#[derive(Debug)]
pub(in crate::server::agent) struct Decimator {
    taps: Vec<f32>,
    history: Vec<f32>,
}

impl Decimator {
    pub(in crate::server::agent) fn new() -> Self {
        let centre = (TAPS - 1) as f64 / 2.0;
        let windowed_sinc = |tap: usize| {
            let x = tap as f64 - centre;
            let sinc = (std::f64::consts::TAU * CUTOFF * x).sin() / (std::f64::consts::PI * x);
            let phase = std::f64::consts::TAU * tap as f64 / (TAPS - 1) as f64;
            let blackman = 0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
            (sinc * blackman) as f32
        };
        let mut taps: Vec<f32> = (0..TAPS).map(windowed_sinc).collect();
        let gain: f32 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= gain);
        Self { taps, history: vec![0.0; TAPS - RATIO] }
    }

    /// Takes 48 kHz samples (-1 to 1), a multiple of three, and gives a third as many.
    pub(in crate::server::agent) fn push(&mut self, samples: &[f32]) -> Vec<i16> {
        self.history.extend_from_slice(samples);
        let windows = self.history.windows(TAPS).step_by(RATIO);
        let thinned = windows.map(|window| {
            let sum: f32 = window.iter().zip(&self.taps).map(|(sample, tap)| sample * tap).sum();
            (sum * 32_768.0).clamp(-32_768.0, 32_767.0) as i16
        });
        let thinned: Vec<i16> = thinned.collect();
        self.history.drain(..thinned.len() * RATIO);
        thinned
    }
}

/// Turns 24 kHz mono to 16 kHz, block after block without a seam.
#[derive(Debug)]
pub(in crate::server::agent) struct From24 {
    decimator: Decimator,
    /// Samples at 48 kHz that do not make up one at 16 kHz yet.
    rest: Vec<f32>,
}

impl From24 {
    pub(in crate::server::agent) fn new() -> Self {
        Self { decimator: Decimator::new(), rest: Vec::new() }
    }

    /// Takes 24 kHz samples and gives two for each three.
    pub(in crate::server::agent) fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        // A zero after each sample is 48 kHz at half the level, with mirror images above 12 kHz that the filter takes out.
        self.rest.extend(samples.iter().flat_map(|sample| [f32::from(*sample) / 16_384.0, 0.0]));
        let ready = self.rest.len() / RATIO * RATIO;
        let ready: Vec<f32> = self.rest.drain(..ready).collect();
        self.decimator.push(&ready)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level_after(hz: f64) -> f32 {
        let mut decimator = Decimator::new();
        let sine: Vec<f32> =
            (0..48_000).map(|n| ((f64::from(n) * hz * std::f64::consts::TAU / 48_000.0).sin() * 0.5) as f32).collect();
        let out: Vec<i16> = sine.chunks(960).flat_map(|block| decimator.push(block)).collect();
        assert_eq!(out.len(), 16_000);
        let power: f32 = out[1000..].iter().map(|s| (f32::from(*s) / 32_768.0).powi(2)).sum::<f32>() / 15_000.0;
        20.0 * (power.sqrt() / (0.5 / 2f32.sqrt())).log10()
    }

    #[test]
    fn speech_passes_and_what_would_alias_does_not() {
        assert!(level_after(300.0).abs() < 0.1);
        assert!(level_after(5_000.0).abs() < 0.5);
        assert!(level_after(9_500.0) < -55.0, "{}", level_after(9_500.0));
        assert!(level_after(15_000.0) < -60.0);
    }

    /// A 24 kHz sine of half the full scale at `hz`, in blocks of a length that nothing divides.
    fn from_24(hz: f64) -> Vec<i16> {
        let sine: Vec<i16> = (0..24_000)
            .map(|n| ((f64::from(n) * hz * std::f64::consts::TAU / 24_000.0).sin() * 16_384.0) as i16)
            .collect();
        let mut from = From24::new();
        sine.chunks(331).flat_map(|block| from.push(block)).collect()
    }

    #[test]
    fn a_voice_at_24_khz_keeps_its_pitch_and_level() {
        for hz in [200.0, 1000.0, 5000.0] {
            let out = from_24(hz);
            assert_eq!(out.len(), 16_000);
            let crossings = out[1000..].windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
            assert!(crossings.abs_diff((hz * 15.0 / 16.0) as usize) <= 1, "{hz}: {crossings}");
            let peak = out[1000..].iter().max().copied().unwrap_or_default();
            assert!((15_400..17_000).contains(&peak), "{hz}: {peak}");
        }
        // What 16 kHz cannot carry is gone.
        assert!(from_24(10_000.0)[1000..].iter().all(|sample| sample.abs() < 100));
    }
}
