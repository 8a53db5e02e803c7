//! Text to speech: what an engine must do, and what it is given to say.

pub(super) mod flite;
pub(super) mod pace;
mod sentences;

use async_trait::async_trait;
use tokio::sync::mpsc;

pub(super) use self::sentences::Splitter;

/// Where a sentence's sound goes: pieces of any length, 16 kHz mono.
pub(super) type Pieces = mpsc::Sender<Vec<i16>>;

/// Speaks.
#[async_trait]
pub(super) trait Tts: Send + Sync {
    /// Speaks a sentence into `sound`, piece by piece as it is made. Dropping the future stops that, and closes what it
    /// holds open.
    ///
    /// # Errors
    /// An engine that fails or takes too long; what it has sent until then stands.
    async fn speak(&self, sentence: &str, sound: &Pieces) -> Result<(), TtsError>;
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
