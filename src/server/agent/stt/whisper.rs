//! whisper.cpp, its program run once for each utterance: the model of the user's choice, on this machine.
//!
//! Its server can be used as well, as `provider = "openai"` with that server's address: it speaks OpenAI's protocol when it
//! is started with `--inference-path /v1/audio/transcriptions`.

use std::process::Stdio;

use async_trait::async_trait;
use tokio::{io::AsyncWriteExt, process::Command};

use super::{Reader, Recogniser, SoFar, WhisperEar};
use crate::server::agent::{audio::pcm::wav, providers::ProviderError};

/// whisper.cpp with a model.
pub(super) struct Whisper {
    ear: WhisperEar,
}

impl Whisper {
    pub(super) fn new(ear: WhisperEar) -> Self {
        Self { ear }
    }
}

#[async_trait]
impl Recogniser for Whisper {
    async fn recognise(&self, sound: Reader, _: &SoFar) -> Result<String, ProviderError> {
        let wav = wav(&sound.whole().await);
        let mut child = Command::new(&self.ear.program)
            .arg("--model")
            .arg(&self.ear.model)
            .args(["--file", "-", "--language", &self.ear.language, "--no-timestamps", "--no-prints"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut stdin = child.stdin.take();
        let write = async {
            if let Some(mut stdin) = stdin.take() {
                // A program that does not read to the end says so by how it ends.
                stdin.write_all(&wav).await.ok();
            }
        };
        let ((), output) = tokio::join!(write, child.wait_with_output());
        let output = output?;
        if !output.status.success() {
            return Err(ProviderError::Malformed(format!("an error: {}", output.status)));
        }
        Ok(words(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// The words of what the program has printed, without its notes on other sounds: `[BLANK_AUDIO]`, `(music)`.
fn words(printed: &str) -> String {
    let mut depth = 0u32;
    let spoken: String = printed
        .chars()
        .filter(|char| {
            match char {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect();
    spoken.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, path::Path};

    use tokio::sync::mpsc;

    use super::*;
    use crate::server::agent::stt::{UtteranceId, recording::Recording};

    #[test]
    fn notes_on_other_sounds_are_no_words() {
        assert_eq!(words("\n What does it cost?\n (music) Please. [BLANK_AUDIO]\n"), "What does it cost? Please.");
        assert_eq!(words(" [BLANK_AUDIO]\n"), "");
    }

    async fn recognised(program: String) -> Result<String, ProviderError> {
        let model = "ggml-base.en.bin".to_owned();
        let whisper = Whisper::new(WhisperEar { program, model, language: "en".to_owned(), timeout_ms: None });
        let recording = Recording::new();
        recording.hear(&[1, 2, 3]);
        recording.finish();
        let (words, _) = mpsc::channel(1);
        whisper.recognise(recording.reader(), &SoFar { utterance: UtteranceId(1), words }).await
    }

    /// A program that runs this script.
    fn program(folder: &Path, name: &str, script: &str) -> String {
        let program = folder.join(name);
        std::fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn the_program_hears_the_utterance_and_prints_its_words() {
        let folder = std::env::temp_dir().join(format!("frontdesk-whisper-{:x}", rand::random::<u64>()));
        std::fs::create_dir(&folder).unwrap();
        let heard = recognised(program(&folder, "prints", "echo \" $*: $(wc -c) bytes.\"")).await.unwrap();
        assert_eq!(heard, "--model ggml-base.en.bin --file - --language en --no-timestamps --no-prints: 50 bytes.");
        let failed = recognised(program(&folder, "fails", "exit 1")).await;
        assert!(matches!(failed, Err(ProviderError::Malformed(_))), "{failed:?}");
        let missing = recognised("/no/such/program".to_owned()).await;
        assert!(matches!(missing, Err(ProviderError::Program(_))), "{missing:?}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
