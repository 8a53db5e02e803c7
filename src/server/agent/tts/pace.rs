//! How sound and text run beside each other: which words were heard after so many samples.
//!
//! An even pace within a sentence. Until a sentence's length is known it is estimated from the sentences before it.

use crate::server::agent::audio::SAMPLE_HZ;

/// Samples for each byte of text before any sentence was measured: flite's voice slt says the FAQ at 15.5 bytes a second.
const SAMPLES_PER_BYTE: usize = SAMPLE_HZ * 2 / 31;

/// Shorter texts say little about the pace.
const TELLING_BYTES: usize = 16;

/// The pace of a voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server::agent) struct Pace {
    samples_per_byte: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { samples_per_byte: SAMPLES_PER_BYTE }
    }
}

impl Pace {
    /// A sentence turned out to be `samples` long; half of what was known so far stays.
    pub(in crate::server::agent) fn learn(&mut self, text: &str, samples: usize) {
        if text.len() >= TELLING_BYTES && samples > 0 {
            self.samples_per_byte = usize::midpoint(self.samples_per_byte, samples / text.len()).max(1);
        }
    }

    /// How many samples `text` will take.
    pub(in crate::server::agent) fn length(&self, text: &str) -> usize {
        text.len() * self.samples_per_byte
    }
}

/// How much of `text`, which lasts `length` samples, was heard after `played`, in bytes: whole words, each from its middle
/// on.
pub(in crate::server::agent) fn heard(text: &str, played: usize, length: usize) -> usize {
    let reached = reached(text, played, length);
    let mut heard = 0;
    for (start, end) in words(text) {
        if usize::midpoint(start, end) > reached {
            break;
        }
        heard = end;
    }
    heard
}

/// What is left of `text`, which would have lasted `length` samples, after `played`: from the first word on that was not
/// heard to its end.
pub(in crate::server::agent) fn rest(text: &str, played: usize, length: usize) -> &str {
    let reached = reached(text, played, length);
    words(text).find(|(_, end)| *end > reached).map_or("", |(start, _)| &text[start..])
}

fn reached(text: &str, played: usize, length: usize) -> usize {
    (text.len() * played).checked_div(length).unwrap_or_default().min(text.len())
}

/// Where each word begins and ends, in bytes.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    text.split_inclusive(' ').map(move |word| {
        let start = at;
        at += word.len();
        (start, start + word.trim_end().len())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_is_heard_from_its_middle_and_left_until_its_end() {
        let text = "one two three";
        let at = |played| (&text[..heard(text, played, 1300)], rest(text, played, 1300));
        assert_eq!(at(0), ("", "one two three"));
        assert_eq!(at(200), ("one", "one two three"));
        assert_eq!(at(300), ("one", "two three"));
        assert_eq!(at(550), ("one two", "two three"));
        assert_eq!(at(900), ("one two", "three"));
        assert_eq!(at(1300), ("one two three", ""));
        assert_eq!(at(9000), ("one two three", ""));
    }

    #[test]
    fn the_pace_follows_what_was_spoken() {
        let mut pace = Pace::default();
        assert_eq!(pace.length("ten bytes."), 10_320);
        pace.learn("twenty bytes of text", 20 * 2068);
        assert_eq!(pace.length("ten bytes."), 15_500);
        pace.learn("short", 1);
        pace.learn("twenty bytes of text", 0);
        assert_eq!(pace.length("ten bytes."), 15_500);
    }

    proptest! {
        #[test]
        fn nothing_is_left_out_between_what_was_heard_and_what_is_left(text in "[a-zé]{1,6}( [a-zé]{1,6}){0,8}", played in 0usize..3000) {
            let (heard, rest) = (heard(&text, played, 2000), rest(&text, played, 2000));
            prop_assert!(text.ends_with(rest));
            // The word that was being said is in both.
            prop_assert!(heard + rest.len() + 1 >= text.len());
        }
    }
}
