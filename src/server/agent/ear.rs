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
    awaited: Option<Awaited>,
}

/// A recording that is to come.
struct Awaited {
    until: Duration,
    /// Whether it is here, and being read.
    has_come: bool,
    held: Vec<Held>,
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
        Some(Self { decoder, gate, last_packet: Duration::ZERO, track, awaited: None })
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
        if let Some(awaited) = &mut self.awaited {
            awaited.held.push(Held { opus: opus.to_owned(), gap, at: now });
            return Vec::new();
        }
        self.gate.push(&self.decoder.decode(opus, gap), now)
    }

    /// A recording of what `track` heard before is to come.
    pub(super) fn await_recording(&mut self, track: &str, now: Duration) {
        track.clone_into(&mut self.track);
        self.awaited = Some(Awaited { until: now + RECORDING_WAIT, has_come: false, held: Vec::new() });
    }

    /// A recording is here; whether it is to be read.
    pub(super) fn takes_recording(&mut self) -> bool {
        self.awaited.as_mut().is_some_and(|awaited| !std::mem::replace(&mut awaited.has_come, true))
    }

    /// The recording came, 16 kHz mono: it ends where the packets begin. One that comes too late is not heard.
    pub(super) fn on_recording(&mut self, pcm: &[i16], now: Duration) -> Vec<Edge> {
        let Some(awaited) = self.awaited.take() else { return Vec::new() };
        let end = awaited.held.first().map_or(now, |first| first.at.saturating_sub(FRAME));
        let frames = pcm.chunks(FRAME_SAMPLES);
        let after = (0..frames.len() as u32).rev().map(|left| FRAME * left);
        let edges = frames.zip(after).flat_map(|(frame, after)| self.gate.push(frame, end.saturating_sub(after)));
        let mut edges: Vec<Edge> = edges.collect();
        self.last_packet = self.last_packet.max(end);
        edges.extend(self.release(awaited));
        edges
    }

    fn release(&mut self, awaited: Awaited) -> Vec<Edge> {
        let held = awaited.held.into_iter();
        held.flat_map(|Held { opus, gap, at }| self.gate.push(&self.decoder.decode(&opus, gap), at)).collect()
    }

    /// Time has passed.
    pub(super) fn on_tick(&mut self, now: Duration) -> Vec<Edge> {
        match self.awaited.take_if(|awaited| now >= awaited.until) {
            Some(awaited) => self.release(awaited),
            None => self.silent(now).into_iter().collect(),
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
        assert!(ear.awaited.is_some());
        assert_eq!(ear.on_tick(ms(7900)), []);
        assert!(ear.awaited.is_none());
        assert_eq!(ear.on_recording(&voice(100), ms(8000)), []);
    }
}
