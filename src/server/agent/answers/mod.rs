//! The answers of a call: which one is being made, and what of it becomes part of the conversation.
//!
//! A visitor's turn and the script's memory of it are kept once the answer is heard or a tool has begun, and the
//! answer's words as they are heard. An answer that is given up before leaves no trace.

use tokio::{
    sync::{mpsc, watch},
    task::AbortHandle,
};

use super::{
    conversation::Conversation,
    reply::{Made, Maker, ToolEnded},
    script::Memory,
};

/// Pieces of an answer that may wait to be spoken.
const QUEUE: usize = 64;

/// How an answer that is wanted begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was prepared, and goes on.
    Prepared,
    /// It is begun.
    Begun,
}

/// The answers of one call.
pub(super) struct Answers<'a> {
    maker: Maker,
    conversation: &'a mut Conversation,
    making: Option<Making>,
    /// What was heard of the present answer, or of whatever else is being said.
    heard: String,
}

/// An answer that is being made.
struct Making {
    /// The visitor's turn, until it is kept.
    said: Option<String>,
    /// What it is made for.
    asked: String,
    memory: Option<Memory>,
    is_taken: watch::Sender<bool>,
    made: mpsc::Receiver<Made>,
    task: AbortHandle,
}

impl Drop for Making {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<'a> Answers<'a> {
    /// Goes on with `conversation`.
    pub(super) fn new(maker: Maker, conversation: &'a mut Conversation) -> Self {
        Self { maker, conversation, making: None, heard: String::new() }
    }

    /// Begins the answer to what is probably the visitor's turn.
    pub(super) fn prepare(&mut self, said: &str) {
        self.begin(said);
    }

    /// The visitor's turn is `said`: its answer is wanted.
    pub(super) fn take(&mut self, said: &str) -> Taken {
        let is_prepared = self.making.as_ref().is_some_and(|making| making.asked == said && !*making.is_taken.borrow());
        if !is_prepared {
            self.begin(said);
        }
        if let Some(making) = &self.making {
            making.is_taken.send_replace(true);
        }
        if is_prepared { Taken::Prepared } else { Taken::Begun }
    }

    /// Gives up whatever is being made; what was heard stays, as cut off.
    pub(super) fn give_up(&mut self) {
        self.making = None;
        self.close(true);
    }

    /// Forgets all that was said, and whatever is being made.
    pub(super) fn forget(&mut self) {
        self.give_up();
        *self.conversation = Conversation::default();
    }

    /// Whether the visitor asked for a slower voice.
    pub(super) fn is_slow(&self) -> bool {
        self.conversation.memory().is_slow
    }

    /// Waits for the next piece of the answer; for ever where none is being made.
    pub(super) async fn made(&mut self) -> Made {
        match &mut self.making {
            Some(making) => match making.made.recv().await {
                Some(made) => made,
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }

    /// Takes note of a piece of the answer.
    pub(super) fn on_made(&mut self, made: &Made) {
        match made {
            Made::Remember(memory) => {
                if let Some(making) = &mut self.making {
                    making.memory = Some(memory.clone());
                    if making.said.is_none() {
                        self.keep_turn();
                    }
                }
            }
            Made::ToolBegan(call) => {
                self.keep_turn();
                self.close(false);
                self.conversation.tool_began(call.clone());
            }
            Made::Text(_) | Made::End(_) | Made::Failed => {}
        }
    }

    /// A tool has finished.
    pub(super) fn on_tool(&mut self, ToolEnded { id, value }: ToolEnded) {
        self.conversation.tool_ended(&id, value);
    }

    /// The visitor hears the assistant.
    pub(super) fn on_first_sound(&mut self) {
        self.keep_turn();
    }

    /// The visitor heard these words.
    pub(super) fn on_heard(&mut self, words: &str) {
        self.heard.push_str(words);
    }

    /// The visitor heard everything.
    pub(super) fn on_over(&mut self) {
        self.keep_turn();
        self.making = None;
        self.close(false);
    }

    fn begin(&mut self, said: &str) {
        self.give_up();
        let mut conversation = self.conversation.clone();
        conversation.visitor_said(said);
        let (is_taken, taken) = watch::channel(false);
        let (out, made) = mpsc::channel(QUEUE);
        let task = tokio::spawn(self.maker.clone().make(conversation, taken, out)).abort_handle();
        let (said, asked) = (Some(said.to_owned()), said.to_owned());
        self.making = Some(Making { said, asked, memory: None, is_taken, made, task });
    }

    /// The visitor's turn is part of the conversation from here on.
    fn keep_turn(&mut self) {
        let Some(making) = &mut self.making else { return };
        if let Some(said) = making.said.take() {
            self.conversation.visitor_said(&said);
        }
        if let Some(memory) = making.memory.take() {
            self.conversation.remember(memory);
        }
    }

    fn close(&mut self, is_interrupted: bool) {
        let heard = std::mem::take(&mut self.heard);
        self.conversation.assistant_said(&heard, is_interrupted);
    }
}

#[cfg(test)]
mod tests;
