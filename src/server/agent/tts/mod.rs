//! Text to speech: what an engine must do, which there are, and what they are given to say.

mod choice;
mod deepgram;
mod elevenlabs;
mod fallback;
mod flite;
mod openai;
pub(super) mod pace;
mod sentences;
mod stream;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

pub use self::choice::{DeepgramVoice, ElevenLabsVoice, FliteVoice, OpenAiVoice, TtsChoice, TtsSetting};
pub(super) use self::sentences::Splitter;
use self::{
    deepgram::Deepgram,
    elevenlabs::ElevenLabs,
    fallback::{Fallback, Voice},
    flite::Flite,
    openai::OpenAi,
};
use super::providers::{ProviderError, Web};

/// Where a sentence's sound goes: pieces of any length, 16 kHz mono.
pub type Pieces = mpsc::Sender<Vec<i16>>;

/// How fast a sentence is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tempo {
    /// As the voice speaks.
    #[default]
    Usual,
    /// Slower, for a caller who asked for that: three quarters of it, where the voice can.
    Slow,
}

/// Speaks.
#[async_trait]
pub trait Tts: Send + Sync {
    /// Gets ready, in the background: a call has begun.
    fn warm(&self) {}

    /// Speaks a sentence into `sound`, piece by piece as it is made. Dropping the future stops that, and closes what it
    /// holds open.
    ///
    /// # Errors
    /// An engine that fails or takes too long; what it has sent until then stands.
    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError>;
}

/// The voices of `settings`, each of which stands in for those before it, but for flite where this machine has none; none
/// where there is no voice at all. The sound of `apology` is kept for when none of them speaks any more.
pub fn engine(settings: &[TtsSetting], apology: &str) -> Option<Arc<dyn Tts>> {
    let web = Web::new()?;
    let is_local = |setting: &TtsSetting| matches!(setting, TtsSetting::Flite(_));
    let has_flite = settings.iter().any(is_local) && Flite::is_installed();
    let usable = settings.iter().filter(|setting| has_flite || !is_local(setting));
    let voices: Vec<Voice> = usable.map(|setting| voice(setting, &web)).collect();
    // A voice of this machine does not fail for want of a network, so that nothing has to be kept.
    let kept = (!has_flite).then(|| apology.to_owned());
    (!voices.is_empty()).then(|| Arc::new(Fallback::new(voices, kept)) as Arc<_>)
}

fn voice(setting: &TtsSetting, web: &Web) -> Voice {
    let web = web.clone();
    match setting {
        TtsSetting::Flite(voice) => Voice::new("flite", flite::TIMEOUT, Flite::new(&*voice.voice)),
        TtsSetting::Deepgram(voice, place) => {
            Voice::new("deepgram", place.patience, Deepgram::new(web, place, &voice.model))
        }
        TtsSetting::OpenAi(voice, place) => {
            Voice::new("openai", place.patience, OpenAi::new(web, place, voice.clone()))
        }
        TtsSetting::ElevenLabs(voice, place) => {
            Voice::new("elevenlabs", place.patience, ElevenLabs::new(web, place, voice))
        }
    }
}
