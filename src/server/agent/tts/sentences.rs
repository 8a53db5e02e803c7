//! Text in pieces that are spoken one after the other: the first is heard while the next is made.

/// Shorter pieces are joined to the next, as LiveKit's sentence tokenizer does.
const MIN_CHARS: usize = 20;

/// A piece that becomes longer than this is cut at a word's end: three times the longest sentence of the FAQ.
const MAX_CHARS: usize = 400;

/// Cuts text into sentences as it arrives; numbers and abbreviations of one letter do not end one.
#[derive(Debug, Default)]
pub(in crate::server::agent) struct Splitter {
    piece: String,
    word: String,
}

impl Splitter {
    /// Takes more of the text, cut anywhere; gives the sentences that are complete with it.
    pub(in crate::server::agent) fn push(&mut self, text: &str) -> Vec<String> {
        let mut sentences = Vec::new();
        for char in text.chars() {
            if char.is_whitespace() {
                sentences.extend(self.end_word());
            } else {
                self.word.push(char);
            }
        }
        sentences
    }

    /// The text is over; gives what is left of it.
    pub(in crate::server::agent) fn finish(&mut self) -> Option<String> {
        let sentence = self.end_word();
        // Only the last word can have ended a sentence here, so there is one piece at most.
        sentence.or_else(|| Some(std::mem::take(&mut self.piece)).filter(|piece| !piece.is_empty()))
    }

    fn end_word(&mut self) -> Option<String> {
        if self.word.is_empty() {
            return None;
        }
        if !self.piece.is_empty() {
            self.piece.push(' ');
        }
        self.piece.push_str(&self.word);
        let ends = ends_sentence(&self.word);
        self.word.clear();
        let length = self.piece.chars().count();
        (ends && length >= MIN_CHARS || length >= MAX_CHARS).then(|| std::mem::take(&mut self.piece))
    }
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '”', '’']);
    bare.ends_with(['!', '?']) || bare.ends_with('.') && bare.trim_end_matches('.').chars().count() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut sentences = splitter.push(text);
        sentences.extend(splitter.finish());
        sentences
    }

    #[test]
    fn cuts_after_sentences_only() {
        let text = "A quartet is 1,450 euros for three hours. Mr. B. Smith plays at 8.30 in the hall. Good.";
        assert_eq!(
            sentences(text),
            ["A quartet is 1,450 euros for three hours.", "Mr. B. Smith plays at 8.30 in the hall.", "Good."]
        );
        assert_eq!(sentences("Yes. We can do that for you."), ["Yes. We can do that for you."]);
        assert_eq!(sentences("Hello"), ["Hello"]);
        assert_eq!(sentences("  "), [""; 0]);
    }

    #[test]
    fn a_sentence_is_given_as_soon_as_the_next_begins() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push("A quartet is 1,450 eur"), [""; 0]);
        assert_eq!(splitter.push("os."), [""; 0]);
        assert_eq!(splitter.push(" And"), ["A quartet is 1,450 euros."]);
        assert_eq!(splitter.finish().as_deref(), Some("And"));
        assert_eq!(splitter.finish(), None);
    }

    #[test]
    fn a_sentence_without_an_end_is_cut() {
        let pieces = sentences(&"word ".repeat(200));
        assert!(pieces.len() == 3 && pieces.iter().all(|piece| piece.len() < MAX_CHARS + 5), "{pieces:?}");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_wherever_the_text_is_cut(words in prop::collection::vec("[a-zé]{1,9}[.?,]?", 0..60), cut in 1usize..9) {
            let text = words.join(" ");
            let mut splitter = Splitter::default();
            let chars: Vec<char> = text.chars().collect();
            let mut pieces: Vec<String> = chars.chunks(cut).flat_map(|part| splitter.push(&part.iter().collect::<String>())).collect();
            pieces.extend(splitter.finish());
            prop_assert_eq!(pieces.join(" "), text);
        }
    }
}
