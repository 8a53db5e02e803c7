//! Conversations with the script, turn by turn.

use serde_json::{Value, json};

use super::{dialogue::reply, *};
use crate::server::agent::conversation::{Conversation, ToolCall};

/// One call with the script.
struct Call {
    knowledge: Knowledge,
    conversation: Conversation,
}

impl Call {
    fn new() -> Self {
        let faq = Faq::parse(include_str!("../../../../content/faq.md")).unwrap();
        let knowledge = Knowledge::new(faq, "Hello, how can I help?".into());
        Self { knowledge, conversation: Conversation::default() }
    }

    /// What it answers, and what it calls.
    fn turn(&mut self) -> (String, Vec<ToolCall>) {
        let (mut text, mut calls) = (String::new(), Vec::new());
        for piece in reply(&self.knowledge, &self.conversation) {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Call(call) => calls.push(call),
                Piece::Remember(memory) => self.conversation.remember(memory),
            }
        }
        self.conversation.assistant_said(&text, false);
        (text, calls)
    }

    fn say(&mut self, said: &str) -> String {
        self.say_and_call(said).0
    }

    fn say_and_call(&mut self, said: &str) -> (String, Vec<ToolCall>) {
        self.conversation.visitor_said(said);
        self.turn()
    }

    fn tool_gives(&mut self, call: &ToolCall, value: Value) -> String {
        self.conversation.tool_began(call.clone());
        self.conversation.tool_ended(&call.id, value);
        self.turn().0
    }
}

#[test]
fn answers_what_it_knows_and_offers_a_message_when_it_does_not() {
    let mut call = Call::new();
    assert!(call.say("what does a string quartet cost").starts_with("A quartet for three hours"));
    assert!(call.say("what is the capital of france").contains("do not know"));
    assert!(call.say("who won the football game").contains("Shall I take a message"));
    assert_eq!(call.say("yes please"), "What is your name, please?");
    assert!(Call::new().say("can you play outside in the garden").contains("shade"));
}

#[test]
fn repeats_what_it_said_and_speaks_slower() {
    let mut call = Call::new();
    assert_eq!(call.say("sorry what did you say"), "Hello, how can I help?");
    let answer = call.say("how do we pay");
    assert_eq!(call.say("can you repeat that please"), answer);
    assert!(!call.conversation.memory().is_slow);
    assert_eq!(call.say("slower please"), format!("Of course. {answer}"));
    assert!(call.conversation.memory().is_slow);
}

#[test]
fn holds_a_conversation_and_ends_it() {
    let mut call = Call::new();
    assert!(call.say("hello").starts_with("Hello"));
    assert!(call.say("thank you very much").starts_with("You are welcome"));
    assert!(call.say("help").contains("quartet"));
    let (_, calls) = call.say_and_call("okay goodbye");
    assert_eq!(calls.iter().map(|call| &*call.name).collect::<Vec<_>>(), ["end_call"]);
}

#[test]
fn every_question_of_the_site_finds_its_own_answer() {
    let faq = Call::new().knowledge.faq;
    for entry in &faq.entries {
        let text = Call::new().say(&entry.question);
        assert!(text.starts_with(&entry.answer), "{}: {text}", entry.question);
    }
}

#[test]
fn takes_a_message_and_answers_questions_meanwhile() {
    let mut call = Call::new();
    assert_eq!(call.say("please call me back"), "Of course, we will call you back. What is your name, please?");
    let text = call.say("what does a jazz trio cost");
    assert!(text.starts_with("A jazz trio") && text.ends_with("What is your name, please?"), "{text}");
    call.say("Ada");
    call.say("0171 555 123");
    call.say("yes");
    let (text, calls) = call.say_and_call("a quartet for the fourteenth of june");
    assert_eq!(text, "");
    let expected = json!({
        "name": "Ada", "phone": "0171555123", "reason": "a quartet for the fourteenth of june", "call_back": true,
    });
    assert_eq!(calls[0].arguments, expected);
    assert!(call.tool_gives(&calls[0], json!({ "status": "kept" })).contains("written that down"));
    assert!(call.say("how do we pay").contains("deposit") || call.conversation.memory().form.is_none());
}

#[test]
fn a_message_that_was_not_kept_is_not_claimed_to_be() {
    let mut call = Call::new();
    for said in ["can I leave a message", "Ada", "no", "a quartet"] {
        call.say(said);
    }
    let mut call = Call::new();
    let mut calls = Vec::new();
    for said in ["call me back", "Ada", "12345", "yes", "a quartet"] {
        calls = call.say_and_call(said).1;
    }
    let refused = json!({ "status": "failed", "reason": "phone: it is no number" });
    assert!(call.tool_gives(&calls[0], refused).contains("area code"));
    call.say("0171 555 123");
    let (_, again) = call.say_and_call("yes");
    assert_eq!(again[0].arguments["phone"], "0171555123");
    let failed = json!({ "status": "failed", "reason": "messages cannot be kept now" });
    assert!(call.tool_gives(&again[0], failed).contains("could not write that down"));
}

#[test]
fn a_person_is_offered_a_call_back() {
    let mut call = Call::new();
    assert!(call.say("a person please").ends_with("Shall I take a message, so that somebody calls you back?"));
    assert!(call.say("no").starts_with("All right"));
}

#[test]
fn the_same_conversation_gets_the_same_answer() {
    let mut call = Call::new();
    call.say("call me back");
    call.conversation.visitor_said("Ada");
    assert_eq!(reply(&call.knowledge, &call.conversation), reply(&call.knowledge, &call.conversation));
}
