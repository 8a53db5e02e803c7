//! A model for tests: it does what it is told, turn by turn, and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use futures_util::{StreamExt, stream, stream::BoxStream};

use super::{Llm, LlmError, Piece, Prompt};

/// One thing that the model does in a turn.
#[derive(Clone, Debug)]
pub(in crate::server::agent) enum Act {
    Piece(Piece),
    Fail,
    Hang,
}

/// Words.
pub(in crate::server::agent) fn say(text: &str) -> Act {
    Act::Piece(Piece::Text(text.to_owned()))
}

/// The model; its last turn is repeated for ever.
pub(in crate::server::agent) struct Fake {
    name: &'static str,
    turns: Mutex<VecDeque<Vec<Act>>>,
    asked: Mutex<Vec<Prompt>>,
}

impl Fake {
    pub(in crate::server::agent) fn new(name: &'static str, turns: Vec<Vec<Act>>) -> Arc<Self> {
        Arc::new(Self { name, turns: Mutex::new(turns.into()), asked: Mutex::default() })
    }

    /// What it was asked so far.
    pub(in crate::server::agent) fn asked(&self) -> Vec<Prompt> {
        self.asked.lock().unwrap().clone()
    }
}

/// What a model that fails says of it.
pub(in crate::server::agent) fn failure(name: &str) -> LlmError {
    LlmError::Failed { model: name.to_owned(), reason: "HTTP 500".to_owned() }
}

impl Llm for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn reply(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, LlmError>> {
        self.asked.lock().unwrap().push(prompt);
        let mut turns = self.turns.lock().unwrap();
        let turn = if turns.len() > 1 { turns.pop_front() } else { turns.front().cloned() };
        let name = self.name;
        stream::iter(turn.unwrap_or_default())
            .then(move |act| async move {
                match act {
                    Act::Piece(piece) => Ok(piece),
                    Act::Fail => Err(failure(name)),
                    Act::Hang => std::future::pending().await,
                }
            })
            .boxed()
    }
}
