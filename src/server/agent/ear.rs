//! One person's microphone: packets in, the beginning and end of their speech out.
//!
//! Browsers send next to nothing in silence, so time that passes without packets counts as silence. It knows no words.

use std::time::Duration;

use super::{
    audio::opus::VoiceDecoder,
    playout::FRAME_SAMPLES,
    vad::{Earshot, Edge, Gate},
};

/// After this long without a packet there is silence, not jitter.
const SILENT_AFTER: Duration = Duration::from_millis(80);

/// Listens to one person.
pub(super) struct Ear {
    decoder: VoiceDecoder,
    gate: Gate<Earshot>,
    last_packet: Duration,
    /// The track that is heard.
    track: String,
}

impl Ear {
    /// Makes an ear; none if the codec refuses.
    pub(super) fn new() -> Option<Self> {
        let decoder = VoiceDecoder::new()?;
        Some(Self { decoder, gate: Gate::new(Earshot::new()), last_packet: Duration::ZERO, track: String::new() })
    }

    /// The sid of the track that was heard last.
    pub(super) fn track(&self) -> &str {
        &self.track
    }

    /// Takes one packet.
    pub(super) fn on_packet(&mut self, track: &str, opus: &[u8], gap: bool, now: Duration) -> Vec<Edge> {
        if self.track != track {
            track.clone_into(&mut self.track);
        }
        self.last_packet = now;
        self.gate.push(&self.decoder.decode(opus, gap), now)
    }

    /// 20 ms have passed.
    pub(super) fn on_tick(&mut self, now: Duration) -> Vec<Edge> {
        if !self.gate.is_open() || now.saturating_sub(self.last_packet) < SILENT_AFTER {
            return Vec::new();
        }
        self.gate.push(&[0; FRAME_SAMPLES], now)
    }

    /// The microphone was switched off.
    pub(super) fn on_muted(&mut self, now: Duration) -> Option<Edge> {
        self.gate.close(now)
    }
}
