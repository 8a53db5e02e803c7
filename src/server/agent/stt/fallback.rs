//! Several recognisers, each of which stands in for those before it.
//!
//! An utterance is kept until it is understood, so that the next one hears all of it. It knows no protocol.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{Recogniser, SoFar, Stt, Understood, Utterance, UtteranceId, Words, recording::Recording};
use crate::server::agent::providers::{ProviderError, Roster};

/// How often a recogniser is asked for an utterance.
const TRIES: usize = 2;

/// One of the recognisers.
pub(super) struct Ear {
    name: &'static str,
    /// How long it may take from the end of the speech to its words.
    patience: Duration,
    recogniser: Box<dyn Recogniser>,
}

impl Ear {
    pub(super) fn new(name: &'static str, patience: Duration, recogniser: impl Recogniser + 'static) -> Self {
        Self { name, patience, recogniser: Box::new(recogniser) }
    }

    async fn recognise(&self, recording: &Recording, so_far: &SoFar) -> Result<String, ProviderError> {
        let mut reader = recording.reader();
        let waited = async {
            reader.over().await;
            tokio::time::sleep(self.patience).await;
        };
        tokio::select! {
            words = self.recogniser.recognise(recording.reader(), so_far) => words,
            () = waited => Err(ProviderError::TimedOut),
        }
    }
}

/// The recognisers of a list, in order.
pub(super) struct Fallback(Arc<All>);

struct All {
    ears: Vec<Ear>,
    roster: Mutex<Roster>,
    start: Instant,
}

impl Fallback {
    /// Takes them in the order in which they are asked.
    pub(super) fn new(ears: Vec<Ear>) -> Self {
        let roster = Mutex::new(Roster::new(ears.len()));
        Self(Arc::new(All { ears, roster, start: Instant::now() }))
    }
}

impl Stt for Fallback {
    fn warm(&self) {
        self.0.ears.iter().for_each(|ear| ear.recogniser.warm());
    }

    fn begin(&self, id: UtteranceId, words: mpsc::Sender<Words>) -> Box<dyn Utterance> {
        let recording = Arc::new(Recording::new());
        let (all, sound) = (self.0.clone(), recording.clone());
        let task = tokio::spawn(async move {
            let so_far = SoFar { utterance: id, words };
            tokio::select! {
                understood = all.recognise(&sound, &so_far) => {
                    so_far.words.send(Words { utterance: id, understood }).await.ok();
                }
                // Nobody waits for the words any more.
                () = so_far.words.closed() => {}
            }
        });
        Box::new(Pending { recording, task: Some(task) })
    }
}

impl All {
    async fn recognise(&self, recording: &Recording, so_far: &SoFar) -> Understood {
        let order = self.roster().order(self.start.elapsed());
        for at in order {
            let ear = &self.ears[at];
            for _ in 0..TRIES {
                match ear.recognise(recording, so_far).await {
                    Ok(text) => {
                        self.roster().worked(at);
                        return Understood::All(text);
                    }
                    Err(error) => {
                        tracing::warn!(provider = ear.name, %error, "an utterance was not understood");
                        if !error.is_worth_another_try() {
                            break;
                        }
                    }
                }
            }
            self.roster().failed(at, self.start.elapsed());
        }
        tracing::error!("no recogniser is left");
        // Whoever still speaks is told when they have finished.
        recording.reader().over().await;
        Understood::Lost
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An utterance that is being said.
struct Pending {
    recording: Arc<Recording>,
    task: Option<JoinHandle<()>>,
}

impl Utterance for Pending {
    fn hear(&mut self, pcm: &[i16]) {
        self.recording.hear(pcm);
    }

    fn flush(&mut self) {
        self.recording.flush();
    }

    fn finish(mut self: Box<Self>) {
        self.recording.finish();
        // The task ends with the words.
        self.task = None;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::server::agent::stt::{Reader, recording::Next};

    /// What a recogniser does each time it is asked; the last again and again.
    #[derive(Clone, Copy)]
    enum Act {
        /// Says how many samples it heard, and on the way how many so far.
        Hears,
        /// Breaks at the first sound.
        Breaks,
        Refuses(u16),
        Hangs,
    }

    struct Actor {
        acts: Vec<Act>,
        turn: AtomicUsize,
        asked: Arc<Mutex<String>>,
        name: &'static str,
    }

    #[async_trait]
    impl Recogniser for Actor {
        async fn recognise(&self, mut sound: Reader, so_far: &SoFar) -> Result<String, ProviderError> {
            self.asked.lock().unwrap().push_str(self.name);
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            match self.acts[turn.min(self.acts.len() - 1)] {
                Act::Hears => {
                    let mut samples = 0;
                    while let Next::More(pcm) = sound.next().await {
                        samples += pcm.len();
                        so_far.tell(format!("{samples}"));
                    }
                    Ok(format!("{} heard {samples}", self.name))
                }
                Act::Breaks => {
                    sound.next().await;
                    Err(ProviderError::Broken("cut".into()))
                }
                Act::Refuses(status) => Err(ProviderError::Refused(status)),
                Act::Hangs => std::future::pending().await,
            }
        }
    }

    /// Who was asked for an utterance of 500 samples, and what came of it in the end.
    async fn heard(stt: &Fallback, asked: &Mutex<String>) -> (String, Understood) {
        let (words, mut understood) = mpsc::channel(16);
        let mut utterance = stt.begin(UtteranceId(7), words);
        utterance.hear(&[1; 200]);
        tokio::task::yield_now().await;
        utterance.hear(&[1; 300]);
        utterance.finish();
        loop {
            let words = understood.recv().await.unwrap();
            assert_eq!(words.utterance, UtteranceId(7));
            if !matches!(words.understood, Understood::SoFar(_)) {
                return (std::mem::take(&mut asked.lock().unwrap()), words.understood);
            }
        }
    }

    fn stage(first: &[Act], second: &[Act]) -> (Fallback, Arc<Mutex<String>>) {
        let asked = Arc::<Mutex<String>>::default();
        let ears = [("a", first), ("b", second)].map(|(name, acts)| {
            let actor = Actor { acts: acts.to_vec(), turn: AtomicUsize::new(0), asked: asked.clone(), name };
            Ear::new(name, Duration::from_millis(300), actor)
        });
        (Fallback::new(ears.into()), asked)
    }

    #[tokio::test]
    async fn whoever_stands_in_hears_all_of_the_utterance() {
        for (first, order) in [
            (&[Act::Hears][..], "a"),
            (&[Act::Breaks, Act::Hears], "aa"),
            (&[Act::Breaks], "aab"),
            (&[Act::Refuses(500)], "aab"),
            (&[Act::Refuses(429)], "ab"),
            (&[Act::Hangs], "ab"),
        ] {
            let (stt, asked) = stage(first, &[Act::Hears]);
            let who = order.chars().last().unwrap();
            assert_eq!(heard(&stt, &asked).await, (order.into(), Understood::All(format!("{who} heard 500"))));
        }
    }

    #[tokio::test]
    async fn who_failed_is_put_aside_and_where_nobody_is_left_that_is_told() {
        let (stt, asked) = stage(&[Act::Refuses(401)], &[Act::Hears, Act::Refuses(401)]);
        assert_eq!(heard(&stt, &asked).await.0, "ab");
        assert_eq!(heard(&stt, &asked).await, ("ba".into(), Understood::Lost));
    }

    #[tokio::test]
    async fn an_utterance_that_is_given_up_tells_nothing() {
        let (stt, _) = stage(&[Act::Hears], &[Act::Hears]);
        let (words, mut understood) = mpsc::channel(16);
        drop(stt.begin(UtteranceId(1), words));
        assert_eq!(understood.recv().await, None);
    }
}
