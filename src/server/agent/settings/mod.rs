//! The assistant's file, `assistant.toml`: who it is, what answers, how long things take.
//!
//! Read once at start. An error names file, line and field. Keys are not in it: it names the variables that hold them.

mod values;

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use serde::Deserialize;

pub use self::values::{CallingCode, KeyName, Millis, ProviderUrl, Words};
use super::{llm::LlmChoice, phrases::Phrases, providers::MissingKey, stt::SttChoice, tts::TtsChoice};

/// Everything that the file says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The name that visitors see.
    pub name: Words,
    /// What it says first.
    pub greeting: Words,
    /// Who it is and how it behaves, for models.
    #[serde(default)]
    pub persona: String,
    /// The language that it speaks, by its English name.
    #[serde(default = "english")]
    pub language: Words,
    /// flite's voice, one that `flite -lv` lists.
    #[serde(default = "slt")]
    pub voice: Words,
    /// The country that numbers without a country code are taken to be in.
    pub calling_code: Option<CallingCode>,
    /// What recognises speech, in the order in which it is asked; PocketSphinx stands behind them all.
    #[serde(default)]
    pub stt: Vec<SttChoice>,
    /// What speaks, in the order in which it is asked; flite stands behind them all.
    #[serde(default)]
    pub tts: Vec<TtsChoice>,
    /// Whether noise is taken out of what is heard.
    #[serde(default)]
    pub noise_suppression: bool,
    /// What answers, in the order in which it is asked.
    #[serde(default = "script")]
    pub llm: Vec<LlmChoice>,
    /// How long things take.
    #[serde(default)]
    pub timings: Timings,
    /// What it says without a model.
    #[serde(default)]
    pub phrases: Phrases,
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// From the end of speech to the answer, when the sentence sounds complete.
    pub endpoint_min_ms: Millis,
    /// The same, when it ends on a word that something must follow.
    pub endpoint_max_ms: Millis,
    /// Speech this long pauses the assistant.
    pub pause_after_ms: Millis,
    /// Speech shorter than this does not interrupt: the assistant goes on after it.
    pub interruption_min_ms: Millis,
    /// After a pause without words for this long, the assistant goes on.
    pub false_interruption_ms: Millis,
    /// For this long after the assistant's first sound of a call, sound alone does not interrupt it: echo cancellation
    /// has to learn first.
    pub echo_warm_up_ms: Millis,
    /// Silence after which it asks whether anybody is there; after as much again, twice, it hangs up.
    pub still_there_ms: Millis,
    /// The longest call, in minutes.
    pub longest_call_minutes: u32,
}

impl Default for Timings {
    /// LiveKit Agents 1.7's defaults where it has them, with its tuned endpoint of 300 ms.
    fn default() -> Self {
        let ms = |ms| Millis(Duration::from_millis(ms));
        Self {
            endpoint_min_ms: ms(300),
            endpoint_max_ms: ms(2500),
            pause_after_ms: ms(100),
            interruption_min_ms: ms(300),
            false_interruption_ms: ms(2000),
            echo_warm_up_ms: ms(1000),
            still_there_ms: ms(20_000),
            longest_call_minutes: 55,
        }
    }
}

fn english() -> Words {
    Words::try_from("English".to_owned()).expect("not empty")
}

/// The clearest of the voices that flite has built in.
fn slt() -> Words {
    Words::try_from("slt".to_owned()).expect("not empty")
}

fn script() -> Vec<LlmChoice> {
    vec![LlmChoice::Script]
}

/// The keys that the file's choices need, by the name of their variable.
pub type Keys = HashMap<String, SecretString>;

/// Why the assistant's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is missing or not readable.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("{}: {place}{reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line and its field, with a colon after them; empty where the parser cannot tell.
        place: String,
        /// The parser's reason. It does not quote the line, which might hold a key.
        reason: String,
    },
    /// A list that must name something is empty.
    #[error("{}: `{field}` names nothing", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// The list.
        field: &'static str,
    },
    /// A provider's key is not there.
    #[error("{}: `{provider}` needs a key in the variable {variable}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The provider.
        provider: &'static str,
        /// The variable that should hold its key.
        variable: String,
    },
}

impl Settings {
    /// Reads the file at `path`, and of `variable` the keys that it asks for.
    ///
    /// # Errors
    /// A file that cannot be used, or a key that is missing.
    pub fn load(path: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<(Self, Keys), SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        Self::read(&text, path, variable)
    }

    fn read(text: &str, path: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<(Self, Keys), SettingsError> {
        let malformed = |error: toml::de::Error| SettingsError::Malformed {
            path: path.to_owned(),
            place: place(text, &error),
            reason: error.message().to_owned(),
        };
        let settings: Self = toml::from_str(text).map_err(malformed)?;
        if settings.llm.is_empty() {
            return Err(SettingsError::Empty { path: path.to_owned(), field: "llm" });
        }
        let mut keys = Keys::new();
        for (provider, choice) in settings.llm.iter().filter_map(LlmChoice::cloud) {
            let name = choice.key_name(provider);
            match variable(name).filter(|key| !key.trim().is_empty()) {
                Some(key) => drop(keys.insert(name.to_owned(), SecretString::from(key))),
                None if choice.needs_key() => {
                    let (path, variable) = (path.to_owned(), name.to_owned());
                    return Err(SettingsError::NoKey { path, provider: provider.as_str(), variable });
                }
                None => {}
            }
        }
        let found = RefCell::new(&mut keys);
        // Every key that a choice finds is kept for when it is used.
        let note = |name: &str| {
            let key = variable(name)?;
            found.borrow_mut().insert(name.to_owned(), SecretString::from(key.clone()));
            Some(key)
        };
        let ears = settings.stt.iter().filter_map(|ear| ear.clone().with_key(&note).err());
        let voices = settings.tts.iter().filter_map(|voice| voice.clone().with_key(&note).err());
        if let Some(MissingKey { provider, variable }) = ears.chain(voices).next() {
            return Err(SettingsError::NoKey { path: path.to_owned(), provider, variable });
        }
        Ok((settings, keys))
    }
}

/// Where in `text` the parser stopped: the line, counted from 1, and the field that stands on it.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(span) = error.span() else { return String::new() };
    let before = &text[..span.start.min(text.len())];
    let line = before.matches('\n').count();
    let field = text.lines().nth(line).and_then(|line| line.split_once('=')).map(|(field, _)| field.trim());
    field.map_or_else(|| format!("line {}: ", line + 1), |field| format!("line {}, `{field}`: ", line + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "name = \"Mia\"\ngreeting = \"Hello.\"\n";

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<(Settings, Keys), String> {
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        Settings::read(text, Path::new("assistant.toml"), variable).map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_that_comes_with_the_program_is_good_and_needs_no_key() {
        let (settings, keys) = Settings::load(Path::new("content/assistant.toml"), |_| None).unwrap();
        assert_eq!(settings.llm, [LlmChoice::Script]);
        assert!(keys.is_empty());
        assert_eq!(settings.timings, Timings::default());
    }

    #[test]
    fn a_name_and_a_greeting_are_enough() {
        let (settings, _) = read(LEAST, &[]).unwrap();
        assert_eq!((settings.name.as_str(), settings.voice.as_str()), ("Mia", "slt"));
    }

    #[test]
    fn providers_are_asked_in_the_files_order_with_their_own_keys() {
        let text = format!(
            "{LEAST}
            [[llm]]
            provider = \"anthropic\"
            [[llm]]
            provider = \"openai\"
            model = \"llama3\"
            url = \"http://127.0.0.1:11434/v1\"
            [[llm]]
            provider = \"gemini\"
            key_env = \"MY_KEY\"
            first_word_ms = 900
            [[llm]]
            provider = \"script\""
        );
        let (settings, keys) = read(&text, &[("ANTHROPIC_API_KEY", "a"), ("MY_KEY", "b")]).unwrap();
        assert_eq!(settings.llm.len(), 4);
        let mut names: Vec<_> = keys.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["ANTHROPIC_API_KEY", "MY_KEY"]);
        let refusal = read(&text, &[("ANTHROPIC_API_KEY", "a")]).unwrap_err();
        assert_eq!(refusal, "assistant.toml: `gemini` needs a key in the variable MY_KEY");
    }

    #[test]
    fn recognisers_and_voices_are_lists_with_keys_of_their_own() {
        let text = format!(
            "noise_suppression = true
            {LEAST}
            [[stt]]
            provider = \"deepgram\"
            [[stt]]
            provider = \"pocketsphinx\"
            [[tts]]
            provider = \"elevenlabs\"
            timeout_ms = 900
            [[tts]]
            provider = \"openai\"
            url = \"http://127.0.0.1:8880/v1\""
        );
        let (settings, keys) = read(&text, &[("DEEPGRAM_API_KEY", "a"), ("ELEVENLABS_API_KEY", "b")]).unwrap();
        assert_eq!((settings.stt.len(), settings.tts.len(), settings.noise_suppression), (2, 2, true));
        let mut names: Vec<_> = keys.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY"]);
        let refusal = read(&text, &[("DEEPGRAM_API_KEY", "a")]).unwrap_err();
        assert_eq!(
            refusal,
            "assistant.toml: `elevenlabs` needs a key in the variable ELEVEN_API_KEY or ELEVENLABS_API_KEY"
        );
    }

    #[test]
    fn every_error_names_its_line() {
        for (text, line, what) in [
            ("greeting = \"x\"\nname = 3", 2, "invalid type"),
            ("name = \"a\"\ngreeting = \" \"", 2, "must not be empty"),
            ("name = \"a\"\ngreeting = \"b\"\ncolour = 1", 3, "unknown field `colour`"),
            ("name = \"a\"\ngreeting = \"b\"\n[[llm]]\nprovider = \"magic\"", 4, "unknown variant `magic`"),
            ("name = \"a\"\ngreeting = \"b\"\n[timings]\nendpoint_min_ms = 900000", 4, "in milliseconds"),
            ("name = \"a\"\ngreeting = \"b\"\ncalling_code = \"x\"", 3, "calling code"),
            (
                "name = \"a\"\ngreeting = \"b\"\n[[llm]]\nprovider = \"openai\"\nurl = \"ftp://x\"",
                3,
                "`url` must be an address",
            ),
            (
                "name = \"a\"\ngreeting = \"b\"\n[[llm]]\nprovider = \"openai\"\nkey_env = \"sk-123\"",
                3,
                "`key_env` must name",
            ),
        ] {
            let refusal = read(text, &[]).unwrap_err();
            assert!(refusal.contains(&format!(": line {line}")) && refusal.contains(what), "{text}\n{refusal}");
            assert!(!refusal.contains("sk-123"), "{refusal}");
        }
        assert_eq!(read(&format!("llm = []\n{LEAST}"), &[]).unwrap_err(), "assistant.toml: `llm` names nothing");
    }
}
