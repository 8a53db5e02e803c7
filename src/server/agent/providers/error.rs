//! How a provider fails.

use std::io;

use tokio_tungstenite::tungstenite;

/// Why a provider did not do what it was asked for. It never holds a key, nor what was said.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No connection.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// An answer with this HTTP status.
    #[error("refused with status {0}")]
    Refused(u16),
    /// No answer in time, or none any more.
    #[error("took too long")]
    TimedOut,
    /// The connection ended before the answer did.
    #[error("broke off: {0}")]
    Broken(String),
    /// An answer that cannot be understood.
    #[error("sent {0}")]
    Malformed(String),
    /// A program on this machine that does not run.
    #[error("does not run: {0}")]
    Program(#[from] io::Error),
    /// Every provider has failed.
    #[error("no provider is left")]
    NothingLeft,
}

impl ProviderError {
    /// Whether the same provider may do better at once: a pooled connection may have been closed by the other side, and a
    /// server's error may be one machine's.
    pub(in crate::server::agent) fn is_worth_another_try(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Broken(_) => true,
            Self::Refused(status) => *status >= 500,
            Self::TimedOut | Self::Malformed(_) | Self::Program(_) | Self::NothingLeft => false,
        }
    }
}

impl From<reqwest::Error> for ProviderError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        match error.status() {
            Some(status) => Self::Refused(status.as_u16()),
            None if error.is_timeout() => Self::TimedOut,
            None if error.is_connect() => Self::Unreachable(error.to_string()),
            None => Self::Broken(error.to_string()),
        }
    }
}

impl From<tungstenite::Error> for ProviderError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is one to us")]
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => Self::Refused(response.status().as_u16()),
            tungstenite::Error::Url(_) | tungstenite::Error::Tls(_) | tungstenite::Error::HttpFormat(_) => {
                Self::Unreachable(error.to_string())
            }
            _ => Self::Broken(error.to_string()),
        }
    }
}
