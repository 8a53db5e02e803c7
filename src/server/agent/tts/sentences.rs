//! Text in pieces that are spoken one after the other: the first is heard while the next is made.

/// Shorter pieces are joined to the next, as LiveKit's sentence tokenizer does.
const MIN_CHARS: usize = 20;

/// Cuts `text` after sentences; numbers and abbreviations of one letter do not end one.
pub(in crate::server::agent) fn sentences(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut piece = String::new();
    for word in text.split_whitespace() {
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(word);
        if ends_sentence(word) && piece.chars().count() >= MIN_CHARS {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    match pieces.last_mut() {
        Some(last) if !piece.is_empty() && piece.chars().count() < MIN_CHARS => {
            last.push(' ');
            last.push_str(&piece);
        }
        Some(_) | None if !piece.is_empty() => pieces.push(piece),
        Some(_) | None => {}
    }
    pieces
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '”', '’']);
    bare.ends_with(['!', '?']) || bare.ends_with('.') && bare.trim_end_matches('.').chars().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_after_sentences_only() {
        let text = "A quartet is 1,450 euros for three hours. Mr. B. Smith plays at 8.30 in the hall. Good.";
        assert_eq!(
            sentences(text),
            ["A quartet is 1,450 euros for three hours.", "Mr. B. Smith plays at 8.30 in the hall. Good."]
        );
        assert_eq!(sentences("Yes. We can do that for you."), ["Yes. We can do that for you."]);
        assert_eq!(sentences("Hello"), ["Hello"]);
        assert_eq!(sentences("  "), [""; 0]);
    }
}
