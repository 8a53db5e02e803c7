//! The assistant's mouth: text goes to the speech engine sentence by sentence, and out as Opus frames at the pace of speech.
//!
//! It knows neither the visitor nor whose turn it is; it is told to speak, hold, go on and be silent.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    audio::{FRAME_SAMPLES, opus::VoiceEncoder},
    link::Order,
    playout::{Playout, Sentence},
    script::Then,
    tts::{Tts, sentences},
};

/// What a frame of 20 ms is on the 48 kHz clock of RTP.
const FRAME_TICKS: u64 = 960;

/// Silence sent after the last frame, so that the listener's buffer does not have to invent it.
const TAIL_FRAMES: usize = 5;

/// Sentences that may be ready before they are played.
const QUEUE: usize = 8;

/// What the speaking task makes; `turn` tells an answer that was given up from the present one.
pub(super) enum Spoken {
    Sentence { turn: u64, sentence: Sentence },
    End { turn: u64, then: Then },
}

/// What 20 ms of the mouth gave.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Uttered {
    /// The frame to send.
    pub(super) frame: Option<Order>,
    /// The words that became audible.
    pub(super) heard: String,
    /// Whether the answer has just begun.
    pub(super) is_first: bool,
    /// What comes after the answer, if it has just ended.
    pub(super) over: Option<Then>,
}

/// The mouth of one call.
pub(super) struct Mouth {
    tts: Option<Arc<dyn Tts>>,
    ready: (mpsc::Sender<Spoken>, mpsc::Receiver<Spoken>),
    task: Option<JoinHandle<()>>,
    turn: u64,
    then: Then,
    playout: Playout,
    /// The end of an answer that was cut, which goes out with the next tick.
    fade: Option<Vec<i16>>,
    encoder: Option<VoiceEncoder>,
    tail: usize,
    time: u64,
}

impl Mouth {
    /// Speaks with `tts`; without one, text counts as heard at once.
    pub(super) fn new(tts: Option<Arc<dyn Tts>>) -> Self {
        Self {
            tts,
            ready: mpsc::channel(QUEUE),
            task: None,
            turn: 0,
            then: Then::Listen,
            playout: Playout::default(),
            fade: None,
            encoder: VoiceEncoder::new(),
            tail: 0,
            time: 0,
        }
    }

    /// Speaks `text`, and nothing else any more; the first sentence is heard while the next is made.
    pub(super) fn say(&mut self, text: String, then: Then) {
        self.stop();
        self.playout.begin();
        let (turn, tts, ready) = (self.turn, self.tts.clone(), self.ready.0.clone());
        self.task = Some(tokio::spawn(async move {
            for text in sentences(&text) {
                let pcm = sound(tts.as_deref(), &text).await;
                if ready.send(Spoken::Sentence { turn, sentence: Sentence { text, pcm } }).await.is_err() {
                    return;
                }
            }
            ready.send(Spoken::End { turn, then }).await.ok();
        }));
    }

    /// Waits for what the engine makes; give it to [`Mouth::on_spoken`].
    pub(super) async fn spoken(&mut self) -> Option<Spoken> {
        self.ready.1.recv().await
    }

    /// Takes what the engine made; what belongs to another answer is dropped.
    pub(super) fn on_spoken(&mut self, spoken: Spoken) {
        match spoken {
            Spoken::Sentence { turn, sentence } if turn == self.turn => self.playout.add(sentence),
            Spoken::End { turn, then } if turn == self.turn => {
                self.then = then;
                self.playout.close();
            }
            Spoken::Sentence { .. } | Spoken::End { .. } => {}
        }
    }

    /// Holds the answer where it is.
    pub(super) fn pause(&mut self) {
        self.playout.pause();
    }

    /// Goes on with the answer.
    pub(super) fn resume(&mut self) {
        self.playout.resume();
    }

    /// Silence, after one more frame that fades out if there was sound.
    pub(super) fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
        // Sentences that are still under way belong to no answer any more.
        self.turn += 1;
        self.then = Then::Listen;
        // Stopping twice leaves the fade of the first time to be sent.
        self.fade = self.playout.cancel().or(self.fade.take());
    }

    /// Gives the next 20 ms; to be called once each 20 ms, whether or not there is something to say.
    pub(super) fn tick(&mut self) -> Uttered {
        self.time += FRAME_TICKS;
        if let Some(fade) = self.fade.take() {
            self.tail = TAIL_FRAMES;
            return Uttered { frame: self.encoded(&fade), ..Uttered::default() };
        }
        let tick = self.playout.tick();
        let frame = match tick.frame {
            Some(frame) => {
                self.tail = TAIL_FRAMES;
                self.encoded(&frame)
            }
            None if self.tail > 0 => {
                self.tail -= 1;
                self.encoded(&[0; FRAME_SAMPLES])
            }
            None => None,
        };
        let over = tick.is_last.then(|| std::mem::replace(&mut self.then, Then::Listen));
        Uttered { frame, heard: tick.heard, is_first: tick.is_first, over }
    }

    fn encoded(&mut self, frame: &[i16]) -> Option<Order> {
        let opus = self.encoder.as_mut()?.encode(frame)?;
        Some(Order::Audio { time: self.time, opus })
    }
}

/// A sentence as sound; none of it where there is no engine, or where it fails: the words are shown nevertheless.
async fn sound(tts: Option<&dyn Tts>, sentence: &str) -> Vec<i16> {
    let Some(tts) = tts else { return Vec::new() };
    match tts.speak(sentence).await {
        Ok(pcm) => pcm.to_vec(),
        Err(error) => {
            tracing::warn!(%error, "a sentence is shown but not spoken");
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::server::agent::tts::TtsError;

    /// Three frames of sound for each sentence.
    struct Hum;

    #[async_trait]
    impl Tts for Hum {
        async fn speak(&self, _sentence: &str) -> Result<Arc<[i16]>, TtsError> {
            Ok(vec![1000; 3 * FRAME_SAMPLES].into())
        }
    }

    async fn said(mouth: &mut Mouth, pieces: usize) {
        for _ in 0..pieces {
            let spoken = mouth.spoken().await.unwrap();
            mouth.on_spoken(spoken);
        }
    }

    #[tokio::test]
    async fn speaks_to_the_end_and_falls_silent() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)));
        mouth.say("Goodbye then".into(), Then::Leave);
        said(&mut mouth, 2).await;
        let ticks: Vec<_> = std::iter::repeat_with(|| mouth.tick()).take(10).collect();
        let frames = ticks.iter().filter(|tick| tick.frame.is_some()).count();
        assert_eq!(frames, 3 + TAIL_FRAMES);
        let heard: String = ticks.iter().map(|tick| &*tick.heard).collect();
        assert_eq!(heard, "Goodbye then");
        assert!(ticks[0].is_first);
        assert_eq!(ticks[2].over, Some(Then::Leave));
    }

    #[tokio::test]
    async fn an_answer_that_was_given_up_is_not_heard() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)));
        mouth.say("One".into(), Then::Leave);
        let old = mouth.spoken().await.unwrap();
        mouth.stop();
        mouth.on_spoken(old);
        assert_eq!(mouth.tick(), Uttered::default());
        mouth.say("Two".into(), Then::Listen);
        said(&mut mouth, 2).await;
        assert_eq!(mouth.tick().heard, "Two");
        mouth.stop();
        let fade = mouth.tick();
        assert!(fade.frame.is_some());
        assert_eq!(fade.heard, "");
    }

    #[tokio::test]
    async fn the_times_of_frames_rise_strictly_whatever_is_cut() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)));
        let mut times = Vec::new();
        let mut play = |mouth: &mut Mouth, ticks: usize| {
            for _ in 0..ticks {
                if let Some(Order::Audio { time, .. }) = mouth.tick().frame {
                    times.push(time);
                }
            }
        };
        mouth.say("One".into(), Then::Listen);
        said(&mut mouth, 2).await;
        play(&mut mouth, 2);
        mouth.say("Two".into(), Then::Listen);
        said(&mut mouth, 2).await;
        play(&mut mouth, 2);
        mouth.pause();
        mouth.stop();
        mouth.stop();
        play(&mut mouth, 10);
        assert_eq!(times, (1..=5 + TAIL_FRAMES as u64).map(|n| n * FRAME_TICKS).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn without_an_engine_the_words_are_shown() {
        let mut mouth = Mouth::new(None);
        mouth.say("Hello".into(), Then::Listen);
        said(&mut mouth, 2).await;
        let expected = Uttered { frame: None, heard: "Hello".into(), is_first: true, over: Some(Then::Listen) };
        assert_eq!(mouth.tick(), expected);
    }
}
