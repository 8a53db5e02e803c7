//! The site's questions and answers: one Markdown file that the page shows and the assistant answers from.
//!
//! `# Title`, then for each entry `## Question` and one or more paragraphs. It knows nothing of pages, ranking or speech.

/// The questions that the site answers, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faq {
    /// The heading above them.
    pub title: String,
    /// Every question with its answer; at least one.
    pub entries: Vec<FaqEntry>,
}

/// One question and what to answer, both as plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaqEntry {
    /// The question, as a visitor would ask it.
    pub question: String,
    /// The answer; paragraphs are separated by one newline.
    pub answer: String,
}

/// Why a text is not a list of questions; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaqError {
    /// The first line with text is not `# Title`.
    #[error("line {line}: expected a title, `# ...`")]
    NoTitle {
        /// Where it was expected.
        line: usize,
    },
    /// Text that stands before the first question.
    #[error("line {line}: text outside a question; start one with `## ...`")]
    OutsideQuestion {
        /// Where the text is.
        line: usize,
    },
    /// A question that nothing follows.
    #[error("line {line}: this question has no answer")]
    NoAnswer {
        /// Where the question is.
        line: usize,
    },
    /// A title and nothing more.
    #[error("there is no question, `## ...`")]
    NoQuestion,
}

impl Faq {
    /// Reads `markdown`.
    ///
    /// # Errors
    /// The first line that does not fit the format.
    pub fn parse(markdown: &str) -> Result<Self, FaqError> {
        let mut lines = markdown.lines().zip(1..).map(|(text, line)| (text.trim(), line));
        let title = match lines.by_ref().find(|(text, _)| !text.is_empty()) {
            Some((text, line)) => text.strip_prefix("# ").ok_or(FaqError::NoTitle { line })?.trim().to_owned(),
            None => return Err(FaqError::NoTitle { line: 1 }),
        };
        let mut entries: Vec<(FaqEntry, usize)> = Vec::new();
        let mut at_paragraph = true;
        for (text, line) in lines {
            if let Some(question) = text.strip_prefix("## ") {
                answered(entries.last())?;
                entries.push((FaqEntry { question: question.trim().to_owned(), answer: String::new() }, line));
            } else if text.is_empty() {
                at_paragraph = true;
            } else {
                let Some((entry, _)) = entries.last_mut() else { return Err(FaqError::OutsideQuestion { line }) };
                if !entry.answer.is_empty() {
                    entry.answer.push(if at_paragraph { '\n' } else { ' ' });
                }
                entry.answer.push_str(text);
                at_paragraph = false;
            }
        }
        answered(entries.last())?;
        if entries.is_empty() {
            return Err(FaqError::NoQuestion);
        }
        Ok(Self { title, entries: entries.into_iter().map(|(entry, _)| entry).collect() })
    }
}

fn answered(last: Option<&(FaqEntry, usize)>) -> Result<(), FaqError> {
    match last {
        Some((entry, line)) if entry.answer.is_empty() => Err(FaqError::NoAnswer { line: *line }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_titles_questions_and_paragraphs() {
        let faq = Faq::parse("# Good to know\n\n## Why?\nBecause.\nReally.\n\nTwice.\n## How?\n\nSo.\n").unwrap();
        assert_eq!(faq.title, "Good to know");
        let pairs: Vec<_> = faq.entries.iter().map(|e| (&*e.question, &*e.answer)).collect();
        assert_eq!(pairs, [("Why?", "Because. Really.\nTwice."), ("How?", "So.")]);
    }

    #[test]
    fn names_the_line_that_does_not_fit() {
        assert_eq!(Faq::parse(""), Err(FaqError::NoTitle { line: 1 }));
        assert_eq!(Faq::parse("\nhello"), Err(FaqError::NoTitle { line: 2 }));
        assert_eq!(Faq::parse("# T\n\nhello"), Err(FaqError::OutsideQuestion { line: 3 }));
        assert_eq!(Faq::parse("# T\n## A?\n## B?\nb"), Err(FaqError::NoAnswer { line: 2 }));
        assert_eq!(Faq::parse("# T\n## A?"), Err(FaqError::NoAnswer { line: 2 }));
        assert_eq!(Faq::parse("# T\n"), Err(FaqError::NoQuestion));
    }

    #[test]
    fn the_sites_own_file_is_readable() {
        let faq = Faq::parse(include_str!("../../content/faq.md")).unwrap();
        assert!(faq.entries.len() >= 12);
        assert!(faq.entries.iter().all(|entry| entry.question.ends_with('?')));
    }
}
