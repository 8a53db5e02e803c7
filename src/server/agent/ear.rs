//! One person's microphone: packets in, the beginning and end of their speech out.
//!
//! Browsers stop sending in silence (DTX), so speech also ends when packets stop. It knows no words.

use std::time::Duration;

use super::{
    audio::opus::VoiceDecoder,
    vad::{Earshot, Edge, Gate},
};

/// Opus' DTX stops sending after 200 ms of silence: no packet for the second of these after the first of silence is more
/// silence.
const HEARD_SILENCE: Duration = Duration::from_millis(120);
const DTX_AFTER: Duration = Duration::from_millis(80);

/// No packet for this long in the midst of speech is no jitter any more.
const LOST_AFTER: Duration = Duration::from_millis(1000);

/// Listens to one person.
pub struct Ear {
    decoder: VoiceDecoder,
    gate: Gate<Earshot>,
    last_packet: Duration,
    /// The track that is heard.
    track: String,
}

impl Ear {
    /// Makes an ear, with or without `noise_suppression`; none if the codec refuses.
    pub fn new(noise_suppression: bool) -> Option<Self> {
        let decoder = VoiceDecoder::new(noise_suppression)?;
        Some(Self { decoder, gate: Gate::new(Earshot::new()), last_packet: Duration::ZERO, track: String::new() })
    }

    /// The sid of the track that was heard last.
    pub(super) fn track(&self) -> &str {
        &self.track
    }

    /// Takes one packet of a `track`, which comes after a `gap` if the one before it was lost; times count from anywhere.
    pub fn on_packet(&mut self, track: &str, opus: &[u8], gap: bool, now: Duration) -> Vec<Edge> {
        if self.track != track {
            track.clone_into(&mut self.track);
        }
        self.last_packet = now;
        self.gate.push(&self.decoder.decode(opus, gap), now)
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, now: Duration) -> Option<Edge> {
        let silence = self.gate.silence()?;
        let patience = if silence >= HEARD_SILENCE { DTX_AFTER } else { LOST_AFTER };
        let has_stopped = now.saturating_sub(self.last_packet) >= patience;
        if has_stopped { self.gate.close(self.last_packet.saturating_sub(silence)) } else { None }
    }

    /// The microphone was switched off.
    pub(super) fn on_muted(&mut self, now: Duration) -> Option<Edge> {
        self.gate.close(now)
    }
}
