//! How the script answers a turn: small talk, the site's questions, a message that is being taken.
//!
//! Pure: the conversation so far and what the script kept in mind go in, pieces of a turn come out. The same conversation
//! always gets the same answer, so that one that was made too early can be thrown away.

use serde_json::Value;

use super::{
    Knowledge, Memory,
    form::{Form, Next},
    small_talk::SmallTalk,
};
use crate::server::agent::{
    conversation::{Conversation, Item, ToolCall},
    llm::Piece,
    tools::{END_CALL, TAKE_MESSAGE, has_worked},
};

const OFFER: &str = "Shall I take a message, so that somebody calls you back?";

/// How a question begins, as opposed to an answer to ours.
const QUESTION_WORDS: &[&str] = &[
    "what", "what's", "how", "when", "where", "which", "who", "do", "does", "can", "could", "is", "are", "will",
    "would",
];

/// The answer to the conversation's last item.
pub(super) fn reply(knowledge: &Knowledge, conversation: &Conversation) -> Vec<Piece> {
    let mut turn =
        Turn { knowledge, memory: conversation.memory().clone(), calls: Vec::new(), count: conversation.items().len() };
    let text = match conversation.items().next_back() {
        Some(Item::Visitor(said)) => turn.answer(said),
        Some(Item::Tool { result: Some(result), .. }) => turn.after_message(result),
        Some(Item::Tool { result: None, .. } | Item::Assistant { .. }) | None => knowledge.greeting.clone(),
    };
    let said = (!text.is_empty()).then_some(Piece::Text(text));
    let calls = turn.calls.into_iter().map(Piece::Call);
    said.into_iter().chain(calls).chain([Piece::Remember(turn.memory)]).collect()
}

struct Turn<'a> {
    knowledge: &'a Knowledge,
    memory: Memory,
    calls: Vec<ToolCall>,
    /// Items before this turn, which makes its calls' ids unique.
    count: usize,
}

impl Turn<'_> {
    fn answer(&mut self, said: &str) -> String {
        let small_talk = SmallTalk::of(said);
        if small_talk == Some(SmallTalk::Repeat) {
            return self.last();
        }
        if small_talk == Some(SmallTalk::Goodbye) {
            self.call(END_CALL, Value::Object(serde_json::Map::new()));
            return "Thank you for calling. Goodbye.".to_owned();
        }
        if small_talk == Some(SmallTalk::Slower) {
            self.memory.is_slow = true;
            return format!("Of course. {}", self.last());
        }
        let was_offered = std::mem::take(&mut self.memory.is_offered);
        let text = match self.memory.form.take() {
            Some(form) => self.in_form(form, said, small_talk),
            None => self.outside_form(said, small_talk, was_offered),
        };
        self.memory.last = Some(text.clone());
        text
    }

    fn in_form(&mut self, mut form: Form, said: &str, small_talk: Option<SmallTalk>) -> String {
        if let Some(answer) = self.asked_meanwhile(said) {
            let text = format!("{answer} Back to your message. {}", form.question());
            self.memory.form = Some(form);
            return text;
        }
        match form.on(said, small_talk) {
            Next::Ask(text) => {
                self.memory.form = Some(form);
                text
            }
            Next::Whole(message) => {
                self.memory.form = Some(form);
                self.call(TAKE_MESSAGE, message);
                String::new()
            }
            Next::Dropped => "All right, no message. What else can I do for you?".to_owned(),
        }
    }

    /// A question of theirs in place of an answer to ours.
    fn asked_meanwhile(&self, said: &str) -> Option<String> {
        let first = said.split_whitespace().next()?.to_lowercase();
        QUESTION_WORDS.contains(&&*first).then(|| self.knowledge.answer(said)).flatten()
    }

    fn outside_form(&mut self, said: &str, small_talk: Option<SmallTalk>, was_offered: bool) -> String {
        match small_talk {
            Some(SmallTalk::CallBack) => return self.begin(true, "Of course, we will call you back. "),
            Some(SmallTalk::Message) => return self.begin(false, "Of course. "),
            Some(SmallTalk::Yes | SmallTalk::Thanks) if was_offered => return self.begin(true, ""),
            Some(SmallTalk::Person) => {
                self.memory.misses = 0;
                self.memory.is_offered = true;
                let known = self.knowledge.answer(said);
                let known = known.unwrap_or_else(|| "Nobody of our people can take the call right now.".to_owned());
                return format!("{known} {OFFER}");
            }
            Some(_) | None => {}
        }
        if let Some(answer) = self.knowledge.answer(said) {
            self.memory.misses = 0;
            return answer;
        }
        match small_talk {
            Some(known) => {
                self.memory.misses = 0;
                self.small_talk(known)
            }
            None => self.miss(),
        }
    }

    fn begin(&mut self, call_back: bool, before: &str) -> String {
        let form = Form::new(call_back);
        let text = format!("{before}{}", form.question());
        self.memory.form = Some(form);
        text
    }

    fn small_talk(&self, known: SmallTalk) -> String {
        match known {
            SmallTalk::Greeting => "Hello. What would you like to know?".to_owned(),
            SmallTalk::Thanks => "You are welcome. Is there anything else?".to_owned(),
            SmallTalk::Yes => "Please go ahead. What would you like to know?".to_owned(),
            SmallTalk::No | SmallTalk::NeverMind => "All right. Just say goodbye when you are done.".to_owned(),
            SmallTalk::Help => {
                format!("I can take a message, or you ask me, for example: {}", self.knowledge.examples())
            }
            SmallTalk::Who => {
                "I am the assistant that answers here. I know the answers to the questions that people ask most."
                    .to_owned()
            }
            SmallTalk::Repeat
            | SmallTalk::Goodbye
            | SmallTalk::Person
            | SmallTalk::Message
            | SmallTalk::CallBack
            | SmallTalk::Slower => self.last(),
        }
    }

    fn miss(&mut self) -> String {
        self.memory.misses += 1;
        if self.memory.misses == 1 {
            return "I am sorry, I do not know that. Could you put it in other words?".to_owned();
        }
        self.memory.is_offered = true;
        format!("I am afraid I cannot answer that, but our people can. {OFFER}")
    }

    /// A tool has run: the message was kept, or not.
    fn after_message(&mut self, result: &Value) -> String {
        let form = self.memory.form.take();
        let is_number = result["reason"].as_str().is_some_and(|reason| reason.starts_with("phone:"));
        let text = match form {
            _ if has_worked(result) => {
                "Thank you. I have written that down, and our people will get back to you. Is there anything else?"
                    .to_owned()
            }
            Some(mut form) if is_number => {
                let text = form.ask_number_again();
                self.memory.form = Some(form);
                text
            }
            Some(_) | None => {
                "I am sorry, I could not write that down just now. Please try again later, or use the page to reach us."
                    .to_owned()
            }
        };
        self.memory.last = Some(text.clone());
        text
    }

    fn call(&mut self, name: &str, arguments: Value) {
        let id = format!("script-{}-{}", self.count, self.calls.len());
        self.calls.push(ToolCall { id, name: name.to_owned(), arguments, signatures: None });
    }

    /// What was said last, for those who did not hear it.
    fn last(&self) -> String {
        self.memory.last.clone().unwrap_or_else(|| self.knowledge.greeting.clone())
    }
}
