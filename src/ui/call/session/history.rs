//! What was said before a reload, kept by the tab beside the ticket: whoever comes back finds the conversation as it
//! was.

use crate::{
    browser::storage,
    domain::transcript::{Line, Speaker},
};

const LINES: &str = "frontdesk.call.lines";

/// ASCII's own separators: between lines, and between the fields of one.
const RECORD: char = '\u{1e}';
const FIELD: char = '\u{1f}';

/// Keeps the lines of the running call.
pub(super) fn keep(lines: &[Line]) {
    storage::keep_tab_note(LINES, Some(&encode(lines)));
}

/// The kept lines.
pub(super) fn kept() -> Vec<Line> {
    storage::tab_note(LINES).map(|text| decode(&text)).unwrap_or_default()
}

/// Forgets them.
pub(super) fn forget() {
    storage::keep_tab_note(LINES, None);
}

fn encode(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        text.push(match (line.speaker, line.typed) {
            (Speaker::Visitor, false) => 'v',
            (Speaker::Visitor, true) => 'V',
            (Speaker::Agent, false) => 'a',
            (Speaker::Agent, true) => 'A',
            (Speaker::Staff, false) => 's',
            (Speaker::Staff, true) => 'S',
        });
        text.push_str(if line.interrupted { "!" } else { "" });
        for field in [&line.id, &line.text] {
            text.push(FIELD);
            text.extend(field.chars().filter(|letter| ![FIELD, RECORD].contains(letter)));
        }
        text.push(RECORD);
    }
    text
}

/// Words that were still interim are settled: nothing more comes for them.
fn decode(text: &str) -> Vec<Line> {
    text.split_terminator(RECORD)
        .filter_map(|record| {
            let mut fields = record.split(FIELD);
            let kind = fields.next()?;
            let speaker = match kind.get(..1)? {
                "v" | "V" => Speaker::Visitor,
                "a" | "A" => Speaker::Agent,
                "s" | "S" => Speaker::Staff,
                _ => return None,
            };
            Some(Line {
                speaker,
                typed: kind.starts_with(|letter: char| letter.is_ascii_uppercase()),
                interrupted: kind.ends_with('!'),
                id: fields.next()?.to_owned(),
                text: fields.next()?.to_owned(),
                is_final: true,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line() -> impl Strategy<Value = Line> {
        let speaker = prop_oneof![Just(Speaker::Visitor), Just(Speaker::Agent), Just(Speaker::Staff)];
        ("[A-Z]{2}_[a-z0-9]{0,6}", speaker, "\\PC{0,20}", any::<bool>(), any::<bool>()).prop_map(
            |(id, speaker, text, typed, interrupted)| Line { id, speaker, text, is_final: true, typed, interrupted },
        )
    }

    proptest! {
        #[test]
        fn comes_back_as_it_was(lines in prop::collection::vec(line(), 0..8)) {
            prop_assert_eq!(decode(&encode(&lines)), lines);
        }

        #[test]
        fn reads_anything_without_harm(text in "\\PC{0,40}") {
            decode(&text);
        }
    }

    #[test]
    fn separators_in_words_break_nothing() {
        let line = Line {
            id: "SG_1".into(),
            speaker: Speaker::Agent,
            text: "one\u{1e}two\u{1f}".into(),
            is_final: false,
            typed: false,
            interrupted: true,
        };
        assert_eq!(
            decode(&encode(std::slice::from_ref(&line))),
            [Line { text: "onetwo".into(), is_final: true, ..line }]
        );
    }
}
