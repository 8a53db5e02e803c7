//! A recogniser of this machine as one of a list.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Reader, Recogniser, SoFar, Stt, Understood, recording::Next};
use crate::server::agent::providers::ProviderError;

/// Words that may wait to be handed on.
const QUEUE: usize = 8;

/// The recogniser.
pub(super) struct Local(pub(super) Arc<dyn Stt>);

#[async_trait]
impl Recogniser for Local {
    fn warm(&self) {
        self.0.warm();
    }

    async fn recognise(&self, mut sound: Reader, so_far: &SoFar) -> Result<String, ProviderError> {
        let (words, mut understood) = mpsc::channel(QUEUE);
        let mut utterance = Some(self.0.begin(so_far.utterance, words));
        loop {
            tokio::select! {
                words = understood.recv() => match words.map(|words| words.understood) {
                    Some(Understood::SoFar(text)) => so_far.tell(text),
                    Some(Understood::All(text)) => return Ok(text),
                    Some(Understood::Lost) | None => {
                        return Err(ProviderError::Broken("the recogniser gave up".to_owned()));
                    }
                },
                next = sound.next(), if utterance.is_some() => match (next, &mut utterance) {
                    (Next::More(pcm), Some(utterance)) => utterance.hear(&pcm),
                    (Next::Flush, Some(utterance)) => utterance.flush(),
                    (Next::Over, _) => if let Some(utterance) = utterance.take() {
                        utterance.finish();
                    },
                    (Next::More(_) | Next::Flush, None) => {}
                },
            }
        }
    }
}
