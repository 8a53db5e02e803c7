//! From a model's text to what is spoken: whole sentences, without the marks that only eyes understand.
//!
//! Text comes in portions of any size, even within a word; a sentence leaves as soon as it is complete.

/// Shorter sentences are joined to the next, as LiveKit's tokenizer does: an engine speaks them better together.
const MIN_CHARS: usize = 20;

/// A sentence that becomes longer than this is cut at a word's end: three times the longest sentence of the FAQ.
const MAX_CHARS: usize = 400;

/// Cuts a growing text into sentences to speak.
#[derive(Debug, Default)]
pub(in crate::server::agent) struct Splitter {
    /// Whole words of the sentence that is not complete.
    sentence: String,
    /// The word that may go on.
    word: String,
    /// Whether a block of code is going on, which nobody can listen to.
    is_code: bool,
}

impl Splitter {
    /// Takes more text; gives the sentences that it completes.
    pub(in crate::server::agent) fn push(&mut self, text: &str) -> Vec<String> {
        let mut complete = Vec::new();
        for char in text.chars() {
            if !char.is_whitespace() {
                self.word.push(char);
                continue;
            }
            self.end_word();
            let length = self.sentence.chars().count();
            let is_complete = char == '\n' || ends_sentence(&self.sentence);
            if is_complete && length >= MIN_CHARS || length >= MAX_CHARS {
                complete.extend(self.take());
            }
        }
        complete
    }

    /// The text is over; gives what is left of it.
    pub(in crate::server::agent) fn finish(&mut self) -> Option<String> {
        self.end_word();
        self.take()
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let fences = word.matches("```").count();
        if fences > 0 {
            self.is_code ^= fences % 2 == 1;
        } else if !self.is_code && !word.is_empty() {
            if !self.sentence.is_empty() {
                self.sentence.push(' ');
            }
            self.sentence.push_str(&word);
        }
    }

    fn take(&mut self) -> Option<String> {
        let sentence = spoken(&std::mem::take(&mut self.sentence));
        (!sentence.is_empty()).then_some(sentence)
    }
}

/// Whether the text ends with the end of a sentence; numbers and abbreviations of one letter do not end one.
fn ends_sentence(text: &str) -> bool {
    let word = text.rsplit(' ').next().unwrap_or_default();
    let bare = word.trim_end_matches(['"', '\'', ')', '”', '’', '*', '_', '`']);
    bare.ends_with(['!', '?']) || bare.ends_with('.') && bare.trim_end_matches('.').chars().count() > 1
}

/// A sentence without Markdown and emoji.
fn spoken(sentence: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in without_links(sentence).split_whitespace() {
        let word: String = word
            .chars()
            .filter(|char| !matches!(char, '*' | '`' | '~' | '|' | '#' | '>') && !is_picture(*char))
            .collect();
        let word = word.trim_matches('_');
        let is_bullet = ["-", "–", "•", "+"].contains(&word);
        if !word.is_empty() && !is_bullet && word.chars().any(char::is_alphanumeric) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}

/// `[text](address)` as its text.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        plain.push_str(before.strip_suffix('!').unwrap_or(before));
        let parts = link.split_once("](").and_then(|(label, tail)| Some((label, tail.split_once(')')?.1)));
        match parts {
            Some((label, after)) => {
                plain.push_str(&label[1..]);
                rest = after;
            }
            None => {
                plain.push('[');
                rest = &link[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

/// Emoji and what joins and colours them: Unicode's pictographic blocks.
fn is_picture(char: char) -> bool {
    matches!(char,
        '\u{200d}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentences(portions: &[&str]) -> Vec<String> {
        let mut sentences = Splitter::default();
        let mut all: Vec<_> = portions.iter().flat_map(|portion| sentences.push(portion)).collect();
        all.extend(sentences.finish());
        all
    }

    #[test]
    fn cuts_after_sentences_only() {
        let text = "A quartet is 1,450 euros for three hours. Mr. B. Smith plays at 8.30 in the hall. Good.";
        assert_eq!(
            sentences(&[text]),
            ["A quartet is 1,450 euros for three hours.", "Mr. B. Smith plays at 8.30 in the hall.", "Good."]
        );
        assert_eq!(sentences(&["Yes. We can do that for you."]), ["Yes. We can do that for you."]);
        assert_eq!(sentences(&["Hello"]), ["Hello"]);
        assert_eq!(sentences(&["  "]), [""; 0]);
    }

    #[test]
    fn a_sentence_leaves_once_it_is_complete_and_no_word_is_cut() {
        let mut sentences = Splitter::default();
        assert_eq!(sentences.push("We would love to pl"), [""; 0]);
        assert_eq!(sentences.push("ay there."), [""; 0]);
        assert_eq!(sentences.push(" And"), ["We would love to play there."]);
        assert_eq!(sentences.finish().as_deref(), Some("And"));
        assert_eq!(sentences.finish(), None);
    }

    #[test]
    fn marks_for_the_eye_are_not_spoken() {
        for (text, spoken) in [
            ("**Yes**, on the `14th` of June! 🎻🎉", "Yes, on the 14th of June!"),
            ("See [our list](https://example.com/a_b) of songs.", "See our list of songs."),
            ("![A quartet](q.png) plays.", "A quartet plays."),
            ("# Prices\n- a quartet\n- a _jazz_ trio", "Prices a quartet a jazz trio"),
            ("| trio | 1,200 |\n|---|---|", "trio 1,200"),
            ("👩🏽‍🚀 Off we go ➡️ now", "Off we go now"),
            ("It costs [about] 5 - 6 euros", "It costs [about] 5 6 euros"),
            ("Say ```let x = 1;``` or\n```rust\nfn main() {}\n```\nnothing", "Say or nothing"),
        ] {
            assert_eq!(sentences(&[text]).join(" "), spoken, "{text}");
        }
    }

    #[test]
    fn a_sentence_without_an_end_is_cut() {
        let pieces = sentences(&[&"word ".repeat(200)]);
        assert!(pieces.len() == 3 && pieces.iter().all(|piece| piece.len() < MAX_CHARS + 5), "{pieces:?}");
    }

    proptest! {
        #[test]
        fn portions_make_no_difference(text in "[a-zA-Z0-9 .!?\\n*_\\[\\]()🎻é-]{0,200}", cut in 1usize..9) {
            let chars: Vec<char> = text.chars().collect();
            let portions: Vec<String> = chars.chunks(cut).map(|chunk| chunk.iter().collect()).collect();
            let portions: Vec<&str> = portions.iter().map(String::as_str).collect();
            prop_assert_eq!(sentences(&portions), sentences(&[&text]));
        }
    }
}
