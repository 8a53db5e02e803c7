//! Several models in order: the next takes a turn over that one has failed before its first word.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream, stream::BoxStream};

use super::{Llm, LlmError, Piece, Prompt};

/// How often each model is asked for the first word of a turn, and the pause in between.
const TRIES: usize = 2;
const PAUSE: Duration = Duration::from_millis(150);

/// Models in the order in which they are asked.
pub(in crate::server::agent) struct Chain {
    models: Vec<(Arc<dyn Llm>, Duration)>,
}

impl Chain {
    /// Asks `models` one after the other, each for its first word within its time.
    pub(in crate::server::agent) fn new(models: Vec<(Arc<dyn Llm>, Duration)>) -> Self {
        Self { models }
    }
}

impl Llm for Chain {
    fn name(&self) -> &str {
        self.models.first().map_or("no model", |(model, _)| model.name())
    }

    fn reply(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, LlmError>> {
        let models = self.models.clone();
        stream::once(async move { first_that_answers(&models, &prompt).await }).flatten().boxed()
    }
}

/// The turn of the first model that begins one, from its first piece on.
async fn first_that_answers(
    models: &[(Arc<dyn Llm>, Duration)],
    prompt: &Prompt,
) -> BoxStream<'static, Result<Piece, LlmError>> {
    let mut last = LlmError::Nothing("no model".to_owned());
    for (model, first_word) in models {
        for attempt in 1..=TRIES {
            let mut turn = model.reply(prompt.clone());
            let error = match tokio::time::timeout(*first_word, turn.next()).await {
                Ok(Some(Ok(piece))) => return stream::once(async { Ok(piece) }).chain(turn).boxed(),
                Ok(Some(Err(error))) => error,
                Ok(None) => LlmError::Nothing(model.name().to_owned()),
                Err(_) => LlmError::TimedOut(model.name().to_owned()),
            };
            tracing::warn!(model = model.name(), attempt, %error, "a model did not answer");
            // Who was too slow once would be too slow again, and the caller is waiting.
            let is_slow = matches!(error, LlmError::TimedOut(_));
            last = error;
            if is_slow {
                break;
            }
            if attempt < TRIES {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    stream::once(async { Err(last) }).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::agent::{
        conversation::Conversation,
        llm::fake::{Act, Fake, failure, say},
    };

    /// What is heard of two models, and how often each was asked.
    async fn said(a: Vec<Vec<Act>>, b: Vec<Vec<Act>>) -> (Vec<Result<Piece, LlmError>>, [usize; 2]) {
        let models = [Fake::new("a", a), Fake::new("b", b)];
        let chain =
            Chain::new(models.iter().map(|model| (model.clone() as Arc<dyn Llm>, Duration::from_secs(3))).collect());
        let prompt = Prompt { conversation: Conversation::default(), may_call: true };
        let said = chain.reply(prompt).collect().await;
        (said, models.map(|model| model.asked().len()))
    }

    fn text(word: &str) -> Result<Piece, LlmError> {
        Ok(Piece::Text(word.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_that_answers_is_heard() {
        let (words, asked) = said(vec![vec![say("yes"), say(".")]], vec![vec![say("no")]]).await;
        assert_eq!((words, asked), (vec![text("yes"), text(".")], [1, 0]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_tried_again_and_then_passed_on() {
        let (words, asked) = said(vec![vec![Act::Fail], vec![say("yes")]], vec![vec![Act::Fail]]).await;
        assert_eq!((words, asked), (vec![text("yes")], [2, 0]));
        let (words, asked) = said(vec![vec![]], vec![vec![say("no")]]).await;
        assert_eq!((words, asked), (vec![text("no")], [2, 1]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_hangs_is_asked_once() {
        let start = tokio::time::Instant::now();
        let (words, asked) = said(vec![vec![Act::Hang]], vec![vec![say("no")]]).await;
        assert_eq!((words, asked), (vec![text("no")], [1, 1]));
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_twice_once_a_word_was_said() {
        let (words, asked) = said(vec![vec![say("yes"), Act::Fail]], vec![vec![say("no")]]).await;
        assert_eq!((words, asked), (vec![text("yes"), Err(failure("a"))], [1, 0]));
    }

    #[tokio::test(start_paused = true)]
    async fn when_nobody_answers_the_last_reason_is_told() {
        let (words, asked) = said(vec![vec![Act::Fail]], vec![vec![Act::Hang]]).await;
        assert_eq!((words, asked), (vec![Err(LlmError::TimedOut("b".into()))], [2, 1]));
    }
}
