//! The assistant's mouth: text goes to the speech engine sentence by sentence, and out as Opus frames at the pace of speech.
//!
//! It knows neither the visitor nor whose turn it is; it is told to speak, hold, go on and be silent.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};

use super::{
    audio::{FRAME_SAMPLES, opus::VoiceEncoder},
    link::Order,
    playout::{Playout, Tick},
    providers::ProviderError,
    script::Then,
    tts::{Splitter, Tempo, Tts},
};

/// What a frame of 20 ms is on the 48 kHz clock of RTP.
const FRAME_TICKS: u64 = 960;

/// Silence sent after the last frame, so that the listener's buffer does not have to invent it.
const TAIL_FRAMES: usize = 5;

/// Sentences that are made or played at once: one is heard while the next is made, and no more is made in vain when the
/// answer is cut.
const SENTENCES_AHEAD: usize = 2;

/// Pieces of sound that may wait for the next tick.
const QUEUE: usize = 32;

/// What the speaking task makes; `turn` tells an answer that was given up from the present one.
pub(super) struct Spoken {
    turn: u64,
    part: Part,
}

#[derive(Debug, PartialEq)]
enum Part {
    /// A sentence begins; what follows until [`Part::Whole`] is its sound.
    Sentence(String),
    Sound(Vec<i16>),
    Whole,
    /// The sentence could not be spoken, or not to its end.
    Mute,
    End(Then),
}

/// What is to be spoken.
enum Text {
    Sentence(String),
    End(Then),
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

/// An answer that is being made.
struct Answer {
    texts: mpsc::UnboundedSender<Text>,
    splitter: Splitter,
    /// One permit for each sentence that may be begun.
    ahead: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The mouth of one call.
pub(super) struct Mouth {
    tts: Option<Arc<dyn Tts>>,
    /// What is said when no voice is left for an answer, by whatever voice there is.
    apology: Arc<str>,
    ready: (mpsc::Sender<Spoken>, mpsc::Receiver<Spoken>),
    answer: Option<Answer>,
    turn: u64,
    then: Then,
    playout: Playout,
    /// Whether the answer is made, but not to be heard yet.
    is_held: bool,
    /// Whether the voice failed last time.
    is_mute: bool,
    /// Whether sentences are made slower from here on.
    is_slow: Arc<AtomicBool>,
    /// The end of an answer that was cut, which goes out with the next tick.
    fade: Option<Vec<i16>>,
    encoder: Option<VoiceEncoder>,
    tail: usize,
    time: u64,
}

impl Mouth {
    /// Speaks with `tts`, and says `apology` when it fails; without a voice, text counts as heard at once.
    pub(super) fn new(tts: Option<Arc<dyn Tts>>, apology: &str) -> Self {
        Self {
            tts,
            apology: apology.into(),
            ready: mpsc::channel(QUEUE),
            answer: None,
            turn: 0,
            then: Then::Listen,
            playout: Playout::default(),
            is_held: false,
            is_mute: false,
            is_slow: Arc::default(),
            fade: None,
            encoder: VoiceEncoder::new(),
            tail: 0,
            time: 0,
        }
    }

    /// Speaks `text`, and nothing else any more.
    pub(super) fn say(&mut self, text: &str, then: Then) {
        self.begin();
        self.write(text);
        self.end(then);
    }

    /// Begins an answer whose text follows; nothing else is spoken any more.
    pub(super) fn begin(&mut self) {
        self.stop();
        self.playout.begin();
        let (texts, asked) = mpsc::unbounded_channel();
        let ahead = Arc::new(Semaphore::new(SENTENCES_AHEAD));
        let maker = Maker {
            turn: self.turn,
            tts: self.tts.clone(),
            texts: asked,
            ahead: ahead.clone(),
            ready: self.ready.0.clone(),
            is_slow: self.is_slow.clone(),
            apology: (!self.is_mute).then(|| self.apology.clone()),
        };
        let task = tokio::spawn(async move {
            maker.run().await;
        });
        self.answer = Some(Answer { texts, splitter: Splitter::default(), ahead, task });
    }

    /// Keeps the answer that was begun back until [`Mouth::release`].
    pub(super) fn hold(&mut self) {
        self.is_held = true;
    }

    /// Lets the answer be heard.
    pub(super) fn release(&mut self) {
        self.is_held = false;
    }

    /// Adds to the answer that was begun, cut anywhere; a sentence is made as soon as it is complete.
    pub(super) fn write(&mut self, text: &str) {
        if let Some(answer) = &mut self.answer {
            for sentence in answer.splitter.push(text) {
                answer.texts.send(Text::Sentence(sentence)).ok();
            }
        }
    }

    /// The answer that was begun has no more text; `then` is told when it was heard.
    pub(super) fn end(&mut self, then: Then) {
        if let Some(answer) = &mut self.answer {
            if let Some(sentence) = answer.splitter.finish() {
                answer.texts.send(Text::Sentence(sentence)).ok();
            }
            answer.texts.send(Text::End(then)).ok();
        }
    }

    /// Waits for what the engine makes; give it to [`Mouth::on_spoken`].
    pub(super) async fn spoken(&mut self) -> Option<Spoken> {
        self.ready.1.recv().await
    }

    /// Takes what the engine made; what belongs to another answer is dropped.
    pub(super) fn on_spoken(&mut self, Spoken { turn, part }: Spoken) {
        if turn != self.turn {
            return;
        }
        match part {
            Part::Sentence(text) => self.playout.open(text),
            Part::Sound(pcm) => {
                self.is_mute = false;
                self.playout.extend(&pcm);
            }
            Part::Whole => self.playout.complete(),
            Part::Mute => self.is_mute = true,
            Part::End(then) => {
                self.then = then;
                self.playout.close();
            }
        }
    }

    /// Sends `bps` bits a second from here on.
    pub(super) fn set_bitrate(&mut self, bps: u32) {
        if let Some(encoder) = &mut self.encoder {
            encoder.set_bitrate(bps);
        }
    }

    /// Speaks slower from the next sentence on, or as usual.
    pub(super) fn set_slow(&mut self, is_slow: bool) {
        self.is_slow.store(is_slow, Ordering::Relaxed);
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
        self.answer = None;
        self.is_held = false;
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
        let sentences = self.playout.sentences();
        let tick = if self.is_held { Tick::default() } else { self.playout.tick() };
        if let Some(answer) = &self.answer {
            answer.ahead.add_permits(sentences - self.playout.sentences());
        }
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

/// Makes one answer, sentence after sentence.
struct Maker {
    turn: u64,
    tts: Option<Arc<dyn Tts>>,
    texts: mpsc::UnboundedReceiver<Text>,
    ahead: Arc<Semaphore>,
    ready: mpsc::Sender<Spoken>,
    is_slow: Arc<AtomicBool>,
    /// What excuses a voice that fails; once is enough while it fails.
    apology: Option<Arc<str>>,
}

impl Maker {
    /// Runs to the answer's end; ends early when nobody listens.
    async fn run(mut self) -> Option<()> {
        while let Some(text) = self.texts.recv().await {
            match text {
                Text::Sentence(text) => self.sentence(text).await?,
                Text::End(then) => return self.send(Part::End(then)).await,
            }
        }
        Some(())
    }

    async fn sentence(&mut self, text: String) -> Option<()> {
        self.ahead.acquire().await.ok()?.forget();
        self.send(Part::Sentence(text.clone())).await?;
        let has_failed = match self.tts.clone() {
            Some(tts) => {
                self.speak(&*tts, &text).await.inspect_err(|error| tracing::error!(%error, "no voice")).is_err()
            }
            None => false,
        };
        if has_failed {
            self.send(Part::Mute).await?;
        }
        // What was not spoken of it counts as heard from here on: it is on the screen.
        self.send(Part::Whole).await?;
        if has_failed && let Some(apology) = self.apology.take() {
            Box::pin(self.sentence(apology.to_string())).await?;
        }
        Some(())
    }

    async fn speak(&self, tts: &dyn Tts, text: &str) -> Result<(), ProviderError> {
        let (sound, mut pieces) = mpsc::channel(1);
        let tempo = if self.is_slow.load(Ordering::Relaxed) { Tempo::Slow } else { Tempo::Usual };
        let mut speaking = tts.speak(text, tempo, &sound);
        loop {
            tokio::select! {
                biased;
                Some(pcm) = pieces.recv() => {
                    self.send(Part::Sound(pcm)).await;
                }
                spoken = &mut speaking => {
                    while let Ok(pcm) = pieces.try_recv() {
                        self.send(Part::Sound(pcm)).await;
                    }
                    return spoken;
                }
            }
        }
    }

    async fn send(&self, part: Part) -> Option<()> {
        self.ready.send(Spoken { turn: self.turn, part }).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::server::agent::tts::Pieces;

    const APOLOGY: &str = "I am sorry.";

    /// Three frames of sound for each sentence, four where it is slow, in pieces of one; none for a sentence with "mute" in it.
    struct Hum;

    #[async_trait]
    impl Tts for Hum {
        async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
            if sentence.contains("mute") {
                return Err(ProviderError::TimedOut);
            }
            for _ in 0..if tempo == Tempo::Slow { 4 } else { 3 } {
                sound.send(vec![1000; FRAME_SAMPLES]).await.ok();
            }
            Ok(())
        }
    }

    /// One frame of sound, and then nothing for ever.
    struct Endless;

    #[async_trait]
    impl Tts for Endless {
        async fn speak(&self, _: &str, _: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
            sound.send(vec![1000; FRAME_SAMPLES]).await.ok();
            std::future::pending().await
        }
    }

    /// Takes what the engine makes until there was `last`.
    async fn said(mouth: &mut Mouth, last: Part) {
        loop {
            let spoken = mouth.spoken().await.unwrap();
            let is_last = spoken.part == last;
            mouth.on_spoken(spoken);
            if is_last {
                return;
            }
        }
    }

    #[tokio::test]
    async fn speaks_to_the_end_and_falls_silent() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        mouth.say("Goodbye then", Then::Leave);
        said(&mut mouth, Part::End(Then::Leave)).await;
        let ticks: Vec<_> = std::iter::repeat_with(|| mouth.tick()).take(10).collect();
        let frames = ticks.iter().filter(|tick| tick.frame.is_some()).count();
        assert_eq!(frames, 3 + TAIL_FRAMES);
        let heard: String = ticks.iter().map(|tick| &*tick.heard).collect();
        assert_eq!(heard, "Goodbye then");
        assert!(ticks[0].is_first);
        assert_eq!(ticks[2].over, Some(Then::Leave));
    }

    #[tokio::test]
    async fn a_slow_mouth_takes_longer_from_the_next_sentence_on() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        mouth.begin();
        mouth.write("The first of two sentences. ");
        said(&mut mouth, Part::Whole).await;
        mouth.set_slow(true);
        mouth.write("The second one.");
        mouth.end(Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        let ticks = std::iter::repeat_with(|| mouth.tick()).position(|tick| tick.over.is_some());
        assert_eq!(ticks, Some(3 + 4 - 1));
    }

    #[tokio::test]
    async fn the_first_frame_goes_out_before_the_sentence_is_complete() {
        let mut mouth = Mouth::new(Some(Arc::new(Endless)), APOLOGY);
        mouth.say("This never ends.", Then::Listen);
        said(&mut mouth, Part::Sound(vec![1000; FRAME_SAMPLES])).await;
        let first = mouth.tick();
        assert!(first.frame.is_some() && first.is_first && first.over.is_none());
    }

    #[tokio::test]
    async fn text_is_spoken_as_it_is_written_and_one_sentence_ahead() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        mouth.begin();
        mouth.write("The first of three sentences. The second of th");
        said(&mut mouth, Part::Whole).await;
        assert_eq!(mouth.playout.sentences(), 1);
        mouth.write("ree sentences. The third");
        mouth.end(Then::Listen);
        said(&mut mouth, Part::Whole).await;
        tokio::task::yield_now().await;
        assert!(mouth.ready.1.is_empty(), "the third waits until the first was heard");
        let heard: String = std::iter::repeat_with(|| mouth.tick().heard).take(3).collect();
        assert_eq!(heard, "The first of three sentences.");
        said(&mut mouth, Part::End(Then::Listen)).await;
        let heard: String = std::iter::repeat_with(|| mouth.tick().heard).take(6).collect();
        assert_eq!(heard, " The second of three sentences. The third");
    }

    #[tokio::test]
    async fn a_voice_that_fails_is_excused_once_and_the_words_are_shown() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        mouth.say("This one is mute, and long. So is this: mute, you see.", Then::Listen);
        let mut ticks = Vec::new();
        while ticks.last().is_none_or(|tick: &Uttered| tick.over.is_none()) {
            while let Ok(spoken) = mouth.ready.1.try_recv() {
                mouth.on_spoken(spoken);
            }
            ticks.push(mouth.tick());
            tokio::task::yield_now().await;
        }
        let heard: String = ticks.iter().map(|tick| &*tick.heard).collect();
        assert_eq!(heard, format!("This one is mute, and long. {APOLOGY} So is this: mute, you see."));
        mouth.say("Still mute.", Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        assert_eq!(std::iter::repeat_with(|| mouth.tick().heard).take(9).collect::<String>(), "Still mute.");
    }

    #[tokio::test]
    async fn an_answer_that_was_given_up_is_not_heard() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        mouth.say("One", Then::Leave);
        let old = mouth.spoken().await.unwrap();
        mouth.stop();
        mouth.on_spoken(old);
        assert_eq!(mouth.tick(), Uttered::default());
        mouth.say("Two", Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        assert_eq!(mouth.tick().heard, "Two");
        mouth.stop();
        let fade = mouth.tick();
        assert!(fade.frame.is_some());
        assert_eq!(fade.heard, "");
    }

    #[tokio::test]
    async fn the_times_of_frames_rise_strictly_whatever_is_cut() {
        let mut mouth = Mouth::new(Some(Arc::new(Hum)), APOLOGY);
        let mut times = Vec::new();
        let mut play = |mouth: &mut Mouth, ticks: usize| {
            for _ in 0..ticks {
                if let Some(Order::Audio { time, .. }) = mouth.tick().frame {
                    times.push(time);
                }
            }
        };
        mouth.say("One", Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        play(&mut mouth, 2);
        mouth.say("Two", Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        play(&mut mouth, 2);
        mouth.pause();
        mouth.stop();
        mouth.stop();
        play(&mut mouth, 10);
        assert_eq!(times, (1..=5 + TAIL_FRAMES as u64).map(|n| n * FRAME_TICKS).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn without_an_engine_the_words_are_shown() {
        let mut mouth = Mouth::new(None, APOLOGY);
        mouth.say("Hello", Then::Listen);
        said(&mut mouth, Part::End(Then::Listen)).await;
        let expected = Uttered { frame: None, heard: "Hello".into(), is_first: true, over: Some(Then::Listen) };
        assert_eq!(mouth.tick(), expected);
    }
}
