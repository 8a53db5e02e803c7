//! What becomes part of the conversation, and what leaves no trace.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::domain::record::RoomLife;
use crate::server::agent::{
    conversation::{Item, ToolCall},
    llm::{
        Piece,
        fake::{Act, Fake, say},
    },
    tools::{Mailbox, MailboxError, SpokenMessage, TAKE_MESSAGE},
};

struct Keeps;

#[async_trait]
impl Mailbox for Keeps {
    async fn take(&self, _room: Option<&RoomLife>, _message: SpokenMessage) -> Result<(), MailboxError> {
        Ok(())
    }
}

fn maker(turns: Vec<Vec<Act>>) -> (Arc<Fake>, Maker) {
    let llm = Fake::new("fake", turns);
    let tools = mpsc::channel(8).0;
    let maker = Maker { llm: llm.clone(), mailbox: Arc::new(Keeps), room: None, phrases: Arc::default(), tools };
    (llm, maker)
}

fn items(conversation: &Conversation) -> Vec<Item> {
    conversation.items().cloned().collect()
}

fn visitor(text: &str) -> Item {
    Item::Visitor(text.into())
}

fn assistant(text: &str, is_interrupted: bool) -> Item {
    Item::Assistant { text: text.into(), is_interrupted }
}

/// Takes note of everything that is made.
async fn make_all(answers: &mut Answers<'_>) {
    loop {
        let made = answers.made().await;
        answers.on_made(&made);
        if matches!(made, Made::End(_) | Made::Failed) {
            return;
        }
    }
}

#[tokio::test]
async fn a_turn_is_kept_once_it_is_heard_with_what_was_heard_of_its_answer() {
    let mut memory = Memory::default();
    memory.is_slow = true;
    let (_, maker) = maker(vec![vec![say("We do."), Act::Piece(Piece::Remember(memory.clone()))]]);
    let mut conversation = Conversation::default();
    let mut answers = Answers::new(maker, &mut conversation);
    assert_eq!(answers.take("do you play"), Taken::Begun);
    make_all(&mut answers).await;
    assert_eq!(items(answers.conversation), []);
    assert_eq!(answers.conversation.memory(), &Memory::default());
    answers.on_first_sound();
    answers.on_heard("We");
    answers.on_heard(" do.");
    answers.on_over();
    assert_eq!(items(&conversation), [visitor("do you play"), assistant("We do.", false)]);
    assert_eq!(conversation.memory(), &memory);
}

#[tokio::test]
async fn an_answer_that_was_cut_is_kept_as_far_as_it_was_heard() {
    let (_, maker) = maker(vec![vec![say("We do, and more.")]]);
    let mut conversation = Conversation::default();
    let mut answers = Answers::new(maker, &mut conversation);
    answers.take("do you play");
    make_all(&mut answers).await;
    answers.on_first_sound();
    answers.on_heard("We do,");
    answers.give_up();
    assert_eq!(items(&conversation), [visitor("do you play"), assistant("We do,", true)]);
}

#[tokio::test]
async fn an_answer_that_was_not_heard_leaves_no_trace() {
    let (llm, maker) = maker(vec![vec![say("We do.")]]);
    let mut conversation = Conversation::default();
    let mut answers = Answers::new(maker, &mut conversation);
    answers.take("do you play");
    make_all(&mut answers).await;
    answers.take("do you play jazz");
    make_all(&mut answers).await;
    assert_eq!(items(&llm.asked()[1].conversation), [visitor("do you play jazz")]);
    answers.give_up();
    assert_eq!(items(&conversation), []);
}

#[tokio::test]
async fn what_was_prepared_for_the_same_words_is_used() {
    let (llm, maker) = maker(vec![vec![say("We do.")]]);
    let mut conversation = Conversation::default();
    let mut answers = Answers::new(maker, &mut conversation);
    answers.prepare("do you play");
    assert_eq!(answers.take("do you play"), Taken::Prepared);
    make_all(&mut answers).await;
    // The same words once more are another turn.
    assert_eq!(answers.take("do you play"), Taken::Begun);
    answers.prepare("do you play");
    assert_eq!(answers.take("do you play jazz"), Taken::Begun);
    make_all(&mut answers).await;
    assert_eq!(items(&llm.asked()[llm.asked().len() - 1].conversation), [visitor("do you play jazz")]);
}

#[tokio::test]
async fn a_tool_keeps_the_turn_and_what_was_heard_before_it() {
    let call = ToolCall {
        id: "1".into(),
        name: TAKE_MESSAGE.into(),
        arguments: json!({ "name": "Ada", "reason": "jazz" }),
        signatures: None,
    };
    let turns = vec![vec![say("One second."), Act::Piece(Piece::Call(call.clone()))], vec![say("Done.")]];
    let (_, maker) = maker(turns);
    let mut conversation = Conversation::default();
    let mut answers = Answers::new(maker, &mut conversation);
    answers.take("take a message");
    answers.on_heard("One");
    make_all(&mut answers).await;
    answers.on_tool(ToolEnded { id: "1".into(), value: json!({ "status": "kept" }) });
    answers.give_up();
    let tool = Item::Tool { call, result: Some(json!({ "status": "kept" })) };
    assert_eq!(items(&conversation), [visitor("take a message"), assistant("One", false), tool]);
}
