//! Text to speech: what an engine must do, and what it is given to say.

pub(super) mod flite;
mod sentences;

use std::sync::Arc;

use async_trait::async_trait;

pub(super) use self::sentences::sentences;

/// Speaks a sentence.
#[async_trait]
pub(super) trait Tts: Send + Sync {
    /// The sentence as sound, 16 kHz mono.
    ///
    /// # Errors
    /// An engine that fails or takes too long.
    async fn speak(&self, sentence: &str) -> Result<Arc<[i16]>, TtsError>;
}

/// Why a sentence was not spoken.
#[derive(Debug, thiserror::Error)]
pub(super) enum TtsError {
    /// The engine could not be run.
    #[error("the speech engine does not run: {0}")]
    Io(#[from] std::io::Error),
    /// The engine took too long.
    #[error("the speech engine took too long")]
    TimedOut,
    /// What came is not 16 kHz mono sound.
    #[error("the speech engine gave no 16 kHz mono sound")]
    Unusable,
}
