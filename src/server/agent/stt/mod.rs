//! Speech to text: what an engine must do.

#[cfg(feature = "pocketsphinx")]
mod language_model;
#[cfg(feature = "pocketsphinx")]
mod opinions;
#[cfg(feature = "pocketsphinx")]
mod phrases;
#[cfg(feature = "pocketsphinx")]
mod pocketsphinx;

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::faq::Faq;

/// Turns utterances into words.
pub(super) trait Stt: Send + Sync {
    /// Gets ready, in the background: a call has begun.
    fn warm(&self);

    /// Begins the utterance `id`; its words go to `words`, which hears of nothing once the utterance is dropped.
    fn begin(&self, id: UtteranceId, words: mpsc::Sender<Words>) -> Box<dyn Utterance>;
}

/// An utterance's number in its call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UtteranceId(pub(super) u64);

impl UtteranceId {
    /// The number of the utterance after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An utterance that is being recognised; dropping it gives it up.
pub(super) trait Utterance: Send {
    /// Takes more of it, 16 kHz mono.
    fn hear(&mut self, pcm: &[i16]);

    /// It is probably over: the words so far are wanted soon, as [`Words`] that are not final. An engine that can give them
    /// only at the end leaves this out.
    fn flush(&mut self) {}

    /// It is over: the final words are wanted.
    fn finish(self: Box<Self>);
}

/// What an engine understood of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// The utterance.
    pub(super) utterance: UtteranceId,
    /// All of it so far; empty if nothing was understood.
    pub(super) text: String,
    /// Whether it will not change any more; each utterance that was finished has one such text.
    pub(super) is_final: bool,
}

/// The recogniser that this program was built with and this machine has the models of, if any.
#[cfg(feature = "pocketsphinx")]
pub(super) fn of_this_machine(faq: &Faq) -> Option<Arc<dyn Stt>> {
    pocketsphinx::PocketSphinx::is_installed().then(|| Arc::new(pocketsphinx::PocketSphinx::new(faq)) as Arc<_>)
}

/// No recogniser: this program was built without one.
#[cfg(not(feature = "pocketsphinx"))]
pub(super) fn of_this_machine(_faq: &Faq) -> Option<Arc<dyn Stt>> {
    None
}
