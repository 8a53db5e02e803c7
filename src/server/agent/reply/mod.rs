//! One answer in the making: the model's words are passed on, its calls run, and it goes on with what they gave.
//!
//! An answer may be made before the turn is known to be over. Its first sentences are ready then; its tools wait until the
//! turn is taken.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    conversation::{Conversation, ToolCall},
    llm::{Llm, LlmError, Piece, Prompt},
    phrases::Phrases,
    script::{Memory, Then},
    tools::{END_CALL, Mailbox, Tool, has_worked, refusal},
};
use crate::domain::record::RoomLife;

/// Steps with tools in one turn, as LiveKit Agents has it; the last one is made without.
const STEPS_MAX: usize = 3;

/// How long tools may take before the caller is told to wait.
const FILLER_AFTER: Duration = Duration::from_millis(1200);

/// How long a tool may take.
const TOOL_TIMEOUT: Duration = Duration::from_secs(15);

/// How often a turn that broke off in mid-sentence is taken up again.
const TAKEN_UP_MAX: usize = 1;

/// What an answer consists of, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Made {
    /// Words to speak, cut anywhere.
    Text(String),
    /// What the script is to keep in mind.
    Remember(Memory),
    /// A tool runs, so that the turn can no longer be taken back.
    ToolBegan(ToolCall),
    /// There is no more, and what then.
    End(Then),
    /// No model has anything to say.
    Failed,
}

/// A tool that has finished, maybe long after its answer was given up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolEnded {
    /// The call.
    pub(super) id: String,
    /// What it gave.
    pub(super) value: Value,
}

/// What answers are made with; one for each call.
#[derive(Clone)]
pub(super) struct Maker {
    /// The model.
    pub(super) llm: Arc<dyn Llm>,
    /// What tools act through.
    pub(super) mailbox: Arc<dyn Mailbox>,
    /// The room, where it is known by an id.
    pub(super) room: Option<RoomLife>,
    /// What is said without a model.
    pub(super) phrases: Arc<Phrases>,
    /// Where finished tools are told.
    pub(super) tools: mpsc::Sender<ToolEnded>,
}

impl Maker {
    /// Makes the answer to `conversation`, until `made` is dropped. Tools run once `is_taken`.
    pub(super) async fn make(
        self,
        mut conversation: Conversation,
        mut is_taken: watch::Receiver<bool>,
        made: mpsc::Sender<Made>,
    ) {
        let mut then = Then::Listen;
        let mut taken_up = 0;
        for step in 0..=STEPS_MAX {
            let prompt = Prompt { conversation: conversation.clone(), may_call: step < STEPS_MAX };
            let Step { said, calls, memory, failure } = self.step(prompt, &made).await;
            conversation.assistant_said(&said, failure.is_some());
            if let Some(memory) = memory {
                conversation.remember(memory);
            }
            if let Some(error) = failure {
                tracing::warn!(%error, "an answer broke off");
                if said.is_empty() || taken_up == TAKEN_UP_MAX {
                    made.send(Made::Failed).await.ok();
                    return;
                }
                taken_up += 1;
                continue;
            }
            if calls.is_empty() || step == STEPS_MAX {
                break;
            }
            if is_taken.wait_for(|taken| *taken).await.is_err() {
                return;
            }
            let ends = calls.iter().any(|call| call.name == END_CALL);
            let is_only_end = calls.iter().all(|call| call.name == END_CALL);
            for call in &calls {
                conversation.tool_began(call.clone());
                if made.send(Made::ToolBegan(call.clone())).await.is_err() {
                    return;
                }
            }
            for ToolEnded { id, value } in self.run(calls, &made).await {
                conversation.tool_ended(&id, value);
            }
            if ends {
                then = Then::Leave;
            }
            // Who ends the call after a goodbye has nothing to add.
            if is_only_end {
                if said.trim().is_empty() {
                    made.send(Made::Text(self.phrases.goodbye.clone())).await.ok();
                }
                break;
            }
        }
        made.send(Made::End(then)).await.ok();
    }

    /// One request to the model, spoken as it comes.
    async fn step(&self, prompt: Prompt, made: &mpsc::Sender<Made>) -> Step {
        let mut step = Step::default();
        let mut turn = self.llm.reply(prompt);
        while let Some(piece) = turn.next().await {
            match piece {
                Ok(Piece::Text(text)) => {
                    step.said.push_str(&text);
                    made.send(Made::Text(text)).await.ok();
                }
                Ok(Piece::Call(call)) => step.calls.push(call),
                Ok(Piece::Remember(memory)) => {
                    step.memory = Some(memory.clone());
                    made.send(Made::Remember(memory)).await.ok();
                }
                Err(error) => {
                    step.failure = Some(error);
                    break;
                }
            }
        }
        // What comes next is another sentence.
        if !step.said.is_empty() {
            made.send(Made::Text("\n".to_owned())).await.ok();
        }
        if step.said.trim().is_empty() && step.calls.is_empty() && step.failure.is_none() {
            step.failure = Some(LlmError::Nothing(self.llm.name().to_owned()));
        }
        step
    }

    /// Runs tools side by side. They go on to their end even if the answer is given up.
    async fn run(&self, calls: Vec<ToolCall>, made: &mpsc::Sender<Made>) -> Vec<ToolEnded> {
        let running = calls.into_iter().map(|call| {
            let (ended, wait) = oneshot::channel();
            let (mailbox, room, tools) = (self.mailbox.clone(), self.room.clone(), self.tools.clone());
            tokio::spawn(async move {
                let value = match Tool::of(&call) {
                    Ok(tool) => tokio::time::timeout(TOOL_TIMEOUT, tool.run(&mailbox, room.as_ref()))
                        .await
                        .unwrap_or_else(|_| refusal("it took too long")),
                    Err(reason) => refusal(&reason),
                };
                if !has_worked(&value) {
                    tracing::warn!(room = room.map(|room| room.name), tool = call.name, "a tool failed");
                }
                let end = ToolEnded { id: call.id, value };
                tools.send(end.clone()).await.ok();
                ended.send(end).ok();
            });
            wait
        });
        let running = join_all(running.collect::<Vec<_>>());
        tokio::pin!(running);
        let ended = tokio::select! {
            ended = &mut running => ended,
            () = tokio::time::sleep(FILLER_AFTER) => {
                made.send(Made::Text(self.phrases.one_moment.clone())).await.ok();
                running.await
            }
        };
        ended.into_iter().flatten().collect()
    }
}

/// What one request gave.
#[derive(Debug, Default)]
struct Step {
    said: String,
    calls: Vec<ToolCall>,
    memory: Option<Memory>,
    failure: Option<LlmError>,
}

#[cfg(test)]
mod tests;
