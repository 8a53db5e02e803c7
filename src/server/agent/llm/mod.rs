//! What to say: a model that goes on with a conversation, piece by piece.

mod chain;
mod cloud;
#[cfg(test)]
pub(super) mod fake;
mod instructions;
mod settings;

use std::{sync::Arc, time::Duration};

use futures_util::stream::BoxStream;

pub use self::settings::{CloudChoice, LlmChoice};
use self::{chain::Chain, cloud::Cloud, instructions::instructions};
use super::{
    conversation::{Conversation, ToolCall},
    providers::Web,
    script::{Knowledge, Memory, Script},
    settings::{Keys, Settings},
};
use crate::domain::faq::Faq;

/// The script answers at once.
const SCRIPT_MAX: Duration = Duration::from_secs(1);

/// Goes on with conversations.
pub(super) trait Llm: Send + Sync {
    /// The model's name, for the log.
    fn name(&self) -> &str;

    /// The assistant's next turn. The stream ends with the turn; dropping it gives the turn up and closes whatever
    /// connection it came by.
    fn reply(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, LlmError>>;
}

/// What a model is asked.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    /// What was said so far; the visitor's turn, or a tool's result, comes last.
    pub(super) conversation: Conversation,
    /// Whether tools may be called: no longer, once a turn has taken enough steps.
    pub(super) may_call: bool,
}

/// A piece of a turn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// Words, in any portion.
    Text(String),
    /// A tool to call; whole.
    Call(ToolCall),
    /// What the script is to keep in mind, should this turn be used.
    Remember(Memory),
}

/// Why a model has nothing to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmError {
    /// No first word in time.
    #[error("{0} took too long")]
    TimedOut(String),
    /// It refused, broke off, or sent what is not its protocol; the text holds no secret.
    #[error("{model} failed: {reason}")]
    Failed {
        /// The model's name.
        model: String,
        /// What was wrong.
        reason: String,
    },
    /// It sent nothing.
    #[error("{0} said nothing")]
    Nothing(String),
}

/// The models that the assistant's file names, in its order.
///
/// # Errors
/// A client that cannot be made.
pub(super) fn open(settings: &Settings, keys: &Keys, faq: &Faq) -> Result<Arc<dyn Llm>, LlmError> {
    let told = instructions(settings.name.as_str(), &settings.persona, settings.language.as_str(), faq);
    let told: Arc<str> = told.into();
    let no_client = || LlmError::Failed { model: "HTTP".to_owned(), reason: "no client".to_owned() };
    let web = Web::new().ok_or_else(no_client)?;
    let mut models: Vec<(Arc<dyn Llm>, Duration)> = Vec::new();
    for choice in &settings.llm {
        models.push(match choice.cloud() {
            None => {
                let knowledge = Knowledge::new(faq.clone(), settings.greeting.as_str().to_owned());
                (Arc::new(Script::new(Arc::new(knowledge))), SCRIPT_MAX)
            }
            Some((provider, cloud)) => {
                let key = keys.get(cloud.key_name(provider));
                let model = Cloud::new(provider, cloud, key, web.http().clone(), told.clone())?;
                (Arc::new(model), cloud.first_word_ms.0)
            }
        });
    }
    Ok(Arc::new(Chain::new(models)))
}
