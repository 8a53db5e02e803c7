//! The two ends of Opus: the assistant's voice out, a visitor's microphone in.

use opus_rs::{Application, OpusDecoder, OpusEncoder};

use super::{FRAME_SAMPLES, SAMPLE_HZ, resample::Decimator};

/// What a voice needs to sound natural in wide band.
const BITRATE_BPS: i32 = 32_000;

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
        let mut opus = OpusEncoder::new(SAMPLE_HZ as i32, 1, Application::Voip).ok()?;
        opus.bitrate_bps = BITRATE_BPS;
        Some(Self { opus, packet: [0; PACKET_BYTES] })
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
    decimator: Decimator,
    samples: Vec<f32>,
}

impl VoiceDecoder {
    /// Makes a decoder; none if the codec refuses its settings.
    pub(in crate::server::agent) fn new() -> Option<Self> {
        let opus = OpusDecoder::new(WIRE_HZ, 1).ok()?;
        Some(Self { opus, decimator: Decimator::new(), samples: vec![0.0; LONGEST_SAMPLES] })
    }

    /// Decodes a packet, after concealing the one before it if that was lost; an unreadable packet is silence of nothing.
    pub(in crate::server::agent) fn decode(&mut self, packet: &[u8], gap: bool) -> Vec<i16> {
        let mut heard = Vec::new();
        if gap && let Ok(length) = self.opus.decode(&[], LOST_SAMPLES, &mut self.samples) {
            heard.extend(self.decimator.push(&self.samples[..length]));
        }
        if let Ok(length) = self.opus.decode(packet, LONGEST_SAMPLES, &mut self.samples) {
            heard.extend(self.decimator.push(&self.samples[..length]));
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_survives_the_codec() {
        let (mut encoder, mut decoder) = (VoiceEncoder::new().unwrap(), VoiceDecoder::new().unwrap());
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
}
