//! flite, run once for each sentence: 26-100 ms on one core, no memory while it is quiet.

use std::{
    collections::HashMap,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::process::Command;

use super::{Pieces, Tempo, Tts};
use crate::server::agent::{
    audio::{SAMPLE_HZ, pcm},
    providers::ProviderError,
};

/// The program, found on the `PATH`.
const PROGRAM: &str = "flite";

/// Far longer than any sentence takes.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);

/// Samples of sound that are kept: 4 MiB, the greeting and the most asked answers.
const CACHE_SAMPLES: usize = 2 << 20;

/// Quieter than this is silence; flite's own floor is far below.
const SILENCE: u16 = 60;

/// A sentence begins with its first sample above this: `slt` breathes for up to 180 ms before.
const BREATH: u16 = 150;

/// Silence kept before and after a sentence.
const LEAD_SAMPLES: usize = SAMPLE_HZ * 3 / 100;
const TAIL_SAMPLES: usize = SAMPLE_HZ * 15 / 100;

/// The flite program with one of its voices.
pub(in crate::server::agent) struct Flite {
    voice: String,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    spoken: HashMap<(String, Tempo), Arc<[i16]>>,
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

    async fn spoken(&self, sentence: &str, tempo: Tempo) -> Result<Arc<[i16]>, ProviderError> {
        let key = (sentence.to_owned(), tempo);
        let known = self.cache.lock().unwrap_or_else(PoisonError::into_inner).spoken.get(&key).cloned();
        if let Some(pcm) = known {
            return Ok(pcm);
        }
        let pcm = self.run(sentence, tempo).await?;
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.samples + pcm.len() <= CACHE_SAMPLES {
            cache.samples += pcm.len();
            cache.spoken.insert(key, pcm.clone());
        }
        Ok(pcm)
    }

    async fn run(&self, sentence: &str, tempo: Tempo) -> Result<Arc<[i16]>, ProviderError> {
        let spoken: String = sentence.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        let output = Command::new(PROGRAM)
            .args(["-voice", &self.voice, "--setf", stretch(tempo), "-t", &spoken, "-o", "/dev/stdout"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(TIMEOUT, output).await.map_err(|_| ProviderError::TimedOut)??;
        let sound = pcm::samples(&output.stdout);
        let sound = sound.ok_or_else(|| ProviderError::Malformed("no 16 kHz mono sound".to_owned()))?;
        Ok(trimmed(&sound).into())
    }
}

#[async_trait]
impl Tts for Flite {
    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        // Nobody listens any more: that is no failure.
        sound.send(self.spoken(sentence, tempo).await?.to_vec()).await.ok();
        Ok(())
    }
}

/// How long flite's sounds are, as a part of what the voice's are.
fn stretch(tempo: Tempo) -> &'static str {
    match tempo {
        Tempo::Usual => "duration_stretch=1",
        Tempo::Slow => "duration_stretch=1.33",
    }
}

/// The sound without the silence around it, but for a little.
fn trimmed(pcm: &[i16]) -> Vec<i16> {
    let Some(first) = pcm.iter().position(|sample| sample.unsigned_abs() > BREATH) else { return Vec::new() };
    let last = pcm.iter().rposition(|sample| sample.unsigned_abs() > SILENCE).unwrap_or(first);
    let mut sound = pcm[first.saturating_sub(LEAD_SAMPLES)..=last].to_vec();
    sound.resize(sound.len() + TAIL_SAMPLES, 0);
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_voice_takes_a_third_longer() {
        if !Flite::is_installed() {
            eprintln!("SKIPPED: a_slow_voice_takes_a_third_longer: this machine lacks flite");
            return;
        }
        let flite = Flite::new("slt");
        let mut lengths = Vec::new();
        for tempo in [Tempo::Usual, Tempo::Slow, Tempo::Usual] {
            let sentence = "A jazz trio for three hours is twelve hundred euros.";
            lengths.push(flite.spoken(sentence, tempo).await.unwrap().len() as f64);
        }
        assert!((1.2..1.45).contains(&(lengths[1] / lengths[0])), "{lengths:?}");
        assert_eq!(lengths[2], lengths[0]);
    }

    #[test]
    fn silence_around_a_sentence_goes() {
        let pcm = [vec![0; 3000], vec![100; 2000], vec![900; 100], vec![3; 5000]].concat();
        assert_eq!(trimmed(&pcm).len(), LEAD_SAMPLES + 100 + TAIL_SAMPLES);
        assert_eq!(trimmed(&[0; 300]), [0i16; 0]);
    }
}
