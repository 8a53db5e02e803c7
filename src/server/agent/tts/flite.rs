//! flite, run once for each sentence: 26-100 ms on one core, no memory while it is quiet.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::process::Command;

use super::{Pieces, Tts, TtsError};
use crate::server::agent::audio::SAMPLE_HZ;

/// The program, found on the `PATH`.
const PROGRAM: &str = "flite";

/// Far longer than any sentence takes.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Samples of sound that are kept: 4 MiB, the greeting and the most asked answers.
const CACHE_SAMPLES: usize = 2 << 20;

/// Quieter than this is silence; flite's own floor is far below.
const SILENCE: u16 = 60;

/// Silence kept before and after a sentence.
const LEAD_SAMPLES: usize = SAMPLE_HZ / 100;
const TAIL_SAMPLES: usize = SAMPLE_HZ * 15 / 100;

/// The flite program with one of its voices.
pub(in crate::server::agent) struct Flite {
    voice: String,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    spoken: HashMap<String, Arc<[i16]>>,
    samples: usize,
}

impl Flite {
    /// Whether the program is on this machine.
    pub(in crate::server::agent) fn is_installed() -> bool {
        let quiet = std::process::Command::new(PROGRAM)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        quiet.is_ok()
    }

    /// Speaks with `voice`, one that `flite -lv` lists.
    pub(in crate::server::agent) fn new(voice: impl Into<String>) -> Self {
        Self { voice: voice.into(), cache: Mutex::default() }
    }

    async fn spoken(&self, sentence: &str) -> Result<Arc<[i16]>, TtsError> {
        let known = self.cache.lock().unwrap_or_else(PoisonError::into_inner).spoken.get(sentence).cloned();
        if let Some(pcm) = known {
            return Ok(pcm);
        }
        let pcm = self.run(sentence).await?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.samples + pcm.len() <= CACHE_SAMPLES {
            cache.samples += pcm.len();
            cache.spoken.insert(sentence.to_owned(), pcm.clone());
        }
        Ok(pcm)
    }

    async fn run(&self, sentence: &str) -> Result<Arc<[i16]>, TtsError> {
        let spoken: String = sentence.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        let output = Command::new(PROGRAM)
            .args(["-voice", &self.voice, "-t", &spoken, "-o", "/dev/stdout"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(TIMEOUT, output).await.map_err(|_| TtsError::TimedOut)??;
        samples(&output.stdout).map(|pcm| trimmed(&pcm).into()).ok_or(TtsError::Unusable)
    }
}

#[async_trait]
impl Tts for Flite {
    async fn speak(&self, sentence: &str, sound: &Pieces) -> Result<(), TtsError> {
        let pcm = self.spoken(sentence).await?;
        // Nobody listens any more: that is no failure.
        sound.send(pcm.to_vec()).await.ok();
        Ok(())
    }
}

/// The samples of a WAV file, 16 kHz mono i16; none if it is anything else.
fn samples(wav: &[u8]) -> Option<Vec<i16>> {
    let header = wav.get(..44)?;
    let is_wav = header.starts_with(b"RIFF") && &header[8..12] == b"WAVE" && &header[36..40] == b"data";
    let channels = u16::from_le_bytes([header[22], header[23]]);
    let rate = u32::from_le_bytes([header[24], header[25], header[26], header[27]]);
    let bits = u16::from_le_bytes([header[34], header[35]]);
    let fits = is_wav && channels == 1 && rate as usize == SAMPLE_HZ && bits == 16;
    fits.then(|| wav[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// The sound without the silence around it, but for a little.
fn trimmed(pcm: &[i16]) -> Vec<i16> {
    let is_loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
    let Some(first) = pcm.iter().position(is_loud) else { return Vec::new() };
    let last = pcm.iter().rposition(is_loud).unwrap_or(first);
    let mut sound = pcm[first.saturating_sub(LEAD_SAMPLES)..=last].to_vec();
    sound.resize(sound.len() + TAIL_SAMPLES, 0);
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_a_sentence_goes() {
        let pcm = [vec![0; 5000], vec![900; 100], vec![3; 5000]].concat();
        assert_eq!(trimmed(&pcm).len(), LEAD_SAMPLES + 100 + TAIL_SAMPLES);
        assert_eq!(trimmed(&[0; 300]), [0i16; 0]);
    }

    #[test]
    fn only_what_fits_is_taken() {
        assert_eq!(samples(b"RIFF"), None);
        let mut wav = b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend(16_000u32.to_le_bytes());
        wav.extend(32_000u32.to_le_bytes());
        wav.extend(b"\x02\0\x10\0data\x04\0\0\0\x01\0\xff\xff");
        assert_eq!(samples(&wav), Some(vec![1, -1]));
        wav[24] = 0;
        assert_eq!(samples(&wav), None);
    }
}
