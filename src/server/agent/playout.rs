//! What of an answer was really heard: speech cut into frames, words that follow the sound.
//!
//! Playout is the clock of the assistant's side: what it says was started, heard and finished is what was sent, frame by
//! frame, one each 20 ms. It knows no codec and no network.

use std::collections::VecDeque;

use super::audio::FRAME_SAMPLES;

/// A sentence with its sound; without sound it counts as heard at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// What is said.
    pub(super) text: String,
    /// 16 kHz mono.
    pub(super) pcm: Vec<i16>,
}

/// What one tick plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick {
    /// The frame to send, of `FRAME_SAMPLES` samples.
    pub(super) frame: Option<Vec<i16>>,
    /// The words that became audible with it, each with the space before it.
    pub(super) heard: String,
    /// Whether this is the answer's first tick.
    pub(super) is_first: bool,
    /// Whether the answer is over.
    pub(super) is_last: bool,
}

#[derive(Debug, Default)]
enum Mode {
    #[default]
    Idle,
    /// Sentences come; `is_started` once one was played.
    Open {
        is_started: bool,
    },
    Closing {
        is_started: bool,
    },
}

/// The answer that is being played.
#[derive(Debug, Default)]
pub(super) struct Playout {
    mode: Mode,
    is_paused: bool,
    /// A pause or cancel has to fade the next frame out first.
    must_fade: bool,
    queue: VecDeque<Sentence>,
    /// Samples of the first sentence that were played.
    played: usize,
    /// Bytes of the first sentence's text that were given out.
    shown: usize,
    /// Whether any word of this answer was given out.
    has_words: bool,
}

impl Playout {
    /// Begins an answer; what was left of another is dropped.
    pub(super) fn begin(&mut self) {
        *self = Self { mode: Mode::Open { is_started: false }, ..Self::default() };
    }

    /// Adds a sentence to the answer.
    pub(super) fn add(&mut self, sentence: Sentence) {
        if !matches!(self.mode, Mode::Idle) {
            self.queue.push_back(sentence);
        }
    }

    /// No sentence follows.
    pub(super) fn close(&mut self) {
        if let Mode::Open { is_started } = self.mode {
            self.mode = Mode::Closing { is_started };
        }
    }

    /// Holds the answer, after one frame that fades out.
    pub(super) fn pause(&mut self) {
        self.must_fade = !self.is_paused && self.played > 0;
        self.is_paused = true;
    }

    /// Goes on where the answer was held.
    pub(super) fn resume(&mut self) {
        self.is_paused = false;
        self.must_fade = false;
    }

    /// Drops the answer; gives a last frame that fades out, if sound was on its way.
    pub(super) fn cancel(&mut self) -> Option<Vec<i16>> {
        let is_audible = self.played > 0 && (!self.is_paused || self.must_fade);
        let frame = self.queue.front().filter(|_| is_audible).map(|sentence| faded(&frame_at(sentence, self.played)));
        *self = Self::default();
        frame
    }

    /// Plays the next 20 ms.
    pub(super) fn tick(&mut self) -> Tick {
        let mut tick = Tick::default();
        if self.is_paused && !self.must_fade {
            return tick;
        }
        while let Some(sentence) = self.queue.front() {
            if self.played < sentence.pcm.len() {
                let frame = frame_at(sentence, self.played);
                tick.frame = Some(if self.must_fade { faded(&frame) } else { frame });
                self.must_fade = false;
                self.played += FRAME_SAMPLES;
            }
            let heard = heard_bytes(sentence, self.played);
            if heard > self.shown {
                let words = sentence.text[self.shown..heard].trim();
                if self.has_words {
                    tick.heard.push(' ');
                }
                tick.heard.push_str(words);
                self.has_words = true;
                self.shown = heard;
            }
            if self.played >= sentence.pcm.len() {
                self.queue.pop_front();
                (self.played, self.shown) = (0, 0);
            }
            if tick.frame.is_some() {
                break;
            }
        }
        self.edges(&mut tick);
        tick
    }

    fn edges(&mut self, tick: &mut Tick) {
        let has_played = tick.frame.is_some() || !tick.heard.is_empty();
        match &mut self.mode {
            Mode::Idle => {}
            Mode::Open { is_started } | Mode::Closing { is_started } => {
                tick.is_first = has_played && !*is_started;
                *is_started |= has_played;
            }
        }
        if matches!(self.mode, Mode::Closing { .. }) && self.queue.is_empty() {
            tick.is_last = true;
            *self = Self::default();
        }
    }
}

/// The frame at `played`, filled up with silence.
fn frame_at(sentence: &Sentence, played: usize) -> Vec<i16> {
    let from = played.min(sentence.pcm.len());
    let to = (played + FRAME_SAMPLES).min(sentence.pcm.len());
    let mut frame = sentence.pcm[from..to].to_vec();
    frame.resize(FRAME_SAMPLES, 0);
    frame
}

/// The frame, down to silence at its end, so that a cut does not click.
fn faded(frame: &[i16]) -> Vec<i16> {
    let last = frame.len().max(1);
    let fade = |(at, sample): (usize, &i16)| {
        let gain = (last - at) as f32 / last as f32;
        (f32::from(*sample) * gain) as i16
    };
    frame.iter().enumerate().map(fade).collect()
}

/// How much of the text was heard after `played` samples, in bytes: whole words, each from its middle on, at an even pace.
fn heard_bytes(sentence: &Sentence, played: usize) -> usize {
    if played >= sentence.pcm.len() {
        return sentence.text.len();
    }
    let reached = sentence.text.len() * played / sentence.pcm.len();
    let mut heard = 0;
    let mut start = 0;
    for word in sentence.text.split_inclusive(' ') {
        let end = start + word.trim_end().len();
        if usize::midpoint(start, end) > reached {
            break;
        }
        heard = end;
        start += word.len();
    }
    heard
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sentence(text: &str, frames: usize) -> Sentence {
        Sentence { text: text.to_owned(), pcm: vec![1000; frames * FRAME_SAMPLES] }
    }

    fn opened(sentences: &[Sentence]) -> Playout {
        let mut playout = Playout::default();
        playout.begin();
        sentences.iter().for_each(|sentence| playout.add(sentence.clone()));
        playout.close();
        playout
    }

    #[test]
    fn words_follow_the_sound() {
        let mut playout = opened(&[sentence("one two", 4), sentence("three", 1)]);
        let ticks: Vec<_> = std::iter::repeat_with(|| playout.tick()).take(6).collect();
        let heard: Vec<_> = ticks.iter().map(|tick| &*tick.heard).collect();
        assert_eq!(heard, ["one", "", " two", "", " three", ""]);
        let frames: Vec<_> = ticks.iter().map(|tick| tick.frame.is_some()).collect();
        assert_eq!(frames, [true, true, true, true, true, false]);
        assert!(ticks[0].is_first && !ticks[1].is_first);
        assert!(ticks[4].is_last && !ticks[5].is_last);
    }

    #[test]
    fn text_without_sound_is_heard_at_once() {
        let mut playout = opened(&[sentence("one", 0), sentence("two", 0)]);
        let expected = Tick { frame: None, heard: "one two".into(), is_first: true, is_last: true };
        assert_eq!(playout.tick(), expected);
        assert_eq!(playout.tick(), Tick::default());
    }

    #[test]
    fn an_answer_without_a_sentence_ends() {
        assert!(opened(&[]).tick().is_last);
    }

    #[test]
    fn an_open_answer_waits_for_more() {
        let mut playout = Playout::default();
        playout.begin();
        playout.add(sentence("one", 1));
        assert!(playout.tick().is_first);
        assert_eq!(playout.tick(), Tick::default());
        playout.add(sentence("two", 1));
        playout.close();
        let tick = playout.tick();
        assert_eq!((&*tick.heard, tick.is_first, tick.is_last), (" two", false, true));
    }

    #[test]
    fn a_pause_fades_out_and_holds_the_place() {
        let mut playout = opened(&[sentence("one two", 4)]);
        playout.tick();
        playout.pause();
        let fade = playout.tick().frame.unwrap();
        assert_eq!(fade[0], 1000);
        assert!(fade[FRAME_SAMPLES - 1] < 10);
        assert_eq!(playout.tick(), Tick::default());
        playout.resume();
        assert!(playout.tick().frame.is_some_and(|frame| frame[FRAME_SAMPLES - 1] == 1000));
    }

    #[test]
    fn a_cancelled_answer_is_gone() {
        let mut playout = opened(&[sentence("one two", 4)]);
        playout.tick();
        assert!(playout.cancel().is_some());
        assert_eq!(playout.tick(), Tick::default());
        assert_eq!(playout.cancel(), None);
        let mut paused = opened(&[sentence("one two", 4)]);
        paused.tick();
        paused.pause();
        paused.tick();
        assert_eq!(paused.cancel(), None);
    }

    proptest! {
        #[test]
        fn what_was_heard_in_the_end_is_the_text(texts in prop::collection::vec("[a-zé]{1,8}( [a-z]{1,8}){0,6}", 1..5), frames in 0usize..30) {
            let sentences: Vec<_> = texts.iter().map(|text| sentence(text, frames)).collect();
            let mut playout = opened(&sentences);
            let (mut heard, mut count) = (String::new(), 0);
            loop {
                let tick = playout.tick();
                heard.push_str(&tick.heard);
                count += usize::from(tick.frame.is_some());
                if tick.is_last { break }
            }
            prop_assert_eq!(heard, texts.join(" "));
            prop_assert_eq!(count, frames * texts.len());
        }
    }
}
