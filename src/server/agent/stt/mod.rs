//! Speech to text: what an engine must do, and which there are.

mod attention;
mod choice;
mod deepgram;
mod fallback;
#[cfg(feature = "pocketsphinx")]
mod language_model;
#[cfg(feature = "pocketsphinx")]
mod local;
mod openai;
#[cfg(feature = "pocketsphinx")]
mod opinions;
#[cfg(feature = "pocketsphinx")]
mod phrases;
#[cfg(feature = "pocketsphinx")]
mod pocketsphinx;
mod recording;
mod whisper;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

pub use self::{
    attention::Attention,
    choice::{DeepgramEar, OpenAiEar, PocketSphinxEar, SttChoice, SttSetting, WhisperEar},
};
use self::{
    deepgram::Deepgram,
    fallback::{Ear, Fallback},
    openai::OpenAi,
    recording::Reader,
    whisper::Whisper,
};
use super::providers::{ProviderError, Web};
use crate::domain::faq::Faq;

/// Turns utterances into words.
pub trait Stt: Send + Sync {
    /// Gets ready, in the background: somebody's microphone is on.
    fn warm(&self);

    /// Begins the utterance `id`; its words go to `words`, which hears of nothing once the utterance is dropped.
    fn begin(&self, id: UtteranceId, words: mpsc::Sender<Words>) -> Box<dyn Utterance>;
}

/// An utterance's number in its call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtteranceId(pub u64);

impl UtteranceId {
    /// The number of the utterance after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An utterance that is being recognised; dropping it gives it up.
pub trait Utterance: Send {
    /// Takes more of it, 16 kHz mono.
    fn hear(&mut self, pcm: &[i16]);

    /// It is probably over: the words so far are wanted soon, as [`Words`] that are not final. Unless more is heard, they are
    /// all that [`Utterance::finish`] will ask for. An engine that can give them only at the end leaves this out.
    fn flush(&mut self) {}

    /// It is over: the final words are wanted.
    fn finish(self: Box<Self>);
}

/// What was understood of an utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// The utterance.
    pub utterance: UtteranceId,
    /// All of it so far.
    pub understood: Understood,
}

/// How much was understood. Each utterance that was finished ends with one that is not [`Understood::SoFar`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Understood {
    /// The words so far, which may change.
    SoFar(String),
    /// The words; empty if there were none to understand.
    All(String),
    /// Nobody is left who could have understood it.
    Lost,
}

/// Who recognises one utterance; what a list of engines is made of.
#[async_trait]
trait Recogniser: Send + Sync {
    /// Gets ready, in the background.
    fn warm(&self) {}

    /// Gives the words of an utterance once it is over, and tells `so_far` of them before. Dropping the future stops
    /// that, and closes what it holds open.
    async fn recognise(&self, sound: Reader, so_far: &SoFar) -> Result<String, ProviderError>;
}

/// Where the words of an utterance go while it is being said.
struct SoFar {
    utterance: UtteranceId,
    words: mpsc::Sender<Words>,
}

impl SoFar {
    /// Tells the words so far; worth it only while there is room for them.
    fn tell(&self, text: String) {
        self.words.try_send(Words { utterance: self.utterance, understood: Understood::SoFar(text) }).ok();
    }
}

/// The recognisers of `settings`, each of which stands in for those before it, and PocketSphinx after them all where this
/// program and this machine have it; none where nothing recognises speech.
pub fn engine(settings: &[SttSetting], faq: &Faq) -> Option<Arc<dyn Stt>> {
    if settings.iter().all(|setting| matches!(setting, SttSetting::PocketSphinx(_))) {
        return of_this_machine(faq);
    }
    let web = Web::new()?;
    let mut ears: Vec<Ear> = settings.iter().filter_map(|setting| ear(setting, &web, faq)).collect();
    if !settings.iter().any(|setting| matches!(setting, SttSetting::PocketSphinx(_))) {
        ears.extend(ear(&SttSetting::PocketSphinx(PocketSphinxEar::default()), &web, faq));
    }
    Some(Arc::new(Fallback::new(ears)))
}

fn ear(setting: &SttSetting, web: &Web, faq: &Faq) -> Option<Ear> {
    let web = web.clone();
    match setting {
        SttSetting::PocketSphinx(_) => local_ear(faq),
        SttSetting::Deepgram(ear, place) => Some(Ear::new("deepgram", place.patience, Deepgram::new(web, place, ear))),
        SttSetting::OpenAi(ear, place) => {
            Some(Ear::new("openai", place.patience, OpenAi::new(web, place, ear.clone())))
        }
        SttSetting::Whisper(ear) => Some(Ear::new("whisper", ear.patience(), Whisper::new(ear.clone()))),
    }
}

#[cfg(feature = "pocketsphinx")]
fn local_ear(faq: &Faq) -> Option<Ear> {
    of_this_machine(faq).map(|stt| Ear::new("pocketsphinx", choice::PATIENCE, local::Local(stt)))
}

#[cfg(not(feature = "pocketsphinx"))]
fn local_ear(_faq: &Faq) -> Option<Ear> {
    None
}

/// The recogniser that this program was built with and this machine has the models of, if any.
#[cfg(feature = "pocketsphinx")]
fn of_this_machine(faq: &Faq) -> Option<Arc<dyn Stt>> {
    pocketsphinx::PocketSphinx::is_installed().then(|| Arc::new(pocketsphinx::PocketSphinx::new(faq)) as Arc<_>)
}

/// No recogniser: this program was built without one.
#[cfg(not(feature = "pocketsphinx"))]
fn of_this_machine(_faq: &Faq) -> Option<Arc<dyn Stt>> {
    None
}
