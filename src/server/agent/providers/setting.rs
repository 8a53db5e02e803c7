//! Where a provider is, how long it may take and what opens it, as the settings have it.

use std::time::Duration;

use secrecy::SecretString;

use crate::server::agent::settings::{KeyName, Millis, ProviderUrl};

/// A provider's address, patience and key.
#[derive(Clone, Debug)]
pub struct Place {
    /// `http://` or `https://`, up to and with the version, without a slash at the end.
    pub url: String,
    /// How long it may take until its first sound, or its words after the end of speech.
    pub patience: Duration,
    /// The key, shown to nobody; empty where none is needed.
    pub key: SecretString,
}

/// A provider whose key is in no variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider} needs a key in the variable {variable}")]
pub struct MissingKey {
    /// The provider, as the settings name it.
    pub provider: &'static str,
    /// Where its key was looked for.
    pub variable: String,
}

/// What a provider is if the settings do not say otherwise.
pub(in crate::server::agent) struct Usual {
    pub(in crate::server::agent) provider: &'static str,
    pub(in crate::server::agent) url: &'static str,
    pub(in crate::server::agent) patience: Duration,
    /// The variables that may hold its key, the first wins.
    pub(in crate::server::agent) keys: &'static [&'static str],
}

/// What the settings say of it.
#[derive(Clone, Copy)]
pub(in crate::server::agent) struct Said<'a> {
    pub(in crate::server::agent) url: Option<&'a ProviderUrl>,
    pub(in crate::server::agent) timeout_ms: Option<Millis>,
    pub(in crate::server::agent) key_env: Option<&'a KeyName>,
}

impl Usual {
    /// The place that the settings mean; `variable` reads the environment.
    ///
    /// # Errors
    /// A key that is in no variable, where one is needed.
    pub(in crate::server::agent) fn with(
        &self,
        said: Said<'_>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Place, MissingKey> {
        let names = said.key_env.map_or(self.keys.to_vec(), |name| vec![name.as_str()]);
        let key = names.iter().find_map(|name| variable(name).filter(|key| !key.trim().is_empty()));
        let key = match key {
            Some(key) => key.trim().to_owned(),
            None if said.url.is_some() && said.key_env.is_none() => String::new(),
            None => return Err(MissingKey { provider: self.provider, variable: names.join(" or ") }),
        };
        let url = said.url.map_or_else(|| self.url.to_owned(), ProviderUrl::with_slash);
        Ok(Place {
            url: url.trim_end_matches('/').to_owned(),
            patience: said.timeout_ms.map_or(self.patience, |ms| ms.0),
            key: SecretString::from(key),
        })
    }
}
