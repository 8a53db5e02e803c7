//! The scripted assistant: it answers from the site's questions, and knows how to hold a conversation around them.
//!
//! Pure: what was said goes in, what to say comes out. It knows nothing of sound, turns or rooms.

mod retrieval;
mod small_talk;

use std::sync::Arc;

use self::{retrieval::Index, small_talk::SmallTalk};
use crate::domain::faq::Faq;

/// Finds what to say.
pub(super) trait Brain: Send {
    /// What to say first.
    fn greeting(&self) -> String;

    /// What to say when speech was heard but no word understood.
    fn pardon(&mut self) -> String;

    /// Answers the visitor's turn.
    fn answer(&mut self, said: &str) -> Answer;
}

/// What to say, and what then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) then: Then,
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is the visitor's turn.
    Listen,
    /// The conversation is over.
    Leave,
}

/// What the script knows; shared by all calls.
#[derive(Debug)]
pub(super) struct Knowledge {
    faq: Faq,
    index: Index,
    greeting: String,
}

impl Knowledge {
    /// Makes the questions findable.
    pub(super) fn new(faq: Faq, greeting: String) -> Self {
        let index = Index::new(&faq);
        Self { faq, index, greeting }
    }
}

/// One conversation by the script.
#[derive(Debug)]
pub(super) struct Script {
    knowledge: Arc<Knowledge>,
    /// What was said last, for those who did not hear it.
    last: String,
    /// Turns in a row that it had no answer to.
    misses: usize,
    /// Times in a row that no word was understood.
    pardons: usize,
}

impl Script {
    pub(super) fn new(knowledge: Arc<Knowledge>) -> Self {
        let last = knowledge.greeting.clone();
        Self { knowledge, last, misses: 0, pardons: 0 }
    }

    fn reply(&mut self, said: &str) -> Answer {
        self.pardons = 0;
        let small_talk = SmallTalk::of(said);
        if small_talk == Some(SmallTalk::Goodbye) {
            return Answer { text: "Thank you for calling. Goodbye.".to_owned(), then: Then::Leave };
        }
        let text = match self.knowledge.index.find(said) {
            Some(found) => {
                self.misses = 0;
                self.knowledge.faq.entries[found].answer.replace('\n', " ")
            }
            None => match small_talk {
                Some(known) => {
                    self.misses = 0;
                    self.small_talk(known)
                }
                None => self.miss(),
            },
        };
        if small_talk != Some(SmallTalk::Repeat) {
            self.last.clone_from(&text);
        }
        Answer { text, then: Then::Listen }
    }

    fn small_talk(&self, known: SmallTalk) -> String {
        match known {
            SmallTalk::Repeat => self.last.clone(),
            SmallTalk::Greeting => "Hello. What would you like to know?".to_owned(),
            SmallTalk::Thanks => "You are welcome. Is there anything else?".to_owned(),
            SmallTalk::Yes => "Please go ahead. What would you like to know?".to_owned(),
            SmallTalk::No => "All right. Just say goodbye when you are done.".to_owned(),
            SmallTalk::Help => format!("You can ask me, for example: {}", self.examples()),
            SmallTalk::Who => {
                "I am the assistant that answers here. I know the answers to the questions that people ask most."
                    .to_owned()
            }
            SmallTalk::Goodbye => String::new(),
        }
    }

    fn miss(&mut self) -> String {
        self.misses += 1;
        if self.misses == 1 {
            return "I am sorry, I do not know that. Could you put it in other words?".to_owned();
        }
        format!(
            "I am afraid I cannot answer that, but our people can: you find them on this page. Ask me, for example: {}",
            self.examples()
        )
    }

    /// A few questions to show what can be asked.
    fn examples(&self) -> String {
        let questions: Vec<&str> = self.knowledge.faq.entries.iter().take(3).map(|entry| &*entry.question).collect();
        questions.join(" ")
    }
}

impl Brain for Script {
    fn greeting(&self) -> String {
        self.knowledge.greeting.clone()
    }

    fn pardon(&mut self) -> String {
        self.pardons += 1;
        match self.pardons {
            1 => "Sorry, I did not catch that. Could you say it again?".to_owned(),
            _ => "I still cannot understand you. You can also type your question.".to_owned(),
        }
    }

    fn answer(&mut self, said: &str) -> Answer {
        self.reply(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        let faq = Faq::parse(include_str!("../../../../content/faq.md")).unwrap();
        Script::new(Arc::new(Knowledge::new(faq, "Hello, how can I help?".into())))
    }

    #[test]
    fn answers_what_it_knows_and_says_when_it_does_not() {
        let mut script = script();
        assert!(script.reply("what does a string quartet cost").text.starts_with("A quartet for three hours"));
        assert!(script.reply("what is the capital of france").text.contains("do not know"));
        assert!(script.reply("who won the football game").text.contains("for example"));
        assert!(script.reply("can you play outside in the garden").text.contains("shade"));
    }

    #[test]
    fn repeats_what_it_said() {
        let mut script = script();
        assert_eq!(script.reply("sorry what did you say").text, "Hello, how can I help?");
        let answer = script.reply("how do we pay").text;
        assert_eq!(script.reply("can you repeat that please").text, answer);
        assert_eq!(script.reply("say that again").text, answer);
    }

    #[test]
    fn holds_a_conversation() {
        let mut script = script();
        assert!(script.reply("hello").text.starts_with("Hello"));
        assert!(script.reply("thank you very much").text.starts_with("You are welcome"));
        assert!(script.reply("help").text.contains("quartet"));
        assert_eq!(script.reply("okay goodbye").then, Then::Leave);
        assert_ne!(script.pardon(), script.pardon());
    }

    #[test]
    fn every_question_of_the_site_finds_its_own_answer() {
        let faq = Faq::parse(include_str!("../../../../content/faq.md")).unwrap();
        for entry in &faq.entries {
            assert_eq!(script().reply(&entry.question).text, entry.answer, "{}", entry.question);
        }
    }
}
