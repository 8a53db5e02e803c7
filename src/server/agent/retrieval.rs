//! Ranked retrieval over the site's questions: which entry a visitor's words ask for, if any.
//!
//! Words are reduced to stems, weighed by how few entries hold them, and looked for in questions and answers. An entry is
//! an answer only if it holds enough of what was asked. Pure; it knows neither the conversation nor the sound, in which
//! words may be misheard.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::faq::{Faq, FaqEntry},
    server::agent::{everyday::is_everyday, thesaurus::stem},
};

/// A word in the question says more than the same word in the answer.
const QUESTION_WEIGHT: f64 = 1.0;
const ANSWER_WEIGHT: f64 = 0.45;
/// A word that only one answer holds says more than one that many do.
const SOLE_WEIGHT: f64 = 0.7;

/// What a word that everybody uses tells, compared with any other.
const EVERYDAY_WEIGHT: f64 = 0.7;

/// The part of what was asked that an entry must hold.
const MIN_COVERAGE: f64 = 0.45;
/// Where an entry holds at least so much of what was asked, in the index's own measure (about a word and a half of its
/// question), a smaller part will do: the rest may be misheard.
const STRONG_EVIDENCE: f64 = 3.0;
const STRONG_COVERAGE: f64 = 0.35;

/// Words that any question may have.
const STOP_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "get", "go", "going", "has", "have", "hello", "hey", "hi",
    "how", "i", "i'd", "i'm", "if", "in", "is", "it", "just", "know", "like", "may", "me", "might", "my", "no", "of",
    "okay", "on", "or", "other", "our", "please", "should", "so", "some", "tell", "than", "thanks", "that", "that's",
    "the", "their", "them", "then", "there", "they", "this", "to", "um", "uh", "us", "want", "was", "we", "we'd",
    "well", "were", "what", "what's", "when", "where", "which", "who", "will", "with", "would", "yes", "you", "your",
];

/// What somebody's words come closest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// The entry, by its place in the file.
    pub(super) entry: usize,
    /// Whether it holds enough of them to be the answer.
    pub(super) is_answer: bool,
}

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
        self.closest(said).filter(|fit| fit.is_answer).map(|fit| fit.entry)
    }

    /// The entry that holds the most of `said`; none if none holds any of it.
    pub(super) fn closest(&self, said: &str) -> Option<Fit> {
        let asked: BTreeMap<String, f64> =
            telling_words(&said.to_lowercase()).map(|word| (stem(word), self.weight(word))).collect();
        let total: f64 = asked.values().sum();
        let evidence = |entry: &BTreeMap<String, f64>| -> f64 {
            asked.iter().map(|(stem, weight)| weight * entry.get(stem).copied().unwrap_or(0.0)).sum()
        };
        let entries = self.entries.iter().map(evidence).enumerate();
        let (entry, evidence) = entries.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
        let coverage = evidence / total;
        let is_answer = coverage >= MIN_COVERAGE || evidence >= STRONG_EVIDENCE && coverage >= STRONG_COVERAGE;
        (evidence > 0.0).then_some(Fit { entry, is_answer })
    }

    /// How much a word of a question tells. One that no entry holds tells as much as any: what is asked is something else.
    fn weight(&self, word: &str) -> f64 {
        let Some(telling) = self.telling.get(&stem(word)) else { return self.unknown };
        if is_everyday(word) { telling * EVERYDAY_WEIGHT } else { *telling }
    }
}

/// The stems of the words that tell something, each once.
fn stems(text: &str) -> BTreeSet<String> {
    telling_words(&text.to_lowercase()).map(stem).collect()
}

/// The words of a small-lettered text that not any question may have.
fn telling_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '\''))
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faq() -> Faq {
        Faq::parse(include_str!("../../../content/faq.md")).unwrap()
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
            ("do you play in the church when the bride comes", "Can you play at our wedding ceremony?"),
            ("how much would cancelling cost", "What happens if we have to cancel?"),
            // Some of it was misheard.
            ("are any of your group's available on june the four teams", "Are you free on the 14th of June?"),
            ("can you play as long of our own wish", "Can we choose the songs?"),
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
            "may i come on a bicycle",
            "what is the name of the manager",
        ] {
            assert_eq!(find(said), None, "{said}");
        }
    }
}
