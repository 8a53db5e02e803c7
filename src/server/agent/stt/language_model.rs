//! A small language model: which word follows which, counted in a few phrases, in the ARPA format that recognisers read.
//!
//! Trigrams with Witten-Bell smoothing: what was never seen keeps the probability of what was seen once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

const START: &str = "<s>";
const END: &str = "</s>";

/// Longest run of words that is counted.
const ORDER: usize = 3;

/// ARPA's way to write a probability of nought.
const NEVER: f64 = -99.0;

/// Counts of phrases.
#[derive(Debug, Default)]
pub(super) struct LanguageModel {
    /// By history, by next word.
    counts: BTreeMap<Vec<String>, BTreeMap<String, f64>>,
}

impl LanguageModel {
    /// Counts a phrase as if it had been said `times` times.
    pub(super) fn add(&mut self, phrase: &[String], times: f64) {
        let mut words = vec![START.to_owned()];
        words.extend_from_slice(phrase);
        words.push(END.to_owned());
        for next in 1..words.len() {
            for length in 0..ORDER.min(next + 1) {
                let history = words[next - length..next].to_vec();
                *self.counts.entry(history).or_default().entry(words[next].clone()).or_default() += times;
            }
        }
    }

    /// Counts a word as if it had been said `times` times, anywhere.
    pub(super) fn add_word(&mut self, word: &str, times: f64) {
        *self.counts.entry(Vec::new()).or_default().entry(word.to_owned()).or_default() += times;
    }

    /// Every word, sentence marks left out.
    pub(super) fn vocabulary(&self) -> BTreeSet<String> {
        let unigrams = self.counts.get(&Vec::new());
        unigrams.into_iter().flat_map(BTreeMap::keys).filter(|word| *word != END).cloned().collect()
    }

    /// The model as an ARPA file.
    pub(super) fn arpa(&self) -> String {
        let mut sections = vec![String::new(); ORDER];
        let mut sizes = [0; ORDER];
        let start = vec![START.to_owned()];
        sizes[0] += 1;
        writeln!(sections[0], "{NEVER:.4}\t{START}\t{:.4}", self.back_off(&start)).ok();
        for (history, nexts) in &self.counts {
            for next in nexts.keys() {
                let gram = [history.as_slice(), std::slice::from_ref(next)].concat();
                let probability = self.probability(history, next).log10();
                let section = &mut sections[history.len()];
                sizes[history.len()] += 1;
                write!(section, "{probability:.4}\t{}", gram.join(" ")).ok();
                if gram.len() < ORDER && next != END {
                    write!(section, "\t{:.4}", self.back_off(&gram)).ok();
                }
                section.push('\n');
            }
        }
        let mut arpa = String::from("\\data\\\n");
        for (order, size) in (1..).zip(sizes) {
            writeln!(arpa, "ngram {order}={size}").ok();
        }
        for (order, section) in (1..).zip(sections) {
            write!(arpa, "\n\\{order}-grams:\n{section}").ok();
        }
        arpa.push_str("\n\\end\\\n");
        arpa
    }

    /// How likely `next` is after `history`, 0 to 1.
    fn probability(&self, history: &[String], next: &str) -> f64 {
        let Some(nexts) = self.counts.get(history) else { return self.shorter(history, next) };
        let (total, kinds) = (nexts.values().sum::<f64>(), nexts.len() as f64);
        let seen = nexts.get(next).copied().unwrap_or(0.0);
        (seen + kinds * self.shorter(history, next)) / (total + kinds)
    }

    fn shorter(&self, history: &[String], next: &str) -> f64 {
        if history.is_empty() {
            let words = self.counts.get(&Vec::new()).map_or(1, BTreeMap::len);
            return 1.0 / words as f64;
        }
        self.probability(&history[1..], next)
    }

    /// The weight, as a logarithm, that the shorter history has after `history`: Witten-Bell's share, since the
    /// probabilities above are interpolated with exactly that.
    fn back_off(&self, history: &[String]) -> f64 {
        let Some(nexts) = self.counts.get(history) else { return 0.0 };
        let (total, kinds) = (nexts.values().sum::<f64>(), nexts.len() as f64);
        (kinds / (total + kinds)).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn model() -> LanguageModel {
        let mut model = LanguageModel::default();
        model.add(&words("what does it cost"), 2.0);
        model.add(&words("what is it"), 1.0);
        model
    }

    #[test]
    fn the_next_words_share_one() {
        let model = model();
        let nexts: Vec<String> = model.vocabulary().into_iter().chain([END.to_owned()]).collect();
        for history in ["", "<s>", "what", "does it", "it", "never seen"] {
            let sum: f64 = nexts.iter().map(|next| model.probability(&words(history), next)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{history}: {sum}");
        }
        assert!(model.probability(&words("<s> what"), "does") > model.probability(&words("<s> what"), "is"));
    }

    #[test]
    fn the_file_says_how_much_it_holds() {
        let arpa = model().arpa();
        let lines = |from: &str| {
            let section = arpa.split_once(from).unwrap().1;
            section.lines().skip(1).take_while(|line| !line.is_empty()).count()
        };
        for (order, count) in [(1, 7), (2, 8), (3, 7)] {
            assert!(arpa.contains(&format!("ngram {order}={count}\n")), "{arpa}");
            assert_eq!(lines(&format!("\\{order}-grams:")), count);
        }
        assert!(arpa.contains("-99.0000\t<s>\t"));
        assert!(arpa.trim_end().ends_with("\\end\\"));
    }
}
