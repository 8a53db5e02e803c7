//! Which database: `DATABASE_URL`, read.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use reqwest::Url;
use secrecy::SecretString;

/// The file's name in the data folder.
const FILE: &str = "frontdesk.db";

/// Where calls are recorded.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file on this machine.
    Sqlite(PathBuf),
    /// A Postgres server.
    Postgres {
        /// Its whole address, which may hold a password.
        url: SecretString,
        /// The address without what is secret, for people.
        place: String,
    },
}

impl Database {
    /// The file that is used where nothing else is set.
    pub fn in_folder(data_dir: &Path) -> Self {
        Self::Sqlite(data_dir.join(FILE))
    }
}

impl FromStr for Database {
    type Err = BadDatabase;

    /// Reads `sqlite:PATH` or `postgres://...`.
    fn from_str(text: &str) -> Result<Self, BadDatabase> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let is_file = !path.is_empty() && !path.contains(['?', '#']) && !path.starts_with(':');
            return if is_file { Ok(Self::Sqlite(path.into())) } else { Err(BadDatabase) };
        }
        let url = Url::parse(text).ok().filter(|url| ["postgres", "postgresql"].contains(&url.scheme()));
        let url = url.ok_or(BadDatabase)?;
        let host = url.host_str().unwrap_or("localhost");
        let place = format!("postgres://{host}{}", url.path());
        Ok(Self::Postgres { place, url: SecretString::from(text) })
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres { place, .. } => f.write_str(place),
        }
    }
}

/// A text that names no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be sqlite:PATH or an address such as postgres://user:password@host/name")]
pub struct BadDatabase;

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(text: &str) -> Option<PathBuf> {
        match text.parse() {
            Ok(Database::Sqlite(path)) => Some(path),
            Ok(Database::Postgres { .. }) | Err(BadDatabase) => None,
        }
    }

    #[test]
    fn a_file_is_named_with_or_without_slashes() {
        assert_eq!(sqlite("sqlite:calls.db"), Some("calls.db".into()));
        assert_eq!(sqlite("sqlite://calls.db"), Some("calls.db".into()));
        assert_eq!(sqlite(" sqlite:///var/lib/calls.db "), Some("/var/lib/calls.db".into()));
    }

    #[test]
    fn a_password_is_shown_to_nobody() {
        let database: Database = "postgres://desk:hunter2@db.example:5433/frontdesk?sslmode=require".parse().unwrap();
        assert_eq!(database.to_string(), "postgres://db.example/frontdesk");
        assert!(!format!("{database:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_database_is_refused() {
        for text in
            ["", "frontdesk.db", "mysql://host/name", "sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "postgres"]
        {
            assert!(text.parse::<Database>().is_err(), "{text}");
        }
    }
}
