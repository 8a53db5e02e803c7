//! Speech to text: what an engine must do.

use tokio::sync::mpsc;

/// Turns utterances into words.
pub(super) trait Stt: Send + Sync {
    /// Gets ready, in the background: a call has begun.
    fn warm(&self);

    /// Begins an utterance; its words go to `words`, which hears of nothing once the utterance is dropped.
    fn begin(&self, words: mpsc::Sender<Words>) -> Box<dyn Utterance>;
}

/// An utterance that is being recognised; dropping it gives it up.
pub(super) trait Utterance: Send {
    /// Takes more of it, 16 kHz mono.
    fn hear(&mut self, pcm: &[i16]);

    /// It is over: the final words are wanted.
    fn finish(self: Box<Self>);
}

/// What an engine understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// All of it so far; may still change.
    Interim(String),
    /// All of it; empty if nothing was understood.
    Final(String),
}
