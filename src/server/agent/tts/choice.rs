//! Which voices there are to choose from, as the settings name them.

use std::time::Duration;

use serde::Deserialize;

use crate::server::agent::{
    providers::{MissingKey, Place, Said, Usual},
    settings::{KeyName, Millis, ProviderUrl},
};

/// How long a voice may take until its first sound, and between two pieces of it: LiveKit Agents 1.7 gives each of its
/// fall-backs 5 s, which a caller takes for a dead line.
const PATIENCE: Duration = Duration::from_millis(2500);

const DEEPGRAM: Usual =
    Usual { provider: "deepgram", url: "https://api.deepgram.com/v1", patience: PATIENCE, keys: &["DEEPGRAM_API_KEY"] };
const OPENAI: Usual =
    Usual { provider: "openai", url: "https://api.openai.com/v1", patience: PATIENCE, keys: &["OPENAI_API_KEY"] };
const ELEVENLABS: Usual = Usual {
    provider: "elevenlabs",
    url: "https://api.elevenlabs.io/v1",
    patience: PATIENCE,
    keys: &["ELEVEN_API_KEY", "ELEVENLABS_API_KEY"],
};

/// One voice, as a table of the settings: `provider = "deepgram"`, and what of the rest is not to be as usual.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum TtsChoice {
    /// The program flite on this machine.
    Flite(FliteVoice),
    /// Deepgram's Aura.
    Deepgram(DeepgramVoice),
    /// OpenAI's, or that of a server that speaks its protocol.
    OpenAi(OpenAiVoice),
    /// ElevenLabs'.
    ElevenLabs(ElevenLabsVoice),
}

/// flite.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FliteVoice {
    /// One that `flite -lv` lists.
    pub voice: String,
}

/// Deepgram.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeepgramVoice {
    /// Model, voice and language in one.
    pub model: String,
    /// Another address, up to and with the version.
    pub url: Option<ProviderUrl>,
    /// How long it may take until its first sound.
    pub timeout_ms: Option<Millis>,
    /// The variable that holds its key.
    pub key_env: Option<KeyName>,
}

/// OpenAI.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenAiVoice {
    /// The model.
    pub model: String,
    /// The voice.
    pub voice: String,
    /// How it is to speak, in words; for models that take them.
    pub instructions: Option<String>,
    /// Another address, up to and with the version.
    pub url: Option<ProviderUrl>,
    /// How long it may take until its first sound.
    pub timeout_ms: Option<Millis>,
    /// The variable that holds its key.
    pub key_env: Option<KeyName>,
}

/// ElevenLabs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ElevenLabsVoice {
    /// The model.
    pub model: String,
    /// The voice's id.
    pub voice: String,
    /// Another address, up to and with the version.
    pub url: Option<ProviderUrl>,
    /// How long it may take until its first sound.
    pub timeout_ms: Option<Millis>,
    /// The variable that holds its key.
    pub key_env: Option<KeyName>,
}

impl Default for FliteVoice {
    /// The clearest of the voices that flite has built in.
    fn default() -> Self {
        Self { voice: "slt".to_owned() }
    }
}

impl Default for DeepgramVoice {
    fn default() -> Self {
        Self { model: "aura-2-andromeda-en".to_owned(), url: None, timeout_ms: None, key_env: None }
    }
}

impl Default for OpenAiVoice {
    fn default() -> Self {
        Self {
            model: "gpt-4o-mini-tts".to_owned(),
            voice: "marin".to_owned(),
            instructions: None,
            url: None,
            timeout_ms: None,
            key_env: None,
        }
    }
}

impl Default for ElevenLabsVoice {
    /// The fastest model, and the voice that LiveKit Agents 1.7 takes.
    fn default() -> Self {
        Self {
            model: "eleven_flash_v2_5".to_owned(),
            voice: "hpp4J3VqNfWAUOO0d1Us".to_owned(),
            url: None,
            timeout_ms: None,
            key_env: None,
        }
    }
}

/// A choice with its address and key.
#[derive(Clone, Debug)]
pub enum TtsSetting {
    /// flite, which needs neither.
    Flite(FliteVoice),
    /// Deepgram.
    Deepgram(DeepgramVoice, Place),
    /// OpenAI.
    OpenAi(OpenAiVoice, Place),
    /// ElevenLabs.
    ElevenLabs(ElevenLabsVoice, Place),
}

impl TtsChoice {
    /// Finds the key by `variable`, which reads the environment. Whoever names another address may have a server that
    /// wants none.
    ///
    /// # Errors
    /// A key that is in no variable.
    pub fn with_key(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<TtsSetting, MissingKey> {
        Ok(match self {
            Self::Flite(voice) => TtsSetting::Flite(voice),
            Self::Deepgram(voice) => {
                let said =
                    Said { url: voice.url.as_ref(), timeout_ms: voice.timeout_ms, key_env: voice.key_env.as_ref() };
                let place = DEEPGRAM.with(said, variable)?;
                TtsSetting::Deepgram(voice, place)
            }
            Self::OpenAi(voice) => {
                let said =
                    Said { url: voice.url.as_ref(), timeout_ms: voice.timeout_ms, key_env: voice.key_env.as_ref() };
                let place = OPENAI.with(said, variable)?;
                TtsSetting::OpenAi(voice, place)
            }
            Self::ElevenLabs(voice) => {
                let said =
                    Said { url: voice.url.as_ref(), timeout_ms: voice.timeout_ms, key_env: voice.key_env.as_ref() };
                let place = ELEVENLABS.with(said, variable)?;
                TtsSetting::ElevenLabs(voice, place)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        tts: Vec<TtsChoice>,
    }

    fn parsed(toml: &str) -> Result<Vec<TtsChoice>, String> {
        toml::from_str(toml).map(|file: File| file.tts).map_err(|error| error.to_string())
    }

    fn one_key(name: &'static str) -> impl Fn(&str) -> Option<String> {
        move |asked| (asked == name).then(|| "k-secret".to_owned())
    }

    #[test]
    fn a_table_says_what_is_not_as_usual() {
        let toml = "[[tts]]\nprovider = 'elevenlabs'\nvoice = 'abc'\nurl = 'http://x/v1/'\ntimeout_ms = 900\n\n[[tts]]\nprovider = 'flite'\n";
        let choices = parsed(toml).unwrap();
        assert_eq!(choices[1], TtsChoice::Flite(FliteVoice { voice: "slt".into() }));
        let TtsSetting::ElevenLabs(voice, place) = choices[0].clone().with_key(&one_key("ELEVENLABS_API_KEY")).unwrap()
        else {
            panic!("{choices:?}")
        };
        assert_eq!((&*voice.model, &*voice.voice), ("eleven_flash_v2_5", "abc"));
        assert_eq!((&*place.url, place.patience), ("http://x/v1", Duration::from_millis(900)));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for toml in [
            "[[tts]]\nprovider = 'acme'\n",
            "[[tts]]\nprovider = 'deepgram'\nvoice = 'x'\n",
            "[[tts]]\nprovider = 'openai'\ntimeout_ms = 900000\n",
            "[[tts]]\nvoice = 'slt'\n",
        ] {
            parsed(toml).unwrap_err();
        }
    }

    #[test]
    fn a_key_is_found_by_its_name_and_shown_to_nobody() {
        let named = DeepgramVoice { key_env: Some("MINE".to_owned().try_into().unwrap()), ..DeepgramVoice::default() };
        let setting = TtsChoice::Deepgram(named.clone()).with_key(&one_key("MINE")).unwrap();
        assert!(!format!("{setting:?}").contains("k-secret"));
        let missing = TtsChoice::Deepgram(named).with_key(&one_key("DEEPGRAM_API_KEY")).unwrap_err();
        assert_eq!(missing.to_string(), "deepgram needs a key in the variable MINE");
        let missing = TtsChoice::ElevenLabs(ElevenLabsVoice::default()).with_key(&|_| None).unwrap_err();
        assert_eq!(missing.to_string(), "elevenlabs needs a key in the variable ELEVEN_API_KEY or ELEVENLABS_API_KEY");
    }
}
