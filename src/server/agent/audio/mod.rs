//! Sound: Opus packets to samples that the engines hear, and back. It knows no network and no speech.

mod denoise;
pub(super) mod opus;
pub(super) mod pcm;
pub(super) mod recording;
pub(super) mod resample;

/// Samples of a second: 16 kHz mono, what the speech engines here hear and speak.
pub(super) const SAMPLE_HZ: usize = 16_000;

/// Samples of a frame: 20 ms.
pub(super) const FRAME_SAMPLES: usize = SAMPLE_HZ / 50;
