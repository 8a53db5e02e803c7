//! What the page hands to the call widget, as the text of an attribute.

use super::Answering;

/// What the widget has to know of the site that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The business's name.
    pub business: String,
    /// What one can ask at once.
    pub questions: Vec<String>,
    /// Who answers calls.
    pub answering: Answering,
    /// Whether a ticket may be fetched before anybody calls: not where the assistant is sent with the ticket, since it
    /// would wait in vain.
    pub early: bool,
}

impl Opening {
    /// Writes it line by line: who answers, whether tickets come early, the business, the questions.
    pub fn to_text(&self) -> String {
        let early = if self.early { "early" } else { "late" };
        let mut text = format!("{}\n{early}", self.answering.as_str());
        for line in std::iter::once(&self.business).chain(&self.questions) {
            text.push('\n');
            text.extend(line.chars().map(|letter| if letter == '\n' { ' ' } else { letter }));
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        Some(Self {
            answering: Answering::parse(lines.next()?)?,
            early: lines.next()? == "early",
            business: lines.next()?.to_owned(),
            questions: lines.map(str::to_owned).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn arrives_as_it_was(
            business in "[^\n]{0,20}",
            questions in prop::collection::vec("[^\n]{0,20}", 0..4),
            answering in prop::sample::select(vec![Answering::Aloud, Answering::InWriting, Answering::ByTeam]),
            early in any::<bool>(),
        ) {
            let opening = Opening { business, questions, answering, early };
            prop_assert_eq!(Opening::parse(&opening.to_text()), Some(opening));
        }

        #[test]
        fn reads_anything_without_harm(text in "\\PC{0,40}") {
            Opening::parse(&text);
        }
    }

    #[test]
    fn a_question_stays_one() {
        let opening = Opening {
            business: "Hollow & Reed".into(),
            questions: vec!["How much\nis a quartet?".into()],
            answering: Answering::Aloud,
            early: true,
        };
        assert_eq!(opening.to_text(), "aloud\nearly\nHollow & Reed\nHow much is a quartet?");
    }
}
