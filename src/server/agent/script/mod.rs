//! The scripted assistant: a model like any other, that answers from the site's questions, takes messages, and knows how
//! to hold a conversation around them. Nothing of it leaves the machine.
//!
//! Pure but for the stream that it answers by. It knows nothing of sound, turns or rooms.

mod dialogue;
mod digits;
mod form;
mod small_talk;

use std::sync::Arc;

use futures_util::{StreamExt, stream, stream::BoxStream};

use self::form::Form;
use super::{
    conversation::Conversation,
    llm::{Llm, LlmError, Piece, Prompt},
    retrieval::Index,
};
use crate::domain::faq::Faq;

/// What comes after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is the visitor's turn.
    Listen,
    /// The conversation is over.
    Leave,
}

/// What the script keeps in mind from turn to turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// What it said last.
    last: Option<String>,
    /// Turns in a row that it had no answer to.
    misses: usize,
    /// Whether it has just offered to take a message.
    is_offered: bool,
    /// The message that it is taking.
    form: Option<Form>,
    /// Whether the caller asked it to speak slower.
    pub(super) is_slow: bool,
}

/// What the script knows; shared by all calls.
#[derive(Debug)]
pub struct Knowledge {
    faq: Faq,
    index: Index,
    greeting: String,
}

impl Knowledge {
    /// Makes the questions findable.
    pub fn new(faq: Faq, greeting: String) -> Self {
        let index = Index::new(&faq);
        Self { faq, index, greeting }
    }

    /// What the script says to somebody whose first words are `said`.
    pub fn first_reply(&self, said: &str) -> String {
        let mut conversation = Conversation::default();
        conversation.visitor_said(said);
        let pieces = dialogue::reply(self, &conversation).into_iter();
        pieces.map(|piece| if let Piece::Text(text) = piece { text } else { String::new() }).collect()
    }

    /// The answer to a question, if the site has one.
    fn answer(&self, said: &str) -> Option<String> {
        self.index.find(said).map(|found| self.faq.entries[found].answer.replace('\n', " "))
    }

    /// A few questions to show what can be asked.
    fn examples(&self) -> String {
        let questions: Vec<&str> = self.faq.entries.iter().take(3).map(|entry| &*entry.question).collect();
        questions.join(" ")
    }
}

/// The script as a model.
pub(super) struct Script(Arc<Knowledge>);

impl Script {
    pub(super) fn new(knowledge: Arc<Knowledge>) -> Self {
        Self(knowledge)
    }
}

impl Llm for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn reply(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, LlmError>> {
        stream::iter(dialogue::reply(&self.0, &prompt.conversation)).map(Ok).boxed()
    }
}

#[cfg(test)]
mod tests;
