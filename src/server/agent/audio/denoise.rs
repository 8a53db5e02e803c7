//! Noise taken out of a voice, by RNNoise's recurrent network (`nnnoiseless`): 10 ms frames at 48 kHz, 10 ms later. A rumble
//! goes at once; a hiss hardly does.

use nnnoiseless::DenoiseState;

/// RNNoise counts in 16-bit samples.
const FULL_SCALE: f32 = 32_768.0;

/// Takes noise out, block after block without a seam.
pub(super) struct Denoiser {
    state: Box<DenoiseState<'static>>,
    /// Samples that do not make up a frame yet.
    rest: Vec<f32>,
}

impl Denoiser {
    pub(super) fn new() -> Self {
        Self { state: DenoiseState::new(), rest: Vec::with_capacity(DenoiseState::FRAME_SIZE) }
    }

    /// Takes 48 kHz samples (-1 to 1), and gives as many as make up whole frames.
    pub(super) fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        let mut clean = Vec::with_capacity(samples.len() + DenoiseState::FRAME_SIZE);
        let mut frame = [0.0; DenoiseState::FRAME_SIZE];
        for sample in samples {
            self.rest.push(sample * FULL_SCALE);
            if self.rest.len() == DenoiseState::FRAME_SIZE {
                self.state.process_frame(&mut frame, &self.rest);
                clean.extend(frame.iter().map(|sample| sample / FULL_SCALE));
                self.rest.clear();
            }
        }
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn a_rumble_goes_whatever_the_blocks() {
        // Brownian noise out of a linear congruential generator: the same each time.
        let (mut seed, mut level) = (1u32, 0.0);
        let noise: Vec<f32> = (0..48_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                level = level * 0.99 + (seed as f32 / u32::MAX as f32 - 0.5) * 0.03;
                level
            })
            .collect();
        let mut denoiser = Denoiser::new();
        let clean: Vec<f32> = noise.chunks(700).flat_map(|block| denoiser.push(block)).collect();
        assert_eq!(clean.len(), 48_000);
        // Once it has listened for half a second, less than a hundredth is left.
        assert!(power(&clean[24_000..]) * 100.0 < power(&noise), "{} {}", power(&clean[24_000..]), power(&noise));
    }
}
