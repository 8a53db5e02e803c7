//! Whose turn it is: when the visitor has finished, when the assistant is interrupted, when it goes on.
//!
//! A pure machine: inputs and the time since the call began go in, orders come out. It knows no audio, no clock and no
//! engine. The end of a turn counts from the end of the speech, not from the moment it was noticed; an interruption
//! pauses first and cancels only once there were words.

use std::{collections::BTreeMap, time::Duration};

use super::stt::UtteranceId;
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
    /// A recogniser that has given no words this long after the end of speech is waited for no longer.
    pub(super) words_max: Duration,
}

impl Default for Timings {
    /// LiveKit Agents 1.7's defaults where it has them, with its tuned endpoint of 300 ms; `words_max` is twice the time
    /// that the slower of PocketSphinx's models is given.
    fn default() -> Self {
        Self {
            endpoint_min: Duration::from_millis(300),
            endpoint_max: Duration::from_millis(2500),
            interruption_min: Duration::from_millis(300),
            false_interruption: Duration::from_millis(2000),
            misheard_min: Duration::from_millis(600),
            words_max: Duration::from_millis(4000),
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
    /// What was said in an utterance.
    Words {
        /// The utterance.
        utterance: UtteranceId,
        /// Empty if nothing was understood.
        text: String,
    },
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
    /// Starts recognising this utterance.
    Listen(UtteranceId),
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
        utterance: UtteranceId,
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
    /// Utterances whose words have not come, with when each was over.
    awaited: BTreeMap<UtteranceId, Duration>,
    last: UtteranceId,
}

impl Turns {
    /// Starts before anything was said.
    pub(super) fn new(timings: Timings) -> Self {
        Self {
            timings,
            agent: Agent::Quiet,
            visitor: Visitor::Silent,
            words: Vec::new(),
            awaited: BTreeMap::new(),
            last: UtteranceId::default(),
        }
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
                if let Visitor::Speaking { utterance, since, .. } = self.visitor {
                    self.visitor = Visitor::Ended { at, length: at.saturating_sub(since) };
                    self.awaited.insert(utterance, at);
                    out.push(Output::Finish);
                }
            }
            Input::Words { utterance, text } => {
                self.awaited.remove(&utterance);
                if !text.trim().is_empty() {
                    self.words.push(text.trim().to_owned());
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
        self.last = self.last.next();
        self.visitor = Visitor::Speaking { utterance: self.last, since: at, until: at };
        out.push(Output::Listen(self.last));
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
        self.awaited.retain(|_, over| now.saturating_sub(*over) < self.timings.words_max);
        match self.visitor {
            Visitor::Silent => self.settle_late_words(out),
            Visitor::Speaking { since, until, .. } => {
                if self.agent == Agent::Speaking && until.saturating_sub(since) >= self.timings.interruption_min {
                    self.agent = Agent::Paused;
                    out.extend([Output::Pause, Output::Show(AgentState::Listening)]);
                }
            }
            Visitor::Ended { at, length } => self.settle_ended(now.saturating_sub(at), length, out),
        }
    }

    fn settle_ended(&mut self, silence: Duration, length: Duration, out: &mut Vec<Output>) {
        if !self.awaited.is_empty() {
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
        if self.awaited.is_empty() && !self.words.is_empty() {
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
mod tests;
