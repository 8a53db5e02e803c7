//! The two ends of Opus: the assistant's voice out, a visitor's microphone in.

use opus_rs::{Application, OpusDecoder, OpusEncoder};

use super::{FRAME_SAMPLES, SAMPLE_HZ, denoise::Denoiser, resample::Decimator};

/// What a voice needs to sound natural in wide band.
const BITRATE_BPS: u32 = 32_000;

/// The largest Opus packet (RFC 6716, section 3.4).
const PACKET_BYTES: usize = 1275;

/// WebRTC's clock for Opus, and its longest packet: 120 ms.
const WIRE_HZ: i32 = 48_000;
const LONGEST_SAMPLES: usize = 5760;

/// 20 ms at WebRTC's clock: what one lost packet held.
const LOST_SAMPLES: usize = 960;

/// Encodes 20 ms frames of 16 kHz mono.
pub(in crate::server::agent) struct VoiceEncoder {
    opus: OpusEncoder,
    packet: [u8; PACKET_BYTES],
}

impl VoiceEncoder {
    /// Makes an encoder; none if the codec refuses its settings.
    pub(in crate::server::agent) fn new() -> Option<Self> {
        let opus = OpusEncoder::new(SAMPLE_HZ as i32, 1, Application::Voip).ok()?;
        let mut encoder = Self { opus, packet: [0; PACKET_BYTES] };
        encoder.set_bitrate(BITRATE_BPS);
        Some(encoder)
    }

    /// Makes packets of `bps` bits a second from here on.
    pub(in crate::server::agent) fn set_bitrate(&mut self, bps: u32) {
        self.opus.bitrate_bps = i32::try_from(bps).unwrap_or(i32::MAX);
    }

    /// Encodes one frame of `FRAME_SAMPLES`; none if the codec fails.
    pub(in crate::server::agent) fn encode(&mut self, frame: &[i16]) -> Option<Vec<u8>> {
        let length = self.opus.encode_i16(frame, FRAME_SAMPLES, &mut self.packet).ok()?;
        Some(self.packet[..length].to_vec())
    }
}

/// Decodes a visitor's packets to 16 kHz mono.
pub(in crate::server::agent) struct VoiceDecoder {
    opus: OpusDecoder,
    denoiser: Option<Denoiser>,
    decimator: Decimator,
    samples: Vec<f32>,
}

impl VoiceDecoder {
    /// Makes a decoder, with or without `noise_suppression`; none if the codec refuses its settings.
    pub(in crate::server::agent) fn new(noise_suppression: bool) -> Option<Self> {
        let opus = OpusDecoder::new(WIRE_HZ, 1).ok()?;
        let denoiser = noise_suppression.then(Denoiser::new);
        Some(Self { opus, denoiser, decimator: Decimator::new(), samples: vec![0.0; LONGEST_SAMPLES] })
    }

    /// Decodes a packet, after concealing the one before it if that was lost; an unreadable packet is silence of nothing.
    pub(in crate::server::agent) fn decode(&mut self, packet: &[u8], gap: bool) -> Vec<i16> {
        let mut heard = Vec::new();
        if gap && let Ok(length) = self.opus.decode(&[], LOST_SAMPLES, &mut self.samples) {
            heard.extend(self.thinned(length));
        }
        if let Ok(length) = self.opus.decode(packet, LONGEST_SAMPLES, &mut self.samples) {
            heard.extend(self.thinned(length));
        }
        heard
    }

    /// The first `length` of the decoded samples, at 16 kHz.
    fn thinned(&mut self, length: usize) -> Vec<i16> {
        match &mut self.denoiser {
            Some(denoiser) => self.decimator.push(&denoiser.push(&self.samples[..length])),
            None => self.decimator.push(&self.samples[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_survives_the_codec() {
        let (mut encoder, mut decoder) = (VoiceEncoder::new().unwrap(), VoiceDecoder::new(false).unwrap());
        let tone: Vec<i16> = (0..16_000)
            .map(|n| ((n as f32 * 440.0 * std::f32::consts::TAU / 16_000.0).sin() * 8000.0) as i16)
            .collect();
        let mut heard = Vec::new();
        for frame in tone.chunks(FRAME_SAMPLES) {
            let packet = encoder.encode(frame).unwrap();
            assert!((20..300).contains(&packet.len()));
            heard.extend(decoder.decode(&packet, false));
        }
        assert_eq!(heard.len(), tone.len());
        let crossings = heard[8000..].windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
        assert!((215..=225).contains(&crossings), "{crossings}");
        let peak = heard[8000..].iter().max().unwrap();
        assert!((6000..10_000).contains(peak), "{peak}");
    }

    /// Frames of a voice-like sound: a tone whose level goes up and down.
    fn voice() -> Vec<Vec<i16>> {
        let sample = |n: usize| {
            let t = n as f32 / SAMPLE_HZ as f32;
            (t * 220.0 * std::f32::consts::TAU).sin() * (t * 3.0 * std::f32::consts::TAU).sin() * 9000.0
        };
        let pcm: Vec<i16> = (0..SAMPLE_HZ).map(|n| sample(n) as i16).collect();
        pcm.chunks(FRAME_SAMPLES).map(<[i16]>::to_vec).collect()
    }

    #[test]
    fn the_bitrate_is_what_was_asked_for() {
        for bps in [16_000, 24_000, 32_000] {
            let mut encoder = VoiceEncoder::new().unwrap();
            encoder.set_bitrate(bps);
            let bytes: usize = voice().iter().map(|frame| encoder.encode(frame).unwrap().len()).sum();
            assert!((bps as usize / 2..bps as usize * 5 / 4).contains(&(bytes * 8)), "{bps}: {}", bytes * 8);
        }
    }

    #[test]
    fn a_lost_packet_is_concealed() {
        let (mut encoder, mut decoder) = (VoiceEncoder::new().unwrap(), VoiceDecoder::new(false).unwrap());
        let tone = |n: usize| ((n as f32 * 220.0 * std::f32::consts::TAU / SAMPLE_HZ as f32).sin() * 8000.0) as i16;
        let pcm: Vec<i16> = (0..SAMPLE_HZ).map(tone).collect();
        let packets: Vec<_> = pcm.chunks(FRAME_SAMPLES).map(|frame| encoder.encode(frame).unwrap()).collect();
        let energy = |pcm: &[i16]| pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        let before = packets[..30].iter().map(|packet| energy(&decoder.decode(packet, false))).last().unwrap();
        let heard = decoder.decode(&packets[31], true);
        assert_eq!(heard.len(), 2 * FRAME_SAMPLES);
        let concealed = energy(&heard[..FRAME_SAMPLES]);
        assert!(concealed > before / 4.0 && concealed < before * 2.0, "{concealed} {before}");
    }
}
