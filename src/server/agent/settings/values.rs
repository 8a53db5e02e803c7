//! Values of the assistant's file that are checked as they are read, so that an error names their line.

use std::time::Duration;

use reqwest::Url;
use serde::Deserialize;

/// The longest wait that anybody could mean.
const MILLIS_MAX: u64 = 600_000;

/// A time in milliseconds, ten minutes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub struct Millis(pub Duration);

impl TryFrom<u64> for Millis {
    type Error = String;

    fn try_from(ms: u64) -> Result<Self, String> {
        if ms > MILLIS_MAX {
            return Err(format!("it is in milliseconds, {MILLIS_MAX} at most"));
        }
        Ok(Self(Duration::from_millis(ms)))
    }
}

/// The address of a provider's interface.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderUrl(Url);

impl ProviderUrl {
    /// The address, with a slash at its end.
    pub(in crate::server::agent) fn with_slash(&self) -> String {
        let url = self.0.as_str();
        if url.ends_with('/') { url.to_owned() } else { format!("{url}/") }
    }
}

impl TryFrom<String> for ProviderUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let url = Url::parse(&text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        url.map(Self).ok_or("`url` must be an address such as https://api.example.com/v1")
    }
}

/// The name of an environment variable that holds a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyName(String);

impl KeyName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyName {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_name =
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        // Whoever writes the key itself here is not shown it again.
        if is_name { Ok(Self(text)) } else { Err("`key_env` must name an environment variable, such as MY_KEY") }
    }
}

/// A country's calling code, such as 49.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct CallingCode(String);

impl CallingCode {
    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CallingCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.trim_start_matches('+');
        let is_code = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if is_code && !digits.starts_with('0') {
            Ok(Self(digits.to_owned()))
        } else {
            Err("it must be a country's calling code, such as \"49\"")
        }
    }
}

/// Text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Words(String);

impl Words {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Words {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text = text.trim();
        if text.is_empty() { Err("it must not be empty") } else { Ok(Self(text.to_owned())) }
    }
}
