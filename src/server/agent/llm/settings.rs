//! Which model answers, as the assistant's file names it.

use std::time::Duration;

use serde::Deserialize;

use super::cloud::Provider;
use crate::server::agent::settings::{KeyName, Millis, ProviderUrl};

/// A model that may answer; the first of the list that can does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase", deny_unknown_fields)]
pub enum LlmChoice {
    /// The script: the site's own questions, messages, and nothing to pay for.
    Script,
    /// Claude.
    Anthropic(CloudChoice),
    /// Gemini.
    Gemini(CloudChoice),
    /// OpenAI, or any server that speaks as it does: Ollama, llama.cpp, vLLM.
    OpenAi(CloudChoice),
}

/// A model behind an HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudChoice {
    /// The model's name; a fast one of the provider's by default.
    pub model: Option<String>,
    /// The interface's address, where it is not the provider's own.
    pub url: Option<ProviderUrl>,
    /// The environment variable that holds the key, where it is not the provider's usual one.
    pub key_env: Option<KeyName>,
    /// How long the first word may take.
    #[serde(default = "first_word")]
    pub first_word_ms: Millis,
}

/// A slow answer still beats another provider's from the beginning; LiveKit Agents waits 10 s.
fn first_word() -> Millis {
    Millis(Duration::from_secs(5))
}

impl LlmChoice {
    /// The provider behind the network and its settings; none for the script.
    pub(in crate::server::agent) fn cloud(&self) -> Option<(Provider, &CloudChoice)> {
        match self {
            Self::Script => None,
            Self::Anthropic(choice) => Some((Provider::Anthropic, choice)),
            Self::Gemini(choice) => Some((Provider::Gemini, choice)),
            Self::OpenAi(choice) => Some((Provider::OpenAi, choice)),
        }
    }
}

impl CloudChoice {
    /// The variable that holds the key for `provider`.
    pub(in crate::server::agent) fn key_name(&self, provider: Provider) -> &str {
        self.key_env.as_ref().map_or(provider.key_env(), KeyName::as_str)
    }

    /// Whether it cannot do without a key: whoever names another address may have a server that wants none.
    pub(in crate::server::agent) fn needs_key(&self) -> bool {
        self.url.is_none() || self.key_env.is_some()
    }
}
