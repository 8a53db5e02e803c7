//! Ranked retrieval over the site's questions: which entry a visitor's words ask for, if any.
//!
//! Words are reduced to stems, weighed by how few entries hold them, and looked for in questions and answers. An entry is
//! an answer only if it holds enough of what was asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::faq::{Faq, FaqEntry},
    server::agent::thesaurus::stem,
};

/// A word in the question says more than the same word in the answer.
const QUESTION_WEIGHT: f64 = 1.0;
const ANSWER_WEIGHT: f64 = 0.45;
/// A word that only one answer holds says more than one that many do.
const SOLE_WEIGHT: f64 = 0.7;

/// The part of what was asked that an entry must hold.
const MIN_COVERAGE: f64 = 0.45;

/// Words that any question may have.
const STOP_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "get", "go", "going", "has", "have", "hello", "hey", "hi",
    "how", "i", "i'd", "i'm", "if", "in", "is", "it", "just", "know", "like", "me", "my", "no", "of", "okay", "on",
    "or", "other", "our", "please", "should", "so", "some", "tell", "than", "thanks", "that", "that's", "the", "their",
    "them", "then", "there", "they", "this", "to", "um", "uh", "us", "want", "was", "we", "we'd", "well", "were",
    "what", "what's", "when", "where", "which", "who", "will", "with", "would", "yes", "you", "your",
];

/// The weight of each stem in each entry.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<BTreeMap<String, f64>>,
    /// How much a stem tells: less, the more entries hold it.
    telling: BTreeMap<String, f64>,
    /// The same for a stem that no entry holds.
    unknown: f64,
}

impl Index {
    /// Weighs every entry.
    pub(super) fn new(faq: &Faq) -> Self {
        let mut holders = BTreeMap::<String, usize>::new();
        let words = |entry: &FaqEntry| stems(&format!("{} {}", entry.question, entry.answer));
        faq.entries.iter().flat_map(words).for_each(|stem| *holders.entry(stem).or_default() += 1);
        let in_answer = |stem: &String| if holders[stem] == 1 { SOLE_WEIGHT } else { ANSWER_WEIGHT };
        let entries: Vec<BTreeMap<String, f64>> = faq
            .entries
            .iter()
            .map(|entry| {
                let answer = stems(&entry.answer).into_iter().map(|stem| (in_answer(&stem), stem));
                let question = stems(&entry.question).into_iter().map(|stem| (QUESTION_WEIGHT, stem));
                answer.chain(question).map(|(weight, stem)| (stem, weight)).collect()
            })
            .collect();
        let count = entries.len() as f64;
        let telling_of = |holders: f64| ((count + 1.0) / (holders + 0.5)).ln();
        let all: BTreeSet<&String> = entries.iter().flat_map(BTreeMap::keys).collect();
        let telling = all
            .into_iter()
            .map(|stem| {
                let holders: f64 = entries.iter().filter_map(|entry| entry.get(stem)).sum();
                (stem.clone(), telling_of(holders))
            })
            .collect();
        Self { entries, telling, unknown: telling_of(1.0) }
    }

    /// The entry that answers `said`; none if none holds enough of it.
    pub(super) fn find(&self, said: &str) -> Option<usize> {
        let asked = stems(said);
        let weight = |stem: &String| self.telling.get(stem).copied().unwrap_or(self.unknown);
        let total: f64 = asked.iter().map(weight).sum();
        let score = |entry: &BTreeMap<String, f64>| -> f64 {
            asked.iter().map(|stem| weight(stem) * entry.get(stem).copied().unwrap_or(0.0)).sum()
        };
        let scores = self.entries.iter().map(score).enumerate();
        let (best, score) = scores.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        (total > 0.0 && score / total >= MIN_COVERAGE).then_some(best)
    }
}

/// The stems of the words that tell something, each once.
fn stems(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|char: char| !(char.is_alphanumeric() || char == '\''))
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
        .map(stem)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faq() -> Faq {
        Faq::parse(include_str!("../../../../content/faq.md")).unwrap()
    }

    fn find(said: &str) -> Option<String> {
        let faq = faq();
        Index::new(&faq).find(said).map(|found| faq.entries[found].question.clone())
    }

    #[test]
    fn other_words_for_the_same_question_find_it() {
        for (said, question) in [
            ("how much is a string quartet", "What does a string quartet cost?"),
            ("what is the price of a quartet", "What does a string quartet cost?"),
            ("do you have anyone free on the fourteenth of june", "Are you free on the 14th of June?"),
            ("what do you charge for a jazz trio", "What does a jazz trio cost?"),
            ("how much does the dj cost", "How much is a DJ for the whole evening?"),
            ("can i talk to a human", "Can I speak to a person?"),
            ("a person please", "Can I speak to a person?"),
            ("can you play outside", "Can you play outdoors?"),
            ("when do we have to pay", "How do we pay?"),
            ("what if we cancel", "What happens if we have to cancel?"),
            ("how far in advance should i book", "How early should we book?"),
            ("do you travel to other cities", "How far do you travel?"),
            ("can i choose the songs myself", "Can we choose the songs?"),
            ("where can i listen to you", "Where can we hear you play?"),
            ("can i pick the songs myself", "Can we choose the songs?"),
            ("do you play our favourite songs", "Can we choose the songs?"),
            ("how much space do you need", "What do you need on site?"),
            ("can i come to an open rehearsal", "Where can we hear you play?"),
        ] {
            assert_eq!(find(said).as_deref(), Some(question), "{said}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for said in [
            "",
            "hello",
            "yes please",
            "what is the capital of france",
            "do you sell pizza",
            "what is the weather tomorrow in london",
            "what is the weather like tomorrow",
            "can i bring my dog",
            "do you offer dance lessons for children",
            "who is the president",
        ] {
            assert_eq!(find(said), None, "{said}");
        }
    }
}
