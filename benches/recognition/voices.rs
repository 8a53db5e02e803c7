//! Who says it, and how it reaches the assistant: flite's voices, noise, Opus.

use std::process::Command;

use anyhow::Context;
use opus_rs::{Application, OpusEncoder};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// The samples of a second, and of a packet of 20 ms: 16 kHz mono.
const SAMPLE_HZ: usize = 16_000;
const FRAME_SAMPLES: usize = 320;
/// What a call has where the connection is good, in bits a second.
const BITRATE_BPS: i32 = 32_000;
/// Noise, or silence, before the first word and after the last.
const LEAD_SAMPLES: usize = SAMPLE_HZ / 2;
const TAIL_SAMPLES: usize = SAMPLE_HZ;
/// Quieter than this is no speech, whose level the noise is measured against.
const SILENCE: u16 = 60;

/// What `voice` says, 16 kHz mono.
///
/// # Errors
/// No flite, or a voice that it does not have.
pub fn speech(voice: &str, text: &str) -> anyhow::Result<Vec<i16>> {
    let output = Command::new("flite").args(["-voice", voice, "-t", text, "-o", "/dev/stdout"]).output();
    let wav = output.context("flite is not there")?.stdout;
    let pcm: Vec<i16> = wav
        .get(44..)
        .context("flite says nothing")?
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    // kal16 and its like say it at 16 kHz; flite's other rates are not asked for.
    anyhow::ensure!(wav[24..28] == (SAMPLE_HZ as u32).to_le_bytes(), "{voice} does not speak at 16 kHz");
    Ok(pcm)
}

/// The packets of `speech` in pink noise that is `snr_db` quieter; the same each time.
///
/// # Errors
/// A codec that refuses.
pub fn packets(speech: &[i16], snr_db: Option<f64>) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut pcm = vec![0.0; LEAD_SAMPLES];
    pcm.extend(speech.iter().map(|sample| f64::from(*sample)));
    pcm.resize(pcm.len() + TAIL_SAMPLES, 0.0);
    pcm.resize(pcm.len().next_multiple_of(FRAME_SAMPLES), 0.0);
    if let Some(snr_db) = snr_db {
        let loud: Vec<f64> = speech.iter().filter(|s| s.unsigned_abs() > SILENCE).map(|s| f64::from(*s)).collect();
        let noise = pink(pcm.len());
        let gain = (power(&loud) / power(&noise) / 10f64.powf(snr_db / 10.0)).sqrt();
        pcm.iter_mut().zip(noise).for_each(|(sample, noise)| *sample += gain * noise);
    }
    let mut encoder = OpusEncoder::new(SAMPLE_HZ as i32, 1, Application::Voip).map_err(anyhow::Error::msg)?;
    encoder.bitrate_bps = BITRATE_BPS;
    let mut packet = [0; 1275];
    let frames = pcm.chunks_exact(FRAME_SAMPLES).map(|frame| {
        let frame: Vec<i16> = frame.iter().map(|sample| sample.clamp(-32_768.0, 32_767.0) as i16).collect();
        let length = encoder.encode_i16(&frame, FRAME_SAMPLES, &mut packet).map_err(anyhow::Error::msg)?;
        Ok(packet[..length].to_vec())
    });
    frames.collect()
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len().max(1) as f64
}

/// Noise with as much power in each octave, as rooms and streets have it: white noise through Paul Kellet's filter.
fn pink(samples: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(20);
    let mut poles = [0.0; 3];
    (0..samples)
        .map(|_| {
            let white: f64 = random.random_range(-1.0..1.0);
            for (pole, (keep, gain)) in
                poles.iter_mut().zip([(0.99765, 0.0990460), (0.96300, 0.2965164), (0.57000, 1.0526913)])
            {
                *pole = keep * *pole + gain * white;
            }
            poles.iter().sum::<f64>() + 0.1848 * white
        })
        .collect()
}
