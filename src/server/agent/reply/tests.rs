//! Answers as they are made, in virtual time.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;

use super::*;
use crate::server::agent::{
    conversation::Item,
    llm::fake::{Act, Fake, say},
    tools::{MailboxError, SpokenMessage, TAKE_MESSAGE},
};

/// Keeps messages, each after `slowness`.
#[derive(Default)]
struct Slow {
    slowness: Duration,
    kept: Mutex<Vec<SpokenMessage>>,
}

#[async_trait]
impl Mailbox for Slow {
    async fn take(&self, _room: Option<&RoomLife>, message: SpokenMessage) -> Result<(), MailboxError> {
        tokio::time::sleep(self.slowness).await;
        self.kept.lock().unwrap().push(message);
        Ok(())
    }
}

/// An answer that is being made.
struct Making {
    llm: Arc<Fake>,
    mailbox: Arc<Slow>,
    made: mpsc::Receiver<Made>,
    tools: mpsc::Receiver<ToolEnded>,
    taken: watch::Sender<bool>,
}

impl Making {
    fn begin(turns: Vec<Vec<Act>>, slowness: Duration) -> Self {
        let llm = Fake::new("fake", turns);
        let mailbox = Arc::new(Slow { slowness, ..Slow::default() });
        let (tool_ends, tools) = mpsc::channel(8);
        let (taken, is_taken) = watch::channel(false);
        let (out, made) = mpsc::channel(64);
        let maker =
            Maker { llm: llm.clone(), mailbox: mailbox.clone(), room: None, phrases: Arc::default(), tools: tool_ends };
        let mut conversation = Conversation::default();
        conversation.visitor_said("hello");
        tokio::spawn(maker.make(conversation, is_taken, out));
        Self { llm, mailbox, made, tools, taken }
    }

    async fn all(&mut self) -> Vec<Made> {
        let mut all = Vec::new();
        while let Some(made) = self.made.recv().await {
            all.push(made);
        }
        all
    }
}

fn call(id: &str, name: &str) -> ToolCall {
    let arguments = if name == END_CALL { json!({}) } else { json!({ "name": "Ada", "reason": "a quartet" }) };
    ToolCall { id: id.into(), name: name.into(), arguments, signatures: None }
}

fn calls(id: &str, name: &str) -> Act {
    Act::Piece(Piece::Call(call(id, name)))
}

fn text(words: &str) -> Made {
    Made::Text(words.into())
}

#[tokio::test(start_paused = true)]
async fn words_come_as_the_model_says_them() {
    let mut making = Making::begin(vec![vec![say("Yes, "), say("we do.")]], Duration::ZERO);
    assert_eq!(making.all().await, [text("Yes, "), text("we do."), text("\n"), Made::End(Then::Listen)]);
}

#[tokio::test(start_paused = true)]
async fn a_tool_waits_until_the_turn_is_taken_and_its_result_is_told() {
    let turns = vec![vec![say("Just a second."), calls("1", TAKE_MESSAGE)], vec![say("Done.")]];
    let mut making = Making::begin(turns, Duration::ZERO);
    assert_eq!(making.made.recv().await, Some(text("Just a second.")));
    assert_eq!(making.made.recv().await, Some(text("\n")));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(making.made.try_recv().is_err() && making.mailbox.kept.lock().unwrap().is_empty());
    making.taken.send_replace(true);
    let rest = [Made::ToolBegan(call("1", TAKE_MESSAGE)), text("Done."), text("\n"), Made::End(Then::Listen)];
    assert_eq!(making.all().await, rest);
    let ended = ToolEnded { id: "1".into(), value: json!({ "status": "kept" }) };
    assert_eq!(making.tools.recv().await, Some(ended.clone()));
    let told: Vec<Item> = making.llm.asked()[1].conversation.items().cloned().collect();
    assert_eq!(told.last(), Some(&Item::Tool { call: call("1", TAKE_MESSAGE), result: Some(ended.value) }));
}

#[tokio::test(start_paused = true)]
async fn a_slow_tool_is_bridged_and_goes_on_when_the_answer_is_given_up() {
    let turns = vec![vec![calls("1", TAKE_MESSAGE)], vec![say("Done.")]];
    let mut making = Making::begin(turns.clone(), Duration::from_secs(5));
    making.taken.send_replace(true);
    let filler = text(&Phrases::default().one_moment);
    assert_eq!(making.all().await[1], filler);
    let mut making = Making::begin(turns, Duration::from_secs(5));
    making.taken.send_replace(true);
    assert_eq!(making.made.recv().await, Some(Made::ToolBegan(call("1", TAKE_MESSAGE))));
    drop(making.made);
    assert!(making.tools.recv().await.is_some());
    assert_eq!(making.mailbox.kept.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_takes_too_long_has_failed() {
    let turns = vec![vec![calls("1", TAKE_MESSAGE)], vec![say("Sorry.")]];
    let mut making = Making::begin(turns, Duration::from_secs(600));
    making.taken.send_replace(true);
    making.all().await;
    assert!(!has_worked(&making.tools.recv().await.unwrap().value));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_only_calls_is_stopped() {
    let mut making = Making::begin(vec![vec![calls("1", "rummage")]], Duration::ZERO);
    making.taken.send_replace(true);
    making.all().await;
    let asked: Vec<bool> = making.llm.asked().iter().map(|prompt| prompt.may_call).collect();
    assert_eq!(asked, [true, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn who_ends_the_call_says_goodbye_once() {
    for (words, expected) in [(vec![], Phrases::default().goodbye), (vec![say("Bye!")], "Bye!\n".to_owned())] {
        let turn = [words, vec![calls("1", END_CALL)]].concat();
        let mut making = Making::begin(vec![turn], Duration::ZERO);
        making.taken.send_replace(true);
        let made = making.all().await;
        let said: String =
            made.iter().filter_map(|made| if let Made::Text(text) = made { Some(&**text) } else { None }).collect();
        assert_eq!((said, made.last()), (expected, Some(&Made::End(Then::Leave))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_breaks_off_is_taken_up_once() {
    let turns = vec![vec![say("We play "), Act::Fail], vec![say("jazz.")]];
    let mut making = Making::begin(turns, Duration::ZERO);
    let words = [text("We play "), text("\n"), text("jazz."), text("\n"), Made::End(Then::Listen)];
    assert_eq!(making.all().await, words);
    let told: Vec<Item> = making.llm.asked()[1].conversation.items().cloned().collect();
    assert_eq!(told.last(), Some(&Item::Assistant { text: "We play".into(), is_interrupted: true }));
    let mut making = Making::begin(vec![vec![say("We play "), Act::Fail]], Duration::ZERO);
    assert_eq!(making.all().await.last(), Some(&Made::Failed));
}

#[tokio::test(start_paused = true)]
async fn a_model_without_a_word_is_no_dead_line() {
    for turn in [vec![], vec![Act::Fail], vec![say("  ")]] {
        let mut making = Making::begin(vec![turn], Duration::ZERO);
        assert_eq!(making.all().await.last(), Some(&Made::Failed));
    }
}
