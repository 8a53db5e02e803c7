//! The words of a call, in the order in which they were begun.
//!
//! Transcripts come as text streams on `lk.transcription`, several streams to a segment: a line is found again by its
//! segment id and its text is replaced. Typed messages stand between them under their own ids.

use serde::{Deserialize, Serialize};

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The visitor, by voice or keyboard.
    Visitor,
    /// The assistant.
    Agent,
    /// A member of the team.
    Staff,
}

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The segment's id (`lk.segment_id`), or the chat message's.
    pub id: String,
    /// Who said it.
    pub speaker: Speaker,
    /// The words so far.
    pub text: String,
    /// Whether the words are settled; interim words may still change.
    pub is_final: bool,
    /// Whether it was typed.
    pub typed: bool,
    /// Whether the speaker was cut short.
    pub interrupted: bool,
}

/// Adds a line, or replaces the one with the same id in its place.
///
/// Interim words never undo settled ones, and words of nothing but space are left out until they say something.
pub fn upsert(lines: &mut Vec<Line>, line: Line) {
    match lines.iter_mut().rfind(|known| known.id == line.id) {
        Some(known) if known.is_final && !line.is_final => {}
        Some(known) => *known = line,
        None if line.text.trim().is_empty() => {}
        None => lines.push(line),
    }
}

/// Settles every line once nothing more comes for it: whoever was answering then has been cut short.
pub fn settle(lines: &mut [Line]) {
    for line in lines.iter_mut().filter(|line| !line.is_final) {
        line.is_final = true;
        line.interrupted = line.speaker != Speaker::Visitor;
    }
}

/// The lines as plain text: one line each, `You: ...`, `Assistant: ...` or `Team: ...`.
pub fn to_text(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(match line.speaker {
            Speaker::Visitor => "You: ",
            Speaker::Agent => "Assistant: ",
            Speaker::Staff => "Team: ",
        });
        text.push_str(line.text.trim());
        if line.interrupted {
            text.push('\u{2026}');
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(id: &str, speaker: Speaker, text: &str, is_final: bool) -> Line {
        Line { id: id.into(), speaker, text: text.into(), is_final, typed: false, interrupted: false }
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_segment_keeps_its_place_while_its_words_change() {
        let mut lines = Vec::new();
        upsert(&mut lines, line("SG_1", Speaker::Visitor, "what are", false));
        upsert(&mut lines, line("SG_2", Speaker::Agent, "We", false));
        upsert(&mut lines, line("SG_1", Speaker::Visitor, "What are your prices?", true));
        upsert(&mut lines, line("SG_2", Speaker::Agent, "We start at", false));
        assert_eq!(texts(&lines), ["What are your prices?", "We start at"]);
        assert!(lines[0].is_final);
        assert!(!lines[1].is_final);
    }

    #[test]
    fn interim_words_that_come_late_do_not_undo_settled_ones() {
        let mut lines = Vec::new();
        upsert(&mut lines, line("SG_1", Speaker::Visitor, "Hello there.", true));
        upsert(&mut lines, line("SG_1", Speaker::Visitor, "hello", false));
        assert_eq!(texts(&lines), ["Hello there."]);
    }

    #[test]
    fn a_call_that_ends_cuts_the_answer_short_and_nothing_else() {
        let mut lines = vec![
            line("SG_1", Speaker::Agent, "Hello.", true),
            line("SG_2", Speaker::Visitor, "what does", false),
            line("SG_3", Speaker::Agent, "A quartet for", false),
        ];
        settle(&mut lines);
        assert_eq!(
            lines,
            [
                line("SG_1", Speaker::Agent, "Hello.", true),
                line("SG_2", Speaker::Visitor, "what does", true),
                Line { interrupted: true, ..line("SG_3", Speaker::Agent, "A quartet for", true) },
            ]
        );
    }

    #[test]
    fn empty_words_begin_no_line() {
        let mut lines = Vec::new();
        upsert(&mut lines, line("SG_1", Speaker::Agent, " ", false));
        assert!(lines.is_empty());
        upsert(&mut lines, line("SG_1", Speaker::Agent, "Hello", false));
        assert_eq!(texts(&lines), ["Hello"]);
    }

    #[test]
    fn exports_names_and_cut_words() {
        let mut lines = Vec::new();
        upsert(&mut lines, line("SG_1", Speaker::Agent, "Welcome to Harb", true));
        upsert(&mut lines, Line { interrupted: true, ..line("SG_1", Speaker::Agent, "Welcome to Harb", true) });
        upsert(&mut lines, Line { typed: true, ..line("M_1", Speaker::Visitor, "Prices? ", true) });
        upsert(&mut lines, line("SG_3", Speaker::Staff, "Hello, this is Ana.", true));
        assert_eq!(to_text(&lines), "Assistant: Welcome to Harb\u{2026}\nYou: Prices?\nTeam: Hello, this is Ana.\n");
    }

    proptest! {
        #[test]
        fn ids_are_unique_and_keep_the_order_of_their_first_words(
            pieces in prop::collection::vec((0_u8..6, any::<bool>(), "[a-z]{1,8}"), 0..60)
        ) {
            let mut lines = Vec::new();
            let mut first_seen = Vec::new();
            for (id, is_final, text) in pieces {
                let id = id.to_string();
                if !first_seen.contains(&id) {
                    first_seen.push(id.clone());
                }
                upsert(&mut lines, line(&id, Speaker::Agent, &text, is_final));
            }
            let ids: Vec<_> = lines.iter().map(|line| line.id.clone()).collect();
            prop_assert_eq!(ids, first_seen);
        }
    }
}
