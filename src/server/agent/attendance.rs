//! Who is in the call: whom the assistant waits for, when it greets, and when it leaves.
//!
//! A pure machine: inputs and the time since the session began go in, orders come out. It knows no words and no sound.

use std::{collections::BTreeSet, time::Duration};

/// How long it waits for somebody to come.
const NOBODY: Duration = Duration::from_secs(30);

/// How long it waits for somebody to come back: a reload of the page, a change of network.
const DEPARTED: Duration = Duration::from_secs(15);

/// How long after somebody came their browser should be receiving the assistant, if the server does not tell.
const AUDIBLE_AFTER: Duration = Duration::from_millis(700);

/// How long its last words may take to leave the listener's buffer.
const FAREWELL: Duration = Duration::from_millis(800);

/// What the machine hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A person is there, by identity.
    Arrived(String),
    /// Somebody has left, by identity.
    Left(String),
    /// Somebody receives the assistant's sound.
    Audible,
    /// The assistant has said goodbye.
    SaidGoodbye,
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Greets whoever came.
    Greet,
    /// Asks whoever came, who was greeted before the connection broke, where the conversation was.
    GreetAgain,
    /// Falls silent: nobody is there to listen.
    Hush,
    /// Leaves the room.
    Leave,
}

/// How far the call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody came yet.
    Awaited { since: Duration },
    /// Somebody is here, and may not hear us yet.
    Arriving { since: Duration },
    /// Somebody is here and was greeted.
    Here,
    /// Everybody has left.
    Departed { since: Duration },
    /// The assistant has said goodbye and leaves at this time.
    Leaving { at: Duration },
}

/// What a broken connection would break off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody was greeted.
    Ungreeted,
    /// A conversation, even if its visitor is away for the moment.
    Talking,
    /// Nothing: goodbye was said.
    Done,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Attendance {
    stage: Stage,
    visitors: BTreeSet<String>,
    is_audible: bool,
    /// Whether whoever comes was greeted before.
    is_back: bool,
}

impl Attendance {
    /// Starts with nobody there; `is_back` when whoever comes was greeted before the connection broke.
    pub(super) fn new(is_back: bool) -> Self {
        let stage = Stage::Awaited { since: Duration::ZERO };
        Self { stage, visitors: BTreeSet::new(), is_audible: false, is_back }
    }

    /// Whether somebody of this identity is here as a visitor.
    pub(super) fn has(&self, identity: &str) -> bool {
        self.visitors.contains(identity)
    }

    /// Whether somebody is here and was greeted, and nobody has said goodbye.
    pub(super) fn is_talking(&self) -> bool {
        self.stage == Stage::Here
    }

    /// What there is to lose.
    pub(super) fn standing(&self) -> Standing {
        match self.stage {
            Stage::Leaving { .. } => Standing::Done,
            Stage::Here | Stage::Departed { .. } => Standing::Talking,
            Stage::Awaited { .. } | Stage::Arriving { .. } if self.is_back => Standing::Talking,
            Stage::Awaited { .. } | Stage::Arriving { .. } => Standing::Ungreeted,
        }
    }

    /// Takes one input at `now`, the time since the session began.
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Option<Output> {
        match input {
            Input::Arrived(identity) => {
                self.visitors.insert(identity);
                match self.stage {
                    Stage::Awaited { .. } => self.stage = Stage::Arriving { since: now },
                    Stage::Departed { .. } => self.stage = Stage::Here,
                    Stage::Arriving { .. } | Stage::Here | Stage::Leaving { .. } => {}
                }
            }
            Input::Left(identity) => return self.left(&identity, now),
            Input::Audible => self.is_audible = true,
            Input::SaidGoodbye => self.stage = Stage::Leaving { at: now + FAREWELL },
            Input::Tick => return self.tick(now),
        }
        None
    }

    fn left(&mut self, identity: &str, now: Duration) -> Option<Output> {
        if !self.visitors.remove(identity) || !self.visitors.is_empty() {
            return None;
        }
        match self.stage {
            Stage::Arriving { .. } => self.stage = Stage::Awaited { since: now },
            Stage::Here => {
                self.stage = Stage::Departed { since: now };
                return Some(Output::Hush);
            }
            Stage::Awaited { .. } | Stage::Departed { .. } | Stage::Leaving { .. } => {}
        }
        None
    }

    fn tick(&mut self, now: Duration) -> Option<Output> {
        match self.stage {
            Stage::Awaited { since } if now.saturating_sub(since) >= NOBODY => Some(Output::Leave),
            Stage::Departed { since } if now.saturating_sub(since) >= DEPARTED => Some(Output::Leave),
            Stage::Leaving { at } if now >= at => Some(Output::Leave),
            Stage::Arriving { since } if self.is_audible || now.saturating_sub(since) >= AUDIBLE_AFTER => {
                self.stage = Stage::Here;
                Some(if self.is_back { Output::GreetAgain } else { Output::Greet })
            }
            Stage::Awaited { .. }
            | Stage::Arriving { .. }
            | Stage::Here
            | Stage::Departed { .. }
            | Stage::Leaving { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Output::{Greet, GreetAgain, Hush, Leave};

    /// Runs timed inputs, ticking each 20 ms until the assistant leaves; gives the outputs with their times in ms.
    fn run(is_back: bool, inputs: &[(u64, Input)]) -> (Vec<(u64, Output)>, Standing) {
        let mut attendance = Attendance::new(is_back);
        let mut out = Vec::new();
        let mut inputs = inputs.iter().peekable();
        for now in (0..60_000).step_by(20) {
            while let Some((at, input)) = inputs.next_if(|(at, _)| *at <= now) {
                out.extend(attendance.on(input.clone(), Duration::from_millis(*at)).map(|output| (*at, output)));
            }
            out.extend(attendance.on(Input::Tick, Duration::from_millis(now)).map(|output| (now, output)));
            if matches!(out.last(), Some((_, Leave))) {
                break;
            }
        }
        (out, attendance.standing())
    }

    fn arrived(identity: &str) -> Input {
        Input::Arrived(identity.to_owned())
    }

    fn left(identity: &str) -> Input {
        Input::Left(identity.to_owned())
    }

    #[test]
    fn who_comes_is_greeted_as_soon_as_they_hear() {
        let inputs = [(1000, arrived("ada")), (1100, Input::Audible)];
        assert_eq!(run(false, &inputs).0, [(1100, Greet)]);
        assert_eq!(run(false, &inputs[..1]).0, [(1700, Greet)]);
        assert_eq!(run(true, &inputs).0, [(1100, GreetAgain)]);
    }

    #[test]
    fn a_room_that_nobody_comes_to_is_left() {
        assert_eq!(run(false, &[]), (vec![(30_000, Leave)], Standing::Ungreeted));
        // Who left before the greeting did not come.
        let inputs = [(1000, arrived("ada")), (1300, left("ada"))];
        assert_eq!(run(false, &inputs), (vec![(31_300, Leave)], Standing::Ungreeted));
    }

    #[test]
    fn who_reloads_the_page_goes_on() {
        let away = [(1000, arrived("ada")), (5000, left("ada"))];
        let back = [&away[..], &[(19_900, arrived("ada")), (20_000, left("ada"))]].concat();
        assert_eq!(run(false, &away).0, [(1700, Greet), (5000, Hush), (20_000, Leave)]);
        assert_eq!(run(false, &back).0, [(1700, Greet), (5000, Hush), (20_000, Hush), (35_000, Leave)]);
    }

    #[test]
    fn the_last_to_leave_ends_it() {
        let inputs = [(0, arrived("ada")), (0, arrived("bob")), (3000, left("ada")), (4000, left("eve"))];
        assert_eq!(run(false, &inputs), (vec![(700, Greet)], Standing::Talking));
    }

    #[test]
    fn goodbye_is_heard_to_its_end() {
        let inputs = [(0, arrived("ada")), (3000, Input::SaidGoodbye), (3100, left("ada"))];
        assert_eq!(run(false, &inputs), (vec![(700, Greet), (3800, Leave)], Standing::Done));
    }

    #[test]
    fn only_who_was_greeted_has_something_to_lose() {
        let mut attendance = Attendance::new(false);
        attendance.on(arrived("ada"), Duration::ZERO);
        assert_eq!(attendance.standing(), Standing::Ungreeted);
        attendance.on(Input::Tick, AUDIBLE_AFTER);
        assert_eq!(attendance.standing(), Standing::Talking);
        attendance.on(left("ada"), AUDIBLE_AFTER);
        assert_eq!(attendance.standing(), Standing::Talking);
        assert_eq!(Attendance::new(true).standing(), Standing::Talking);
    }
}
