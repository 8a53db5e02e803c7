//! Whose turn it is: when the visitor has finished, when the assistant is interrupted, when it goes on.
//!
//! A pure machine: inputs and the time since the call began go in, orders come out. It knows no audio, no clock and no
//! engine. The end of a turn counts from the end of the speech, not from the moment it was noticed; an interruption
//! pauses first and cancels only once there were words.

use std::time::Duration;

use crate::domain::call::AgentState;

/// How long things take, from which the machine decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timings {
    /// From the end of speech to the answer, when the sentence sounds complete.
    pub(super) endpoint_min: Duration,
    /// The same, when it ends on a word that something must follow.
    pub(super) endpoint_max: Duration,
    /// Speech shorter than this does not interrupt.
    pub(super) interruption_min: Duration,
    /// After a pause without words for this long, the assistant goes on.
    pub(super) false_interruption: Duration,
    /// Speech at least this long, of which no word was understood, is asked for again.
    pub(super) misheard_min: Duration,
}

impl Default for Timings {
    /// LiveKit Agents 1.7's defaults where it has them, with its tuned endpoint of 300 ms.
    fn default() -> Self {
        Self {
            endpoint_min: Duration::from_millis(300),
            endpoint_max: Duration::from_millis(2500),
            interruption_min: Duration::from_millis(300),
            false_interruption: Duration::from_millis(2000),
            misheard_min: Duration::from_millis(600),
        }
    }
}

/// What the machine hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The assistant speaks first: its greeting is on the way.
    Greet,
    /// The visitor began to speak, at `at`.
    SpeechStarted {
        /// When the first sound was.
        at: Duration,
    },
    /// The visitor is speaking still, or was at `until`.
    SpeechGoesOn {
        /// When the last sound so far was.
        until: Duration,
    },
    /// The visitor fell silent, at `at`.
    SpeechEnded {
        /// When the last sound was.
        at: Duration,
    },
    /// What was said between the last start and end, in words; empty if nothing was understood.
    Words(String),
    /// The visitor wrote a message.
    Wrote(String),
    /// The first sound of the assistant's answer was sent.
    AnswerStarted,
    /// The last sound of the assistant's answer was sent, or there was none to send.
    AnswerFinished,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Shows the assistant's state.
    Show(AgentState),
    /// Starts recognising an utterance.
    Listen,
    /// The utterance is over: its words are wanted.
    Finish,
    /// Holds the answer where it is.
    Pause,
    /// Goes on with the answer.
    Resume,
    /// Drops what is left of the answer.
    Cancel,
    /// Answers the visitor's turn.
    Answer(String),
    /// Asks the visitor to say it again.
    AskAgain,
}

/// The assistant's half.
#[derive(Debug, PartialEq, Eq)]
enum Agent {
    Quiet,
    /// An answer to `said` is being made; nothing of it was heard yet.
    Thinking {
        said: Vec<String>,
    },
    Speaking,
    /// Held in mid-answer.
    Paused,
}

/// The visitor's half.
#[derive(Debug, PartialEq, Eq)]
enum Visitor {
    Silent,
    Speaking {
        since: Duration,
        until: Duration,
    },
    /// Silent since `at`, but the turn may go on.
    Ended {
        at: Duration,
        length: Duration,
    },
}

/// The machine.
#[derive(Debug)]
pub(super) struct Turns {
    timings: Timings,
    agent: Agent,
    visitor: Visitor,
    /// The words of the turn so far, an utterance each.
    words: Vec<String>,
    /// Utterances that are over but whose words have not come.
    awaited: usize,
}

impl Turns {
    /// Starts before anything was said.
    pub(super) fn new(timings: Timings) -> Self {
        Self { timings, agent: Agent::Quiet, visitor: Visitor::Silent, words: Vec::new(), awaited: 0 }
    }

    /// Takes one input at `now`, the time since the call began.
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Greet => self.agent = Agent::Thinking { said: Vec::new() },
            Input::SpeechStarted { at } => self.speech_started(at, &mut out),
            Input::SpeechGoesOn { until: sound } => {
                if let Visitor::Speaking { until, .. } = &mut self.visitor {
                    *until = sound.max(*until);
                }
            }
            Input::SpeechEnded { at } => {
                if let Visitor::Speaking { since, .. } = self.visitor {
                    self.visitor = Visitor::Ended { at, length: at.saturating_sub(since) };
                    self.awaited += 1;
                    out.push(Output::Finish);
                }
            }
            Input::Words(words) => {
                self.awaited = self.awaited.saturating_sub(1);
                if !words.trim().is_empty() {
                    self.words.push(words.trim().to_owned());
                }
            }
            Input::Wrote(text) => {
                self.cancel(&mut out);
                self.answer(vec![text], &mut out);
            }
            Input::AnswerStarted => {
                if let Agent::Thinking { .. } = self.agent {
                    self.agent = Agent::Speaking;
                    out.push(Output::Show(AgentState::Speaking));
                }
            }
            Input::AnswerFinished => {
                if self.agent != Agent::Quiet {
                    self.agent = Agent::Quiet;
                    out.push(Output::Show(AgentState::Listening));
                }
            }
            Input::Tick => {}
        }
        self.settle(now, &mut out);
        out
    }

    fn speech_started(&mut self, at: Duration, out: &mut Vec<Output>) {
        if let Visitor::Speaking { .. } = self.visitor {
            return;
        }
        self.visitor = Visitor::Speaking { since: at, until: at };
        out.push(Output::Listen);
        // The visitor was not finished after all: what was said belongs to the same turn.
        if let Agent::Thinking { said } = &mut self.agent
            && !said.is_empty()
        {
            let mut said = std::mem::take(said);
            said.append(&mut self.words);
            self.words = said;
            self.agent = Agent::Quiet;
            out.extend([Output::Cancel, Output::Show(AgentState::Listening)]);
        }
    }

    /// Does whatever time and words have made due.
    fn settle(&mut self, now: Duration, out: &mut Vec<Output>) {
        match self.visitor {
            Visitor::Silent => self.settle_late_words(out),
            Visitor::Speaking { since, until } => {
                if self.agent == Agent::Speaking && until.saturating_sub(since) >= self.timings.interruption_min {
                    self.agent = Agent::Paused;
                    out.extend([Output::Pause, Output::Show(AgentState::Listening)]);
                }
            }
            Visitor::Ended { at, length } => self.settle_ended(now.saturating_sub(at), length, out),
        }
    }

    fn settle_ended(&mut self, silence: Duration, length: Duration, out: &mut Vec<Output>) {
        if self.awaited > 0 {
            if self.agent == Agent::Paused && silence >= self.timings.false_interruption {
                self.resume(out);
                self.visitor = Visitor::Silent;
            }
            return;
        }
        if self.words.is_empty() {
            self.visitor = Visitor::Silent;
            match self.agent {
                Agent::Paused => self.resume(out),
                Agent::Quiet if length >= self.timings.misheard_min => {
                    self.agent = Agent::Thinking { said: Vec::new() };
                    out.extend([Output::AskAgain, Output::Show(AgentState::Thinking)]);
                }
                Agent::Quiet | Agent::Thinking { .. } | Agent::Speaking => {}
            }
            return;
        }
        let is_over_answer = matches!(self.agent, Agent::Speaking | Agent::Paused);
        if is_over_answer && (length < self.timings.interruption_min || self.words.iter().all(|w| is_backchannel(w))) {
            self.words.clear();
            self.visitor = Visitor::Silent;
            self.resume(out);
            return;
        }
        let delay = if sounds_complete(&self.words) { self.timings.endpoint_min } else { self.timings.endpoint_max };
        if silence >= delay {
            self.visitor = Visitor::Silent;
            self.take_turn(out);
        }
    }

    /// Words that came after the answer had gone on: they were a turn nevertheless.
    fn settle_late_words(&mut self, out: &mut Vec<Output>) {
        if self.awaited == 0 && !self.words.is_empty() {
            self.take_turn(out);
        }
    }

    fn take_turn(&mut self, out: &mut Vec<Output>) {
        self.cancel(out);
        let said = std::mem::take(&mut self.words);
        self.answer(said, out);
    }

    fn answer(&mut self, said: Vec<String>, out: &mut Vec<Output>) {
        out.extend([Output::Answer(said.join(" ")), Output::Show(AgentState::Thinking)]);
        self.agent = Agent::Thinking { said };
    }

    fn cancel(&mut self, out: &mut Vec<Output>) {
        if self.agent != Agent::Quiet {
            self.agent = Agent::Quiet;
            out.push(Output::Cancel);
        }
    }

    fn resume(&mut self, out: &mut Vec<Output>) {
        if self.agent == Agent::Paused {
            self.agent = Agent::Speaking;
            out.extend([Output::Resume, Output::Show(AgentState::Speaking)]);
        }
    }
}

/// Sounds that say "I am listening", not "stop".
fn is_backchannel(words: &str) -> bool {
    let known = ["hmm", "hm", "mm", "mhm", "uh", "huh", "um", "ah", "oh", "yeah", "yep", "right", "okay", "ok"];
    words.split_whitespace().all(|word| known.contains(&word.to_ascii_lowercase().as_str()))
}

/// Whether the last word can end a sentence.
fn sounds_complete(words: &[String]) -> bool {
    let hanging = ["and", "or", "but", "the", "a", "an", "of", "my", "our", "your", "um", "uh", "because", "if", "so"];
    let last = words.last().and_then(|utterance| utterance.split_whitespace().last()).unwrap_or_default();
    !hanging.contains(&last.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Runs timed inputs and gives every output with the time it came out at, ticking each 20 ms; speech that started
    /// goes on until it ends.
    fn run(inputs: &[(u64, Input)], until: u64) -> Vec<(u64, Output)> {
        let mut turns = Turns::new(Timings::default());
        let mut out = Vec::new();
        let ends: Vec<u64> = inputs.iter().filter_map(|(_, input)| end_of(input)).collect();
        let mut inputs = inputs.iter().peekable();
        for now in (0..=until).step_by(20) {
            if ends.iter().any(|end| (end.saturating_sub(1000)..=*end).contains(&now)) {
                let input = Input::SpeechGoesOn { until: ms(now) };
                out.extend(turns.on(input, ms(now)).into_iter().map(|output| (now, output)));
            }
            while let Some((at, input)) = inputs.next_if(|(at, _)| *at <= now) {
                out.extend(turns.on(input.clone(), ms(*at)).into_iter().map(|output| (*at, output)));
            }
            out.extend(turns.on(Input::Tick, ms(now)).into_iter().map(|output| (now, output)));
        }
        out
    }

    fn end_of(input: &Input) -> Option<u64> {
        let Input::SpeechEnded { at } = input else { return None };
        u64::try_from(at.as_millis()).ok()
    }

    fn started(at: u64) -> Input {
        Input::SpeechStarted { at: ms(at) }
    }

    fn ended(at: u64) -> Input {
        Input::SpeechEnded { at: ms(at) }
    }

    fn words(text: &str) -> Input {
        Input::Words(text.to_owned())
    }

    fn answer(text: &str) -> Output {
        Output::Answer(text.to_owned())
    }

    use AgentState::{Listening, Speaking, Thinking};
    use Output::{AskAgain, Cancel, Finish, Listen, Pause, Resume, Show};

    #[test]
    fn the_assistant_speaks_first_then_listens() {
        let inputs = [(0, Input::Greet), (100, Input::AnswerStarted), (2000, Input::AnswerFinished)];
        assert_eq!(run(&inputs, 3000), [(100, Show(Speaking)), (2000, Show(Listening))]);
    }

    #[test]
    fn an_answer_comes_300_ms_after_the_end_of_speech_not_of_its_detection() {
        let inputs = [(1050, started(1000)), (2250, ended(2000)), (2260, words("what does it cost"))];
        let expected = [(1050, Listen), (2250, Finish), (2300, answer("what does it cost")), (2300, Show(Thinking))];
        assert_eq!(run(&inputs, 4000), expected);
    }

    #[test]
    fn late_words_are_answered_as_they_come() {
        let inputs = [(1050, started(1000)), (2250, ended(2000)), (2700, words("hello"))];
        let expected = [(1050, Listen), (2250, Finish), (2700, answer("hello")), (2700, Show(Thinking))];
        assert_eq!(run(&inputs, 4000), expected);
    }

    #[test]
    fn a_hanging_word_is_waited_for() {
        let inputs = [
            (1050, started(1000)),
            (2250, ended(2000)),
            (2260, words("a quartet and")),
            (3050, started(3000)),
            (4250, ended(4000)),
            (4260, words("a singer")),
        ];
        let expected = [
            (1050, Listen),
            (2250, Finish),
            (3050, Listen),
            (4250, Finish),
            (4300, answer("a quartet and a singer")),
            (4300, Show(Thinking)),
        ];
        assert_eq!(run(&inputs, 6000), expected);
        let alone = run(&inputs[..3], 6000);
        assert_eq!(alone[2..], [(4500, answer("a quartet and")), (4500, Show(Thinking))]);
    }

    #[test]
    fn going_on_takes_the_answer_back() {
        let inputs = [
            (1050, started(1000)),
            (2250, ended(2000)),
            (2260, words("what does it cost")),
            (2450, started(2400)),
            (3450, ended(3200)),
            (3460, words("on a sunday")),
        ];
        let expected = [
            (1050, Listen),
            (2250, Finish),
            (2300, answer("what does it cost")),
            (2300, Show(Thinking)),
            (2450, Listen),
            (2450, Cancel),
            (2450, Show(Listening)),
            (3450, Finish),
            (3500, answer("what does it cost on a sunday")),
            (3500, Show(Thinking)),
        ];
        assert_eq!(run(&inputs, 5000), expected);
    }

    /// The assistant has been speaking since 100 ms.
    fn over_an_answer(rest: &[(u64, Input)], until: u64) -> Vec<(u64, Output)> {
        let inputs = [&[(0, Input::Greet), (100, Input::AnswerStarted)], rest].concat();
        run(&inputs, until).split_off(1)
    }

    #[test]
    fn an_interruption_pauses_then_cancels() {
        let inputs = [(1050, started(1000)), (2250, ended(2000)), (2260, words("stop please"))];
        let expected = [
            (1050, Listen),
            (1300, Pause),
            (1300, Show(Listening)),
            (2250, Finish),
            (2300, Cancel),
            (2300, answer("stop please")),
            (2300, Show(Thinking)),
        ];
        assert_eq!(over_an_answer(&inputs, 4000), expected);
    }

    #[test]
    fn a_cough_or_a_hum_resumes() {
        for heard in ["", "mm", "uh huh"] {
            let inputs = [(1050, started(1000)), (1750, ended(1500)), (1760, words(heard))];
            let expected = [
                (1050, Listen),
                (1300, Pause),
                (1300, Show(Listening)),
                (1750, Finish),
                (1760, Resume),
                (1760, Show(Speaking)),
            ];
            assert_eq!(over_an_answer(&inputs, 4000), expected, "{heard}");
        }
    }

    #[test]
    fn a_short_sound_does_not_even_pause() {
        let inputs = [(1050, started(1000)), (1450, ended(1200)), (1460, words("the"))];
        assert_eq!(over_an_answer(&inputs, 4000), [(1050, Listen), (1450, Finish)]);
    }

    #[test]
    fn a_recogniser_that_is_late_does_not_hold_the_answer_for_ever() {
        let inputs = [(1050, started(1000)), (1750, ended(1500)), (4000, words("how much is it"))];
        let expected = [
            (1050, Listen),
            (1300, Pause),
            (1300, Show(Listening)),
            (1750, Finish),
            (3500, Resume),
            (3500, Show(Speaking)),
            (4000, Cancel),
            (4000, answer("how much is it")),
            (4000, Show(Thinking)),
        ];
        assert_eq!(over_an_answer(&inputs, 5000), expected);
    }

    #[test]
    fn speech_without_words_is_asked_for_again_and_a_click_is_not() {
        let long = [(1050, started(1000)), (2250, ended(2000)), (2260, words(""))];
        let expected = [(1050, Listen), (2250, Finish), (2260, AskAgain), (2260, Show(Thinking))];
        assert_eq!(run(&long, 4000), expected);
        let click = [(1050, started(1000)), (1450, ended(1200)), (1460, words(""))];
        assert_eq!(run(&click, 4000), [(1050, Listen), (1450, Finish)]);
    }

    #[test]
    fn a_message_is_answered_at_once() {
        let expected = [(500, Cancel), (500, answer("hello")), (500, Show(Thinking))];
        assert_eq!(over_an_answer(&[(500, Input::Wrote("hello".into()))], 1000), expected);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_order_of_orders_makes_sense(steps in prop::collection::vec((0u8..9, 0u64..900), 1..80)) {
            let mut turns = Turns::new(Timings::default());
            let (mut now, mut is_listening, mut is_paused, mut heard) = (0, false, false, 0usize);
            for (kind, wait) in steps {
                now += wait;
                let input = match kind {
                    0 => started(now),
                    1 => ended(now),
                    2 => { heard += 1; words("one two") }
                    3 => words(""),
                    4 => { heard += 1; Input::Wrote("note".into()) }
                    5 => Input::AnswerStarted,
                    7 => Input::SpeechGoesOn { until: ms(now) },
                    6 => { is_paused = false; Input::AnswerFinished }
                    _ => Input::Tick,
                };
                for output in turns.on(input, ms(now)) {
                    match output {
                        Listen => { prop_assert!(!is_listening); is_listening = true; }
                        Finish => { prop_assert!(is_listening); is_listening = false; }
                        Pause => { prop_assert!(!is_paused); is_paused = true; }
                        Resume => { prop_assert!(is_paused); is_paused = false; }
                        Cancel => is_paused = false,
                        Output::Answer(text) => {
                            prop_assert!(!text.is_empty() && heard > 0);
                        }
                        AskAgain | Show(_) => {}
                    }
                }
            }
        }
    }
}
