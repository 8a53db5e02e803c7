//! What of an answer was really heard: speech cut into frames, words that follow the sound.
//!
//! Playout is the clock of the assistant's side: what it says was started, heard and finished is what was sent, frame by
//! frame, one each 20 ms. Sound is played while the rest of its sentence is still being made. It knows no codec and no
//! network.

use std::collections::VecDeque;

use super::{
    audio::FRAME_SAMPLES,
    tts::pace::{self, Pace},
};

/// A sentence and as much of its sound as there is; one that has none in the end counts as heard at once.
#[derive(Debug)]
struct Sentence {
    text: String,
    /// 16 kHz mono.
    pcm: Vec<i16>,
    /// Whether that is all of its sound.
    is_whole: bool,
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
    pace: Pace,
}

impl Playout {
    /// Begins an answer; what was left of another is dropped.
    pub(super) fn begin(&mut self) {
        self.reset(Mode::Open { is_started: false });
    }

    /// Adds a sentence to the answer, its sound to follow.
    pub(super) fn open(&mut self, text: String) {
        if !matches!(self.mode, Mode::Idle) {
            self.queue.push_back(Sentence { text, pcm: Vec::new(), is_whole: false });
        }
    }

    /// Adds sound to the sentence that was opened last, 16 kHz mono.
    pub(super) fn extend(&mut self, pcm: &[i16]) {
        if let Some(sentence) = self.queue.back_mut().filter(|sentence| !sentence.is_whole) {
            sentence.pcm.extend_from_slice(pcm);
        }
    }

    /// The sentence that was opened last has all its sound.
    pub(super) fn complete(&mut self) {
        if let Some(sentence) = self.queue.back_mut() {
            sentence.is_whole = true;
        }
    }

    /// No sentence follows.
    pub(super) fn close(&mut self) {
        if let Mode::Open { is_started } = self.mode {
            self.mode = Mode::Closing { is_started };
        }
    }

    /// How many sentences are not over.
    pub(super) fn sentences(&self) -> usize {
        self.queue.len()
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
        self.reset(Mode::Idle);
        frame
    }

    /// Plays the next 20 ms.
    pub(super) fn tick(&mut self) -> Tick {
        let mut tick = Tick::default();
        let must_fade = std::mem::take(&mut self.must_fade);
        if self.is_paused && !must_fade {
            return tick;
        }
        while let Some(sentence) = self.queue.front() {
            if has_frame(sentence, self.played) {
                let frame = frame_at(sentence, self.played);
                tick.frame = Some(if must_fade { faded(&frame) } else { frame });
                self.played += FRAME_SAMPLES;
            }
            let is_over = sentence.is_whole && self.played >= sentence.pcm.len();
            let heard = self.heard_bytes(sentence, is_over);
            if heard > self.shown {
                let words = sentence.text[self.shown..heard].trim();
                if self.has_words {
                    tick.heard.push(' ');
                }
                tick.heard.push_str(words);
                self.has_words = true;
                self.shown = heard;
            }
            if is_over {
                self.pace.learn(&sentence.text, sentence.pcm.len());
                self.queue.pop_front();
                (self.played, self.shown) = (0, 0);
            }
            if tick.frame.is_some() || !is_over {
                break;
            }
        }
        self.edges(&mut tick);
        tick
    }

    /// How much of the first sentence's text was heard, in bytes.
    fn heard_bytes(&self, sentence: &Sentence, is_over: bool) -> usize {
        if is_over {
            return sentence.text.len();
        }
        let known = sentence.pcm.len();
        let length = if sentence.is_whole { known } else { known.max(self.pace.length(&sentence.text)) };
        pace::heard(&sentence.text, self.played, length)
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
            self.reset(Mode::Idle);
        }
    }

    /// Forgets the answer, but not the voice's pace.
    fn reset(&mut self, mode: Mode) {
        *self = Self { mode, pace: self.pace.clone(), ..Self::default() };
    }
}

/// Whether the next 20 ms are there, or the last of the sentence, however short.
fn has_frame(sentence: &Sentence, played: usize) -> bool {
    let ready = sentence.pcm.len().saturating_sub(played);
    ready >= FRAME_SAMPLES || sentence.is_whole && ready > 0
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sentence and how many frames it lasts.
    type Said<'a> = (&'a str, usize);

    fn sound(frames: usize) -> Vec<i16> {
        vec![1000; frames * FRAME_SAMPLES]
    }

    fn add(playout: &mut Playout, (text, frames): Said) {
        playout.open(text.to_owned());
        playout.extend(&sound(frames));
        playout.complete();
    }

    fn opened(sentences: &[Said]) -> Playout {
        let mut playout = Playout::default();
        playout.begin();
        sentences.iter().for_each(|said| add(&mut playout, *said));
        playout.close();
        playout
    }

    #[test]
    fn words_follow_the_sound() {
        let mut playout = opened(&[("one two", 4), ("three", 1)]);
        let ticks: Vec<_> = std::iter::repeat_with(|| playout.tick()).take(6).collect();
        let heard: Vec<_> = ticks.iter().map(|tick| &*tick.heard).collect();
        assert_eq!(heard, ["one", "", " two", "", " three", ""]);
        let frames: Vec<_> = ticks.iter().map(|tick| tick.frame.is_some()).collect();
        assert_eq!(frames, [true, true, true, true, true, false]);
        assert!(ticks[0].is_first && !ticks[1].is_first);
        assert!(ticks[4].is_last && !ticks[5].is_last);
    }

    #[test]
    fn sound_is_played_before_its_sentence_is_whole() {
        let mut playout = Playout::default();
        playout.begin();
        playout.open("one two three".into());
        assert_eq!(playout.tick(), Tick::default());
        playout.extend(&sound(1)[..100]);
        assert_eq!(playout.tick(), Tick::default(), "no frame is torn");
        playout.extend(&sound(8));
        let heard: Vec<_> =
            std::iter::repeat_with(|| playout.tick()).take(9).map(|t| (t.frame.is_some(), t.heard)).collect();
        let (none, one) = ((true, String::new()), (true, "one".to_owned()));
        // Thirteen bytes are taken to last 13416 samples, 42 frames, so that the first word is heard from the fourth on.
        let expected = [&none, &none, &none, &one, &none, &none, &none, &none, &(false, String::new())];
        assert_eq!(heard.iter().collect::<Vec<_>>(), expected);
        playout.extend(&sound(4));
        playout.complete();
        playout.close();
        let ticks: Vec<_> = std::iter::repeat_with(|| playout.tick()).take(5).collect();
        let heard: Vec<_> = ticks.iter().map(|tick| (&*tick.heard, tick.is_last)).collect();
        assert_eq!(heard, [(" two", false), (" three", false), ("", false), ("", false), ("", true)]);
        let rest = ticks[4].frame.as_ref().unwrap();
        assert_eq!(rest.iter().filter(|sample| **sample == 1000).count(), 100);
    }

    #[test]
    fn the_pace_of_a_sentence_is_that_of_the_ones_before() {
        let mut playout = Playout::default();
        playout.begin();
        let text = "twenty bytes of text";
        for _ in 0..20 {
            add(&mut playout, (text, 20));
        }
        std::iter::repeat_with(|| playout.tick()).take(400).for_each(drop);
        playout.open(text.into());
        playout.extend(&sound(20));
        let heard: String = std::iter::repeat_with(|| playout.tick().heard).take(12).collect();
        assert_eq!(heard, " twenty bytes");
    }

    #[test]
    fn a_sentence_that_ends_as_its_last_frame_was_played_is_over() {
        let mut playout = Playout::default();
        playout.begin();
        playout.open("one".into());
        playout.extend(&sound(1));
        assert!(playout.tick().frame.is_some());
        assert_eq!(playout.sentences(), 1);
        playout.complete();
        playout.close();
        let expected = Tick { frame: None, heard: "one".into(), is_first: false, is_last: true };
        assert_eq!(playout.tick(), expected);
        assert_eq!(playout.sentences(), 0);
    }

    #[test]
    fn text_without_sound_is_heard_at_once() {
        let mut playout = opened(&[("one", 0), ("two", 0)]);
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
        add(&mut playout, ("one", 1));
        assert!(playout.tick().is_first);
        assert_eq!(playout.tick(), Tick::default());
        add(&mut playout, ("two", 1));
        playout.close();
        let tick = playout.tick();
        assert_eq!((&*tick.heard, tick.is_first, tick.is_last), (" two", false, true));
    }

    #[test]
    fn a_pause_fades_out_and_holds_the_place() {
        let mut playout = opened(&[("one two", 4)]);
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
    fn a_pause_while_sound_is_awaited_holds_what_comes() {
        let mut playout = Playout::default();
        playout.begin();
        playout.open("one two".into());
        playout.extend(&sound(1));
        playout.tick();
        playout.pause();
        assert_eq!(playout.tick(), Tick::default());
        playout.extend(&sound(1));
        assert_eq!(playout.tick(), Tick::default());
        playout.resume();
        assert_eq!(playout.tick().frame, Some(sound(1)));
    }

    #[test]
    fn a_cancelled_answer_is_gone() {
        let mut playout = opened(&[("one two", 4)]);
        playout.tick();
        assert!(playout.cancel().is_some());
        assert_eq!(playout.tick(), Tick::default());
        assert_eq!(playout.cancel(), None);
        playout.extend(&sound(1));
        playout.complete();
        assert_eq!(playout.tick(), Tick::default());
        let mut paused = opened(&[("one two", 4)]);
        paused.tick();
        paused.pause();
        paused.tick();
        assert_eq!(paused.cancel(), None);
    }

    proptest! {
        #[test]
        fn what_was_heard_in_the_end_is_the_text(
            texts in prop::collection::vec("[a-zé]{1,8}( [a-z]{1,8}){0,6}", 1..5),
            frames in 0usize..30,
            piece in 1usize..1000,
        ) {
            let mut playout = Playout::default();
            playout.begin();
            let (mut heard, mut count) = (String::new(), 0);
            let mut play = |playout: &mut Playout| {
                let tick = playout.tick();
                heard.push_str(&tick.heard);
                count += usize::from(tick.frame.is_some());
                tick.is_last
            };
            for text in &texts {
                playout.open(text.clone());
                // Sound comes in pieces of any length, faster and slower than it is played.
                for pcm in sound(frames).chunks(piece) {
                    playout.extend(pcm);
                    play(&mut playout);
                }
                playout.complete();
            }
            playout.close();
            while !play(&mut playout) {}
            prop_assert_eq!(heard, texts.join(" "));
            prop_assert_eq!(count, frames * texts.len());
        }
    }
}
