//! The embedded room server's key: made at the first start, kept in a file that only its owner reads.
//!
//! The file is livekit-server's own kind (`key: secret`), so that its tools can read it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::token::ApiKey;

/// The file's name in the data folder.
const FILE: &str = "keys.yaml";

/// Random bytes in a secret: twice what HMAC-SHA-256 asks for.
const SECRET_BYTES: usize = 64;

/// Reads the key kept in `data_dir`, or makes one there.
///
/// # Errors
/// A folder or file that cannot be used, with its path.
pub fn load_or_make(data_dir: &Path) -> Result<ApiKey, KeyError> {
    let path = data_dir.join(FILE);
    match read(&path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => make(data_dir, &path),
        other => other,
    }
}

fn read(path: &Path) -> Result<ApiKey, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Readable { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let Some((key, secret)) = text.trim().split_once(": ") else {
        return Err(KeyError::Damaged { path: path.to_owned() });
    };
    Ok(ApiKey::new(key, SecretString::from(secret)))
}

fn make(data_dir: &Path, path: &Path) -> Result<ApiKey, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let (key, secret) = (format!("FD{}", hex(&rand::random::<[u8; 6]>())), hex(&rand::random::<[u8; SECRET_BYTES]>()));
    fs::create_dir_all(data_dir).map_err(failed)?;
    // Written whole under another name first: a start that is cut short leaves no half key behind.
    let draft = path.with_extension(format!("{key}.new"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(format!("{key}: {secret}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Ok(()) => Ok(ApiKey::new(key, SecretString::from(secret))),
        Err(source) if source.kind() == io::ErrorKind::AlreadyExists => read(path),
        Err(source) => Err(failed(source)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the key file {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than its owner may read the file.
    #[error("the key file {0} can be read by others: `chmod 600 {0}`, and remove it for a new key if they have", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
    },
    /// The file does not hold `key: secret`.
    #[error("the key file {} does not hold `key: secret`; remove it for a new key", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("frontdesk-keys-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn the_first_start_makes_the_key_that_the_second_finds() {
        let folder = folder("first");
        let made = load_or_make(&folder).unwrap();
        let found = load_or_make(&folder).unwrap();
        assert_eq!(made.key(), found.key());
        assert_eq!(made.secret().expose_secret(), found.secret().expose_secret());
        assert_eq!(made.secret().expose_secret().len(), 2 * SECRET_BYTES);
        let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, [FILE]);
        assert_eq!(fs::metadata(folder.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = folder("open");
        load_or_make(&folder).unwrap();
        fs::set_permissions(folder.join(FILE), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load_or_make(&folder), Err(KeyError::Readable { .. })));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_damaged_file_is_named_and_kept() {
        let folder = folder("damaged");
        load_or_make(&folder).unwrap();
        fs::write(folder.join(FILE), "rubbish").unwrap();
        let error = load_or_make(&folder).unwrap_err().to_string();
        assert!(error.contains(FILE), "{error}");
        assert_eq!(fs::read_to_string(folder.join(FILE)).unwrap(), "rubbish");
        fs::remove_dir_all(folder).unwrap();
    }
}
