//! How long the parts of an answer took, from the caller's last sound to the assistant's first, as LiveKit's agents
//! measure them.
//!
//! A pure machine: what happened goes in with the time since the session began.

use std::time::Duration;

/// One answer's times, those that could be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Laps {
    /// From the end of the caller's speech to its words.
    pub(super) stt: Option<Duration>,
    /// From the question to the answer's first words.
    pub(super) llm: Option<Duration>,
    /// From the answer's first words to their sound.
    pub(super) tts: Option<Duration>,
    /// From the end of the caller's speech to the answer's first sound.
    pub(super) e2e: Option<Duration>,
}

/// The watch.
#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    silent: Option<Duration>,
    words: Option<Duration>,
    asked: Option<Duration>,
    said: Option<Duration>,
}

impl Stopwatch {
    /// The caller fell silent.
    pub(super) fn silent(&mut self, at: Duration) {
        self.silent = Some(at);
        self.words = None;
    }

    /// The words of the caller's speech came.
    pub(super) fn words(&mut self, at: Duration) {
        self.words = Some(at);
    }

    /// The caller wrote: nothing was spoken that the answer could be measured from.
    pub(super) fn wrote(&mut self) {
        (self.silent, self.words) = (None, None);
    }

    /// An answer is being looked for.
    pub(super) fn asked(&mut self, at: Duration) {
        self.asked = Some(at);
        self.said = None;
    }

    /// The answer's first words are there.
    pub(super) fn said(&mut self, at: Duration) {
        if self.asked.is_some() {
            self.said.get_or_insert(at);
        }
    }

    /// The assistant's first sound was sent; gives the times of an answer, if it was one.
    pub(super) fn sounded(&mut self, at: Duration) -> Option<Laps> {
        let Self { silent, words, asked, said } = std::mem::take(self);
        let asked = asked?;
        let between = |from: Option<Duration>, to: Option<Duration>| Some(to?.saturating_sub(from?));
        Some(Laps {
            stt: between(silent, words),
            llm: between(Some(asked), said),
            tts: between(said, Some(at)),
            e2e: between(silent, Some(at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_answer_to_what_was_spoken_has_every_time() {
        let mut watch = Stopwatch::default();
        watch.silent(ms(1000));
        watch.words(ms(1250));
        watch.asked(ms(1300));
        watch.said(ms(1700));
        watch.said(ms(1900));
        let laps = Laps { stt: Some(ms(250)), llm: Some(ms(400)), tts: Some(ms(140)), e2e: Some(ms(840)) };
        assert_eq!(watch.sounded(ms(1840)), Some(laps));
        assert_eq!(watch.sounded(ms(2000)), None);
    }

    #[test]
    fn who_goes_on_speaking_is_measured_from_the_last_sound() {
        let mut watch = Stopwatch::default();
        watch.silent(ms(1000));
        watch.words(ms(1250));
        watch.asked(ms(1300));
        watch.silent(ms(3000));
        watch.words(ms(3200));
        watch.asked(ms(3300));
        watch.said(ms(3300));
        let laps = Laps { stt: Some(ms(200)), llm: Some(ms(0)), tts: Some(ms(100)), e2e: Some(ms(400)) };
        assert_eq!(watch.sounded(ms(3400)), Some(laps));
    }

    #[test]
    fn what_was_written_has_no_end_of_speech_and_a_greeting_is_no_answer() {
        let mut watch = Stopwatch::default();
        assert_eq!(watch.sounded(ms(500)), None);
        watch.silent(ms(1000));
        watch.wrote();
        watch.asked(ms(2000));
        watch.said(ms(2300));
        let laps = Laps { llm: Some(ms(300)), tts: Some(ms(100)), ..Laps::default() };
        assert_eq!(watch.sounded(ms(2400)), Some(laps));
    }
}
