//! Whose turn it is: when the visitor has finished, when the assistant is interrupted, when it goes on.
//!
//! A pure machine: inputs and the time since the call began go in, orders come out. It knows no audio, no clock and no
//! engine. The end of a turn counts from the end of the speech, not from the moment it was noticed; an interruption
//! pauses first and cancels only once there were words.

use std::{collections::BTreeMap, time::Duration};

use super::{settings, stt::UtteranceId};
use crate::domain::call::AgentState;

/// How long things take, from which the machine decides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timings {
    /// From the end of speech to the answer, when the sentence sounds complete.
    pub(super) endpoint_min: Duration,
    /// The same, when it ends on a word that something must follow.
    pub(super) endpoint_max: Duration,
    /// Speech this long pauses the assistant.
    pub(super) pause_after: Duration,
    /// Speech shorter than this does not interrupt: the assistant goes on after it.
    pub(super) interruption_min: Duration,
    /// After a pause without words for this long, the assistant goes on.
    pub(super) false_interruption: Duration,
    /// Speech at least this long, of which no word was understood, is asked for again.
    pub(super) misheard_min: Duration,
    /// A recogniser that has given no words this long after the end of speech is waited for no longer.
    pub(super) words_max: Duration,
    /// For this long after the assistant's first sound, speech does not pause it before there are words: echo
    /// cancellation has to learn first.
    pub(super) echo_warm_up: Duration,
}

/// Silence in mid-speech after which the words so far are asked for, so that an answer can be made while the end of the
/// turn is waited for. LiveKit's VAD needs 250 ms to call it an end; a pause within a word is shorter than this.
const FLUSH_AFTER: Duration = Duration::from_millis(100);

/// Speech at least this long should have held a word.
const MISHEARD_MIN: Duration = Duration::from_millis(600);

/// Twice the time that the slower of PocketSphinx's models is given.
const WORDS_MAX: Duration = Duration::from_millis(4000);

impl From<&settings::Timings> for Timings {
    fn from(timings: &settings::Timings) -> Self {
        Self {
            endpoint_min: timings.endpoint_min_ms.0,
            endpoint_max: timings.endpoint_max_ms.0,
            pause_after: timings.pause_after_ms.0,
            interruption_min: timings.interruption_min_ms.0,
            false_interruption: timings.false_interruption_ms.0,
            misheard_min: MISHEARD_MIN,
            words_max: WORDS_MAX,
            echo_warm_up: timings.echo_warm_up_ms.0,
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
    /// What was said so far in an utterance that goes on, as asked for by [`Output::Flush`].
    Guess {
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
    /// The words so far are wanted: the utterance is probably over.
    Flush,
    /// The utterance is over: its words are wanted.
    Finish,
    /// Holds the answer where it is.
    Pause,
    /// Goes on with the answer.
    Resume,
    /// Drops what is left of the answer.
    Cancel,
    /// Makes the answer to what is probably the visitor's turn, and keeps it back.
    Prepare(String),
    /// The turn went on: what was prepared is of no use.
    Discard,
    /// Answers the visitor's turn; with what was prepared, if that was for the same words.
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
        /// Whether the words so far were asked for since the last sound.
        is_flushed: bool,
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
    /// What an answer was prepared for.
    prepared: Option<String>,
    /// When the assistant was first heard.
    first_sound: Option<Duration>,
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
            prepared: None,
            first_sound: None,
        }
    }

    /// Whether it is the visitor's turn and nothing is heard of them.
    pub(super) fn is_quiet(&self) -> bool {
        self.agent == Agent::Quiet && self.visitor == Visitor::Silent && self.awaited.is_empty()
    }

    /// Whether the visitor is speaking.
    pub(super) fn is_visitor_speaking(&self) -> bool {
        matches!(self.visitor, Visitor::Speaking { .. })
    }

    /// Takes one input at `now`, the time since the call began.
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Greet => self.agent = Agent::Thinking { said: Vec::new() },
            Input::SpeechStarted { at } => self.speech_started(at, &mut out),
            Input::SpeechGoesOn { until: sound } => {
                let Visitor::Speaking { until, is_flushed, .. } = &mut self.visitor else { return out };
                if sound > *until {
                    *until = sound;
                    *is_flushed = false;
                    self.discard(&mut out);
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
            Input::Guess { utterance, text } => self.guessed(utterance, &text, &mut out),
            Input::Wrote(text) => {
                // A question that is being answered and was not heard to be is part of the same turn.
                let mut said = match &mut self.agent {
                    Agent::Thinking { said } => std::mem::take(said),
                    Agent::Quiet | Agent::Speaking | Agent::Paused => Vec::new(),
                };
                said.push(text);
                self.discard(&mut out);
                self.cancel(&mut out);
                self.answer(said, &mut out);
            }
            Input::AnswerStarted => {
                self.first_sound.get_or_insert(now);
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
            Input::Tick => self.flush(now, &mut out),
        }
        self.settle(now, &mut out);
        out
    }

    fn speech_started(&mut self, at: Duration, out: &mut Vec<Output>) {
        if let Visitor::Speaking { .. } = self.visitor {
            return;
        }
        self.last = self.last.next();
        self.visitor = Visitor::Speaking { utterance: self.last, since: at, until: at, is_flushed: false };
        out.push(Output::Listen(self.last));
        self.discard(out);
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
                let is_long = until.saturating_sub(since) >= self.timings.pause_after;
                if self.agent == Agent::Speaking && is_long && !self.is_warming_up(now) {
                    self.agent = Agent::Paused;
                    out.extend([Output::Pause, Output::Show(AgentState::Listening)]);
                }
            }
            Visitor::Ended { at, length } => self.settle_ended(now.saturating_sub(at), length, out),
        }
    }

    /// Asks for the words so far after a pause; of speech that is heard later than it was said, only once all of it was.
    fn flush(&mut self, now: Duration, out: &mut Vec<Output>) {
        if let Visitor::Speaking { until, is_flushed, .. } = &mut self.visitor
            && !*is_flushed
            && now.saturating_sub(*until) >= FLUSH_AFTER
        {
            *is_flushed = true;
            out.push(Output::Flush);
        }
    }

    fn settle_ended(&mut self, silence: Duration, length: Duration, out: &mut Vec<Output>) {
        if length < self.timings.interruption_min {
            self.resume(out);
        }
        if !self.awaited.is_empty() {
            if self.agent == Agent::Paused && silence >= self.timings.false_interruption {
                self.resume(out);
                self.visitor = Visitor::Silent;
            }
            return;
        }
        if self.words.is_empty() {
            self.visitor = Visitor::Silent;
            self.discard(out);
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
        if is_over_answer && !is_interruption(&self.words, length >= self.timings.interruption_min) {
            self.words.clear();
            self.visitor = Visitor::Silent;
            self.resume(out);
            return;
        }
        let delay = if sounds_complete(&self.words) { self.timings.endpoint_min } else { self.timings.endpoint_max };
        if silence >= delay {
            self.visitor = Visitor::Silent;
            self.take_turn(out);
        } else {
            self.interrupt(out);
            self.prepare(self.words.join(" "), out);
        }
    }

    /// The words so far: enough to begin an answer with, if the visitor is still silent.
    fn guessed(&mut self, guessed: UtteranceId, text: &str, out: &mut Vec<Output>) {
        let Visitor::Speaking { utterance, since, until, is_flushed: true } = self.visitor else { return };
        if utterance != guessed || !self.awaited.is_empty() || text.trim().is_empty() {
            return;
        }
        let words = [&self.words[..], &[text.trim().to_owned()]].concat();
        if sounds_complete(&words) {
            if is_interruption(&words, until.saturating_sub(since) >= self.timings.interruption_min) {
                self.interrupt(out);
            }
            self.prepare(words.join(" "), out);
        }
    }

    fn prepare(&mut self, said: String, out: &mut Vec<Output>) {
        if self.agent == Agent::Quiet && self.prepared.as_ref() != Some(&said) {
            out.push(Output::Prepare(said.clone()));
            self.prepared = Some(said);
        }
    }

    fn discard(&mut self, out: &mut Vec<Output>) {
        if self.prepared.take().is_some() {
            out.push(Output::Discard);
        }
    }

    fn is_warming_up(&self, now: Duration) -> bool {
        self.first_sound.is_none_or(|first| now.saturating_sub(first) < self.timings.echo_warm_up)
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
        self.prepared = None;
        out.extend([Output::Answer(said.join(" ")), Output::Show(AgentState::Thinking)]);
        self.agent = Agent::Thinking { said };
    }

    /// There are words that end the answer: the next one is made while the turn may still go on.
    fn interrupt(&mut self, out: &mut Vec<Output>) {
        match self.agent {
            Agent::Quiet | Agent::Thinking { .. } => return,
            Agent::Speaking => out.extend([Output::Cancel, Output::Show(AgentState::Listening)]),
            Agent::Paused => out.push(Output::Cancel),
        }
        self.agent = Agent::Quiet;
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

/// Whether what was said over an answer, if it `is_long`, is meant to end it.
fn is_interruption(words: &[String], is_long: bool) -> bool {
    is_long && !words.iter().all(|words| is_backchannel(words))
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
