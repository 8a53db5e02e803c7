//! Reads the site's words from a folder. Knows files and formats; what the words are for is the page's and the
//! assistant's business.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::domain::{
    faq::{Faq, FaqError},
    site::Site,
};

/// Everything that the page and the assistant say about the business.
#[derive(Clone, Debug)]
pub struct Content {
    /// The page's words.
    pub site: Site,
    /// Questions and answers.
    pub faq: Faq,
}

/// Why the site's words could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A file is missing or not readable.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// `site.toml` is not what it should be; the message names line and field.
    #[error("{}: {source}", path.display())]
    Site {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: Box<toml::de::Error>,
    },
    /// `faq.md` is not what it should be; the message names the line.
    #[error("{}: {source}", path.display())]
    Faq {
        /// The file.
        path: PathBuf,
        /// The parser's reason.
        source: FaqError,
    },
}

impl Content {
    /// Reads `site.toml` and `faq.md` in `folder`.
    ///
    /// # Errors
    /// A file that is missing or malformed; the first one found is named.
    pub fn load(folder: &Path) -> Result<Self, ContentError> {
        let (path, text) = read(folder, "site.toml")?;
        let site = toml::from_str(&text).map_err(|source| ContentError::Site { path, source: Box::new(source) })?;
        let (path, text) = read(folder, "faq.md")?;
        let faq = Faq::parse(&text).map_err(|source| ContentError::Faq { path, source })?;
        Ok(Self { site, faq })
    }
}

fn read(folder: &Path, name: &str) -> Result<(PathBuf, String), ContentError> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((path, text)),
        Err(source) => Err(ContentError::Unreadable { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_that_comes_with_the_program_is_whole() {
        let content = Content::load(Path::new("content")).unwrap();
        assert_eq!(content.site.name, "Harbour Sounds");
        for question in content.site.opening_questions {
            assert!(content.faq.entries.iter().any(|entry| entry.question == question), "{question}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let refusal = Content::load(Path::new("content/nowhere")).unwrap_err().to_string();
        assert!(refusal.starts_with("content/nowhere/site.toml: "), "{refusal}");
    }

    #[test]
    fn a_wrong_field_is_named() {
        let source = Box::new(toml::from_str::<Site>("name = 3").unwrap_err());
        let refusal = ContentError::Site { path: "site.toml".into(), source }.to_string();
        assert!(refusal.contains("name = 3"), "{refusal}");
    }
}
