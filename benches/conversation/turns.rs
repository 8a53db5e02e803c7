//! A caller's side of a conversation, as a machine: when to ask, and how long the answers take.
//!
//! The first question waits for the greeting's end. Each answer is heard to its end, and the next is cut short by the next
//! question, in turn.

use std::time::Duration;

/// Silence after which the assistant has finished.
const FINISHED: Duration = Duration::from_millis(900);
/// How much of an answer is heard before it is interrupted.
const HEARD: Duration = Duration::from_millis(1500);
/// An answer, or a greeting, that takes longer than this does not come.
const PATIENCE: Duration = Duration::from_secs(15);
/// An answer that is heard this shortly before a question's end was not silenced by it.
const SILENT: Duration = Duration::from_millis(200);
/// A frame: its sound is as old as that when it is sent.
const FRAME: Duration = Duration::from_millis(20);

/// What a caller has measured.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// From the end of each question to the first sound of its answer.
    pub answers: Vec<Duration>,
    /// From the beginning of each interruption to the last sound of what it interrupted.
    pub interruptions: Vec<Duration>,
    /// Questions without an answer, or answered before their end, and interruptions that interrupted nothing.
    pub lost: usize,
}

/// What the caller's microphone hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// This packet of the question.
    Question(usize),
    /// Nothing, for so many packets.
    Silence(usize),
    /// The conversation is over.
    Over,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Greeted { since: Option<Duration> },
    Asking { packet: usize, interrupts: Option<Duration> },
    Waiting { since: Duration },
    Hearing { since: Duration },
}

/// The machine.
#[derive(Debug)]
pub struct Turns {
    stage: Stage,
    /// Packets of the question.
    length: usize,
    /// Questions that are still to be asked.
    left: usize,
    silent: usize,
    last_heard: Option<Duration>,
    measured: Measured,
}

impl Turns {
    /// Asks `questions` times what takes `length` packets.
    pub fn new(questions: usize, length: usize) -> Self {
        let stage = Stage::Greeted { since: None };
        Self { stage, length, left: questions, silent: 0, last_heard: None, measured: Measured::default() }
    }

    /// A loud frame of the assistant's has come.
    pub fn hear(&mut self, now: Duration) {
        self.last_heard = Some(now);
        if let Stage::Waiting { since } = self.stage {
            self.measured.answers.push(now.saturating_sub(since));
            self.stage = Stage::Hearing { since: now };
        }
    }

    /// What is said next; to be called once each 20 ms.
    pub fn say(&mut self, now: Duration) -> Said {
        match &mut self.stage {
            Stage::Greeted { since } => {
                let since = *since.get_or_insert(now);
                if self.last_heard.is_some() && self.has_finished(now) || now.saturating_sub(since) > PATIENCE {
                    return self.ask(None);
                }
            }
            Stage::Asking { packet, interrupts } => {
                *packet += 1;
                let (packet, interrupts) = (*packet, *interrupts);
                if packet < self.length {
                    return Said::Question(packet);
                }
                self.asked(interrupts, now);
            }
            Stage::Waiting { since } => {
                if now.saturating_sub(*since) > PATIENCE {
                    self.measured.lost += 1;
                    return self.ask(None);
                }
            }
            Stage::Hearing { since } => {
                let is_heard_out = self.left.is_multiple_of(2);
                if !is_heard_out && now.saturating_sub(*since) >= HEARD && !self.has_finished(now) {
                    // The first packet holds the sound of the 20 ms before.
                    return self.ask(Some(now.saturating_sub(FRAME)));
                }
                if self.has_finished(now) {
                    return self.ask(None);
                }
            }
        }
        self.silent += 1;
        Said::Silence(self.silent - 1)
    }

    /// What was measured.
    pub fn measured(self) -> Measured {
        self.measured
    }

    fn has_finished(&self, now: Duration) -> bool {
        self.last_heard.is_none_or(|last| now.saturating_sub(last) >= FINISHED)
    }

    fn ask(&mut self, interrupts: Option<Duration>) -> Said {
        let Some(left) = self.left.checked_sub(1) else { return Said::Over };
        self.left = left;
        self.silent = 0;
        self.stage = Stage::Asking { packet: 0, interrupts };
        Said::Question(0)
    }

    /// The last packet of the question was sent one frame ago.
    fn asked(&mut self, interrupts: Option<Duration>, now: Duration) {
        let end = now.saturating_sub(FRAME);
        let is_silent = self.last_heard.is_none_or(|last| end.saturating_sub(last) >= SILENT);
        match (interrupts, self.last_heard) {
            (Some(began), Some(last)) if is_silent => self.measured.interruptions.push(last.saturating_sub(began)),
            _ if is_silent => {}
            _ => self.measured.lost += 1,
        }
        self.stage = Stage::Waiting { since: end };
    }
}
