//! Sound: Opus packets to samples that the engines hear, and back. It knows no network and no speech.

pub(super) mod opus;
pub(super) mod resample;
