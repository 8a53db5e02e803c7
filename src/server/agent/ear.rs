//! One person's microphone: packets in, the beginning and end of their speech out.
//!
//! Browsers stop sending in silence (DTX), so speech also ends when packets stop. What a browser recorded before the
//! assistant was there is heard first, and what comes meanwhile waits for it. It knows no words.

use std::time::Duration;

use super::{
    audio::{FRAME_SAMPLES, opus::VoiceDecoder},
    vad::{Earshot, Edge, Gate},
};

/// Opus' DTX stops sending after 200 ms of silence: no packet for the second of these after the first of silence is more
/// silence.
const HEARD_SILENCE: Duration = Duration::from_millis(120);
const DTX_AFTER: Duration = Duration::from_millis(80);

/// No packet for this long in the midst of speech is no jitter any more.
const LOST_AFTER: Duration = Duration::from_millis(1000);

/// How long a recording is waited for: as long as LiveKit Agents do.
const RECORDING_WAIT: Duration = Duration::from_secs(3);

/// What a frame lasts.
const FRAME: Duration = Duration::from_millis(20);

/// Listens to one person.
pub struct Ear {
    decoder: VoiceDecoder,
    gate: Gate<Earshot>,
    last_packet: Duration,
    /// The track that is heard.
    track: String,
    recording: Recording,
}

/// A recording of what was said before.
enum Recording {
    /// None is to come, or it is of no use any more.
    None,
    /// It is to come, and what is heard meanwhile waits; `has_come` when it is being read.
    Awaited { until: Duration, has_come: bool, held: Vec<Held> },
    /// It was waited for in vain, and nobody has spoken since.
    Late { has_come: bool },
}

/// A packet that waits for it.
struct Held {
    opus: Vec<u8>,
    gap: bool,
    at: Duration,
}

impl Ear {
    /// Makes an ear, with or without `noise_suppression`; none if the codec refuses.
    pub fn new(noise_suppression: bool) -> Option<Self> {
        let decoder = VoiceDecoder::new(noise_suppression)?;
        let (gate, track) = (Gate::new(Earshot::new()), String::new());
        Some(Self { decoder, gate, last_packet: Duration::ZERO, track, recording: Recording::None })
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
        if let Recording::Awaited { held, .. } = &mut self.recording {
            held.push(Held { opus: opus.to_owned(), gap, at: now });
            return Vec::new();
        }
        self.hear(opus, gap, now)
    }

    fn hear(&mut self, opus: &[u8], gap: bool, at: Duration) -> Vec<Edge> {
        let edges = self.gate.push(&self.decoder.decode(opus, gap), at);
        if !edges.is_empty() {
            self.recording = Recording::None;
        }
        edges
    }

    /// A recording of what `track` heard before is to come.
    pub(super) fn await_recording(&mut self, track: &str, now: Duration) {
        track.clone_into(&mut self.track);
        self.recording = Recording::Awaited { until: now + RECORDING_WAIT, has_come: false, held: Vec::new() };
    }

    /// Whether a recording is to come, or is being read.
    pub(super) fn awaits_recording(&self) -> bool {
        matches!(self.recording, Recording::Awaited { .. })
    }

    /// A recording is here; whether it is to be read.
    pub(super) fn takes_recording(&mut self) -> bool {
        match &mut self.recording {
            Recording::Awaited { has_come, .. } | Recording::Late { has_come } => !std::mem::replace(has_come, true),
            Recording::None => false,
        }
    }

    /// The recording came, 16 kHz mono: it ends where the packets begin. One that comes after somebody spoke is not heard.
    pub(super) fn on_recording(&mut self, pcm: &[i16], now: Duration) -> Vec<Edge> {
        let held = match std::mem::replace(&mut self.recording, Recording::None) {
            Recording::Awaited { held, .. } => held,
            Recording::Late { .. } => Vec::new(),
            Recording::None => return Vec::new(),
        };
        let end = held.first().map_or(now, |first| first.at.saturating_sub(FRAME));
        let frames = pcm.chunks(FRAME_SAMPLES);
        let after = (0..frames.len() as u32).rev().map(|left| FRAME * left);
        let edges = frames.zip(after).flat_map(|(frame, after)| self.gate.push(frame, end.saturating_sub(after)));
        let mut edges: Vec<Edge> = edges.collect();
        self.last_packet = self.last_packet.max(end);
        edges.extend(self.release(held));
        edges
    }

    fn release(&mut self, held: Vec<Held>) -> Vec<Edge> {
        held.into_iter().flat_map(|Held { opus, gap, at }| self.hear(&opus, gap, at)).collect()
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, now: Duration) -> Vec<Edge> {
        match &mut self.recording {
            Recording::Awaited { until, has_come, held } if now >= *until => {
                let (held, has_come) = (std::mem::take(held), *has_come);
                self.recording = Recording::Late { has_come };
                self.release(held)
            }
            Recording::None | Recording::Awaited { .. } | Recording::Late { .. } => {
                self.silent(now).into_iter().collect()
            }
        }
    }

    /// Packets may have stopped.
    fn silent(&mut self, now: Duration) -> Option<Edge> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::agent::audio::opus::VoiceEncoder;

    /// Frames that the detector takes for a voice: buzzing, up and down.
    fn voice(frames: usize) -> Vec<i16> {
        let sample = |n: usize| {
            let t = n as f32 / 16_000.0;
            let buzz: f32 = (1..12).map(|k| (t * 130.0 * k as f32 * std::f32::consts::TAU).sin() / k as f32).sum();
            buzz * (0.6 + 0.4 * (t * 4.0 * std::f32::consts::TAU).sin()) * 6000.0
        };
        (0..frames * FRAME_SAMPLES).map(|n| sample(n) as i16).collect()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Packets of silence from 5 s on; gives what was told of them, and the ear.
    fn listens(ear: &mut Ear, count: u64) -> Vec<Edge> {
        let mut encoder = VoiceEncoder::new().unwrap();
        let packets = (0..count).map(|n| (encoder.encode(&[0; FRAME_SAMPLES]).unwrap(), ms(5000 + 20 * n)));
        packets.flat_map(|(opus, at)| ear.on_packet("TR_a", &opus, false, at)).collect()
    }

    #[test]
    fn what_was_recorded_comes_before_what_is_heard() {
        let mut ear = Ear::new(false).unwrap();
        assert!(!ear.takes_recording());
        ear.await_recording("TR_a", ms(4900));
        assert_eq!(listens(&mut ear, 30), []);
        // It comes once.
        assert!(ear.takes_recording() && !ear.takes_recording());
        let edges = ear.on_recording(&voice(100), ms(5600));
        let [Edge::Started { at: start, .. }, .., Edge::Ended { at: end }] = &edges[..] else { panic!("{edges:?}") };
        assert!(*start >= ms(2950) && *start < ms(3400), "{start:?}");
        assert!(*end > ms(4800) && *end < ms(5250), "{end:?}");
    }

    #[test]
    fn a_recording_that_does_not_come_is_waited_for_no_longer() {
        let mut ear = Ear::new(false).unwrap();
        ear.await_recording("TR_a", ms(4900));
        listens(&mut ear, 5);
        assert_eq!(ear.on_tick(ms(7899)), []);
        assert!(matches!(ear.recording, Recording::Awaited { .. }));
        assert_eq!(ear.on_tick(ms(7900)), []);
        // It is heard late where nobody has spoken since.
        assert!(ear.takes_recording());
        let edges = ear.on_recording(&voice(100), ms(9000));
        assert!(matches!(edges[0], Edge::Started { at, .. } if at >= ms(6950) && at < ms(7400)), "{:?}", edges[0]);
    }

    #[test]
    fn a_recording_that_comes_after_somebody_spoke_is_of_no_use() {
        let mut ear = Ear::new(false).unwrap();
        ear.await_recording("TR_a", ms(0));
        ear.on_tick(ms(3000));
        let mut encoder = VoiceEncoder::new().unwrap();
        let spoken = voice(20);
        let frames = (0u64..).zip(spoken.chunks(FRAME_SAMPLES));
        let edges = frames.flat_map(|(n, frame)| {
            let opus = encoder.encode(frame).unwrap();
            ear.on_packet("TR_a", &opus, false, ms(4000 + 20 * n))
        });
        assert!(edges.count() > 0);
        assert!(!ear.takes_recording());
        assert_eq!(ear.on_recording(&voice(100), ms(5000)), []);
    }
}
