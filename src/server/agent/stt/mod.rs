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
#[cfg_attr(not(feature = "pocketsphinx"), expect(dead_code, reason = "without a recogniser nobody makes them"))]
pub(super) enum Words {
    /// All of it so far; may still change.
    Interim(String),
    /// All of it; empty if nothing was understood.
    Final(String),
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
