//! Several voices, each of which stands in for those before it.
//!
//! A voice that fails before its first sound is asked once more if that may help; then the next one speaks what is left
//! of the sentence. It knows no protocol.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::{
    sync::mpsc,
    time::{self, Instant as Moment},
};

use super::{
    Pieces, Tempo, Tts,
    pace::{self, Pace},
};
use crate::server::agent::providers::{ProviderError, Roster};

/// How often a voice is asked for a sentence of which it has given no sound.
const TRIES: usize = 2;

/// The apology is made once the greeting is, so as not to delay it.
const KEEP_AFTER: Duration = Duration::from_secs(5);

/// One of the voices.
#[derive(Clone)]
pub(super) struct Voice {
    name: &'static str,
    /// How long it may take until its first sound, and between two pieces of it.
    patience: Duration,
    tts: Arc<dyn Tts>,
    pace: Arc<Mutex<Pace>>,
}

impl Voice {
    pub(super) fn new(name: &'static str, patience: Duration, tts: impl Tts + 'static) -> Self {
        Self { name, patience, tts: Arc::new(tts), pace: Arc::default() }
    }

    /// Speaks; gives how many samples were sent, and how it ended.
    async fn speak(&self, text: &str, tempo: Tempo, sound: &Pieces) -> (usize, Result<(), ProviderError>) {
        let (pieces, mut made) = mpsc::channel(1);
        let mut speaking = self.tts.speak(text, tempo, &pieces);
        let mut samples = 0;
        let mut deadline = Moment::now() + self.patience;
        let result = loop {
            tokio::select! {
                biased;
                Some(pcm) = made.recv() => {
                    samples += pcm.len();
                    if sound.send(pcm).await.is_err() {
                        return (samples, Ok(()));
                    }
                    deadline = Moment::now() + self.patience;
                }
                result = &mut speaking => break result,
                () = time::sleep_until(deadline) => break Err(ProviderError::TimedOut),
            }
        };
        while let Ok(pcm) = made.try_recv() {
            samples += pcm.len();
            sound.send(pcm).await.ok();
        }
        match result {
            Ok(()) if samples == 0 && text.chars().any(char::is_alphanumeric) => {
                (0, Err(ProviderError::Malformed("no sound".to_owned())))
            }
            result => (samples, result),
        }
    }
}

/// The voices of a list, in order.
pub(super) struct Fallback(Arc<All>);

struct All {
    voices: Vec<Voice>,
    roster: Mutex<Roster>,
    start: Instant,
    apology: Option<Apology>,
}

/// What is said when nobody else speaks any more, and its sound once that was made.
struct Apology {
    text: String,
    sound: OnceLock<Vec<i16>>,
}

impl Fallback {
    /// Takes the voices in the order in which they are asked. An `apology` is spoken ahead of time and kept for when none
    /// of them speaks any more.
    pub(super) fn new(voices: Vec<Voice>, apology: Option<String>) -> Self {
        let roster = Mutex::new(Roster::new(voices.len()));
        let apology = apology.map(|text| Apology { text, sound: OnceLock::new() });
        Self(Arc::new(All { voices, roster, start: Instant::now(), apology }))
    }
}

#[async_trait]
impl Tts for Fallback {
    fn warm(&self) {
        self.0.voices.iter().for_each(|voice| voice.tts.warm());
        if self.0.apology.as_ref().is_some_and(|apology| apology.sound.get().is_none()) {
            let all = self.0.clone();
            tokio::spawn(async move {
                time::sleep(KEEP_AFTER).await;
                all.keep_apology().await;
            });
        }
    }

    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        self.0.speak(sentence, tempo, sound).await
    }
}

impl All {
    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        let mut rest = sentence;
        let order = locked(&self.roster).order(self.start.elapsed());
        for at in order {
            let voice = &self.voices[at];
            let mut has_failed = false;
            for _ in 0..TRIES {
                let (samples, result) = voice.speak(rest, tempo, sound).await;
                let Err(error) = result else {
                    locked(&voice.pace).learn(rest, samples);
                    locked(&self.roster).worked(at);
                    return Ok(());
                };
                tracing::warn!(provider = voice.name, %error, samples, "a sentence was not spoken to its end");
                has_failed = true;
                if samples > 0 {
                    rest = pace::rest(rest, samples, locked(&voice.pace).length(rest));
                    break;
                }
                if !error.is_worth_another_try() {
                    break;
                }
            }
            if has_failed {
                locked(&self.roster).failed(at, self.start.elapsed());
            }
            if rest.is_empty() {
                return Ok(());
            }
        }
        let apology = self.apology.as_ref().filter(|apology| apology.text == sentence);
        let kept = apology.and_then(|apology| apology.sound.get()).ok_or(ProviderError::NothingLeft)?;
        sound.send(kept.clone()).await.ok();
        Ok(())
    }

    async fn keep_apology(&self) {
        let Some(apology) = &self.apology else { return };
        let (sound, mut made) = mpsc::channel(1);
        let collect = async {
            let mut pcm = Vec::new();
            while let Some(mut piece) = made.recv().await {
                pcm.append(&mut piece);
            }
            pcm
        };
        let speak = async {
            let spoken = self.speak(&apology.text, Tempo::Usual, &sound).await;
            drop(sound);
            spoken
        };
        let (spoken, pcm) = tokio::join!(speak, collect);
        if spoken.is_ok() {
            apology.sound.set(pcm).ok();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// What a voice does each time it is asked; the last again and again.
    #[derive(Clone, Copy)]
    enum Act {
        Speaks,
        /// So many samples, and then an error.
        Breaks(usize),
        Refuses(u16),
        Hangs,
        /// One sample, and then nothing for ever.
        Stalls,
        Silent,
    }

    struct Actor {
        acts: Vec<Act>,
        turn: AtomicUsize,
        asked: Arc<Mutex<Vec<String>>>,
        name: &'static str,
    }

    #[async_trait]
    impl Tts for Actor {
        async fn speak(&self, sentence: &str, _: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
            locked(&self.asked).push(format!("{}: {sentence}", self.name));
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            match self.acts[turn.min(self.acts.len() - 1)] {
                Act::Speaks => {
                    sound.send(vec![1; 3]).await.unwrap();
                    sound.send(vec![2; 3]).await.unwrap();
                    Ok(())
                }
                Act::Breaks(samples) => {
                    if samples > 0 {
                        sound.send(vec![9; samples]).await.unwrap();
                    }
                    Err(ProviderError::Broken("cut".into()))
                }
                Act::Refuses(status) => Err(ProviderError::Refused(status)),
                Act::Hangs => std::future::pending().await,
                Act::Stalls => {
                    sound.send(vec![9]).await.unwrap();
                    std::future::pending().await
                }
                Act::Silent => Ok(()),
            }
        }
    }

    const APOLOGY: &str = "I am sorry.";

    /// Far longer than an actor takes that answers at all.
    const PATIENCE: Duration = Duration::from_millis(300);

    struct Stage {
        fallback: Fallback,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl Stage {
        fn new(first: &[Act], second: &[Act]) -> Self {
            let asked = Arc::<Mutex<Vec<String>>>::default();
            let voices = [("a", first), ("b", second)].into_iter().filter(|(_, acts)| !acts.is_empty());
            let voice = |(name, acts): (&'static str, &[Act])| {
                let actor = Actor { acts: acts.to_vec(), turn: AtomicUsize::new(0), asked: asked.clone(), name };
                Voice::new(name, PATIENCE, actor)
            };
            Self {
                fallback: Fallback::new(voices.map(voice).collect(), Some(APOLOGY.to_owned())),
                asked: asked.clone(),
            }
        }

        /// Speaks; gives the samples and whether it worked, and who was asked for what.
        async fn speaks(&self, text: &str) -> (Vec<i16>, bool, Vec<String>) {
            let (sound, mut made) = mpsc::channel(16);
            let spoken = self.fallback.speak(text, Tempo::Usual, &sound).await;
            let pcm = std::iter::from_fn(|| made.try_recv().ok()).flatten().collect();
            (pcm, spoken.is_ok(), std::mem::take(&mut locked(&self.asked)))
        }
    }

    const SPOKEN: [i16; 6] = [1, 1, 1, 2, 2, 2];

    #[tokio::test]
    async fn the_first_that_works_speaks() {
        let stage = Stage::new(&[Act::Speaks], &[Act::Speaks]);
        assert_eq!(stage.speaks("one").await, (SPOKEN.into(), true, vec!["a: one".into()]));
    }

    #[tokio::test]
    async fn a_failure_before_the_first_sound_is_tried_again_where_that_may_help() {
        for act in [Act::Breaks(0), Act::Refuses(503)] {
            let stage = Stage::new(&[act, Act::Speaks], &[Act::Speaks]);
            assert_eq!(stage.speaks("one").await, (SPOKEN.into(), true, vec!["a: one".into(), "a: one".into()]));
        }
        for act in [Act::Refuses(429), Act::Refuses(401), Act::Hangs, Act::Silent] {
            let stage = Stage::new(&[act], &[Act::Speaks]);
            assert_eq!(stage.speaks("one").await, (SPOKEN.into(), true, vec!["a: one".into(), "b: one".into()]));
        }
        let stage = Stage::new(&[Act::Refuses(500)], &[Act::Speaks]);
        assert_eq!(stage.speaks("one").await.2, ["a: one", "a: one", "b: one"]);
    }

    #[tokio::test]
    async fn a_sentence_that_broke_goes_on_with_what_is_left_of_it() {
        // Thirteen bytes are taken to last 13416 samples: the second word was being said.
        let stage = Stage::new(&[Act::Breaks(5000)], &[Act::Speaks]);
        let (pcm, works, asked) = stage.speaks("one two three").await;
        assert_eq!((pcm.len(), works), (5006, true));
        assert_eq!(asked, ["a: one two three", "b: two three"]);
        let stage = Stage::new(&[Act::Breaks(14_000)], &[Act::Speaks]);
        assert_eq!(stage.speaks("one two three").await.2, ["a: one two three"]);
        let stage = Stage::new(&[Act::Stalls], &[Act::Speaks]);
        assert_eq!(stage.speaks("one two").await.2, ["a: one two", "b: one two"]);
    }

    #[tokio::test]
    async fn who_failed_is_put_aside() {
        let stage = Stage::new(&[Act::Refuses(429)], &[Act::Speaks]);
        stage.speaks("one").await;
        assert_eq!(stage.speaks("two").await.2, ["b: two"]);
    }

    #[tokio::test]
    async fn where_nobody_is_left_the_error_says_so_and_the_apology_is_there() {
        let stage = Stage::new(&[Act::Speaks, Act::Refuses(429)], &[]);
        stage.fallback.0.keep_apology().await;
        assert_eq!(stage.speaks("one").await, (vec![], false, vec![format!("a: {APOLOGY}"), "a: one".into()]));
        assert_eq!(stage.speaks(APOLOGY).await, (SPOKEN.into(), true, vec![format!("a: {APOLOGY}")]));
    }
}
