//! What the callers ask, as their microphones send it.

use std::process::Command;

use anyhow::Context;
use opus_rs::{Application, OpusEncoder};

/// A frame: 20 ms of 16 kHz mono.
const FRAME_SAMPLES: usize = 320;
/// What a browser sends of a microphone at most (LiveKit's default for speech), in bits a second.
const BITRATE_BPS: i32 = 24_000;
/// Quieter than this is silence.
const LOUD: u16 = 300;
/// Silence before the question, from which the codec begins, and after it.
const SILENT_FRAMES: usize = 25;

/// A question, from its first loud sample to its last, in packets of 20 ms; and the silence around it.
#[derive(Debug)]
pub struct Question {
    /// The question's packets.
    pub packets: Vec<Vec<u8>>,
    /// The packets that follow; the last may go on for ever.
    pub silence: Vec<Vec<u8>>,
}

impl Question {
    /// Has flite say `text`.
    ///
    /// # Errors
    /// No flite, or a voice that it does not have.
    pub fn spoken(voice: &str, text: &str) -> anyhow::Result<Self> {
        let output = Command::new("flite").args(["-voice", voice, "-t", text, "-o", "/dev/stdout"]).output();
        let wav = output.context("flite is not there")?.stdout;
        let pcm: Vec<i16> = wav.get(44..).context("flite says nothing")?.chunks_exact(2).map(sample).collect();
        let is_loud = |sample: &i16| sample.unsigned_abs() > LOUD;
        let first = pcm.iter().position(is_loud).context("flite is silent")?;
        let last = pcm.iter().rposition(is_loud).unwrap_or(first);
        let speech = &pcm[first..=last];
        // The last sample is the last of its frame, so that the question's end is the sending of its last packet.
        let lead = speech.len().next_multiple_of(FRAME_SAMPLES) - speech.len();
        let silence = vec![0; SILENT_FRAMES * FRAME_SAMPLES];
        let pcm = [&silence, &vec![0; lead], speech, &silence].concat();
        let mut encoder = OpusEncoder::new(16_000, 1, Application::Voip).map_err(anyhow::Error::msg)?;
        encoder.bitrate_bps = BITRATE_BPS;
        let mut packet = [0; 1275];
        let mut packets = Vec::new();
        for frame in pcm.chunks_exact(FRAME_SAMPLES) {
            let length = encoder.encode_i16(frame, FRAME_SAMPLES, &mut packet).map_err(anyhow::Error::msg)?;
            packets.push(packet[..length].to_vec());
        }
        let silence = packets.split_off(packets.len() - SILENT_FRAMES);
        packets.drain(..SILENT_FRAMES);
        Ok(Self { packets, silence })
    }
}

fn sample(pair: &[u8]) -> i16 {
    i16::from_le_bytes([pair[0], pair[1]])
}
