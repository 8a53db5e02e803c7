//! Which recognisers there are to choose from, as the settings name them.

use std::time::Duration;

use serde::Deserialize;

use crate::server::agent::{
    providers::{MissingKey, Place, Said, Usual},
    settings::{KeyName, Millis, ProviderUrl},
};

/// How long a recogniser that listens all along may take from the end of speech to its words: twice the time after which
/// 99 of 100 of Deepgram's have come, and some.
const STREAMING_PATIENCE: Duration = Duration::from_millis(1000);

/// How long one may take that begins at the end: OpenAI's 99th percentile is 1660 ms.
pub(super) const PATIENCE: Duration = Duration::from_millis(2500);

const DEEPGRAM: Usual = Usual {
    provider: "deepgram",
    url: "https://api.deepgram.com/v1",
    patience: STREAMING_PATIENCE,
    keys: &["DEEPGRAM_API_KEY"],
};
const OPENAI: Usual =
    Usual { provider: "openai", url: "https://api.openai.com/v1", patience: PATIENCE, keys: &["OPENAI_API_KEY"] };

/// One recogniser, as a table of the settings: `provider = "deepgram"`, and what of the rest is not to be as usual.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase")]
pub enum SttChoice {
    /// PocketSphinx on this machine.
    PocketSphinx(PocketSphinxEar),
    /// Deepgram's Nova.
    Deepgram(DeepgramEar),
    /// OpenAI's, or that of a server that speaks its protocol.
    OpenAi(OpenAiEar),
    /// whisper.cpp on this machine.
    Whisper(WhisperEar),
}

/// PocketSphinx, with which there is nothing to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PocketSphinxEar {}

/// Deepgram.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeepgramEar {
    /// The model.
    pub model: String,
    /// The language, if not the model's own.
    pub language: Option<String>,
    /// Another address, up to and with the version.
    pub url: Option<ProviderUrl>,
    /// How long it may take from the end of speech to its words.
    pub timeout_ms: Option<Millis>,
    /// The variable that holds its key.
    pub key_env: Option<KeyName>,
}

/// OpenAI.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenAiEar {
    /// The model.
    pub model: String,
    /// The language, if the model is not to find out.
    pub language: Option<String>,
    /// Another address, up to and with the version.
    pub url: Option<ProviderUrl>,
    /// How long it may take from the end of speech to its words.
    pub timeout_ms: Option<Millis>,
    /// The variable that holds its key.
    pub key_env: Option<KeyName>,
}

/// whisper.cpp.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhisperEar {
    /// The model's file, which has to be named.
    pub model: String,
    /// The language.
    #[serde(default = "english")]
    pub language: String,
    /// The program, by its path or as the `PATH` has it.
    #[serde(default = "whisper_cli")]
    pub program: String,
    /// How long it may take from the end of speech to its words.
    pub timeout_ms: Option<Millis>,
}

fn english() -> String {
    "en".to_owned()
}

fn whisper_cli() -> String {
    "whisper-cli".to_owned()
}

impl Default for DeepgramEar {
    fn default() -> Self {
        Self { model: "nova-3".to_owned(), language: None, url: None, timeout_ms: None, key_env: None }
    }
}

impl Default for OpenAiEar {
    fn default() -> Self {
        Self { model: "gpt-4o-mini-transcribe".to_owned(), language: None, url: None, timeout_ms: None, key_env: None }
    }
}

impl WhisperEar {
    pub(super) fn patience(&self) -> Duration {
        self.timeout_ms.map_or(PATIENCE, |ms| ms.0)
    }
}

/// A choice with its address and key.
#[derive(Clone, Debug)]
pub enum SttSetting {
    /// PocketSphinx, which needs neither.
    PocketSphinx(PocketSphinxEar),
    /// Deepgram.
    Deepgram(DeepgramEar, Place),
    /// OpenAI.
    OpenAi(OpenAiEar, Place),
    /// whisper.cpp, which needs neither.
    Whisper(WhisperEar),
}

impl SttChoice {
    /// Finds the key by `variable`, which reads the environment. Whoever names another address may have a server that
    /// wants none.
    ///
    /// # Errors
    /// A key that is in no variable.
    pub fn with_key(self, variable: &dyn Fn(&str) -> Option<String>) -> Result<SttSetting, MissingKey> {
        Ok(match self {
            Self::PocketSphinx(ear) => SttSetting::PocketSphinx(ear),
            Self::Deepgram(ear) => {
                let said = Said { url: ear.url.as_ref(), timeout_ms: ear.timeout_ms, key_env: ear.key_env.as_ref() };
                let place = DEEPGRAM.with(said, variable)?;
                SttSetting::Deepgram(ear, place)
            }
            Self::OpenAi(ear) => {
                let said = Said { url: ear.url.as_ref(), timeout_ms: ear.timeout_ms, key_env: ear.key_env.as_ref() };
                let place = OPENAI.with(said, variable)?;
                SttSetting::OpenAi(ear, place)
            }
            Self::Whisper(ear) => SttSetting::Whisper(ear),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        stt: Vec<SttChoice>,
    }

    fn parsed(toml: &str) -> Result<Vec<SttChoice>, String> {
        toml::from_str(toml).map(|file: File| file.stt).map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_says_what_is_not_as_usual() {
        let toml = "[[stt]]\nprovider = 'deepgram'\nmodel = 'nova-2'\ntimeout_ms = 700\n\n[[stt]]\nprovider = 'whisper'\nmodel = '/m.bin'\n\n[[stt]]\nprovider = 'pocketsphinx'\n";
        let choices = parsed(toml).unwrap();
        let whisper = WhisperEar {
            model: "/m.bin".into(),
            language: "en".into(),
            program: "whisper-cli".into(),
            timeout_ms: None,
        };
        assert_eq!(choices[1..], [SttChoice::Whisper(whisper), SttChoice::PocketSphinx(PocketSphinxEar {})]);
        let key = |name: &str| (name == "DEEPGRAM_API_KEY").then(|| "k".to_owned());
        let SttSetting::Deepgram(ear, place) = choices[0].clone().with_key(&key).unwrap() else {
            panic!("{choices:?}")
        };
        assert_eq!((&*ear.model, &*place.url), ("nova-2", "https://api.deepgram.com/v1"));
        assert_eq!(place.patience, Duration::from_millis(700));
        let missing = SttChoice::OpenAi(OpenAiEar::default()).with_key(&key).unwrap_err();
        assert_eq!(missing.to_string(), "openai needs a key in the variable OPENAI_API_KEY");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for toml in [
            "[[stt]]\nprovider = 'acme'\n",
            "[[stt]]\nprovider = 'pocketsphinx'\nmodel = 'x'\n",
            "[[stt]]\nmodel = 'x'\n",
            "[[stt]]\nprovider = 'whisper'\n",
        ] {
            parsed(toml).unwrap_err();
        }
    }
}
