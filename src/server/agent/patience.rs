//! How long the assistant waits for a silent visitor, and how long a call may last.
//!
//! A pure machine: whether anybody has anything to say goes in with the time, what to do about it comes out.

use std::time::Duration;

/// How often it asks whether anybody is there before it hangs up.
const QUESTIONS: u32 = 2;

/// Somebody who writes reads and thinks meanwhile: they have this many times as long.
const WRITING: u32 = 4;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Asks whether anybody is there.
    AskStillThere,
    /// Says that nobody seems to be, and ends the call.
    HangUp,
    /// Says that the time is up, and ends the call.
    TimeIsUp,
}

/// What the call is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// The visitor speaks, or is being answered.
    Talk,
    /// The visitor wrote.
    Writing,
    /// The assistant speaks, or nobody is here: no time for patience runs.
    Busy,
    /// It is the visitor's turn, and they are silent.
    Silence,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Patience {
    silence_max: Duration,
    longest: Duration,
    silent_since: Option<Duration>,
    questions: u32,
    is_writing: bool,
    /// Whether it has said that nobody seems to be there, and nobody has said otherwise.
    has_hung_up: bool,
    /// Whether it has said that the time is up.
    is_time_up: bool,
}

impl Patience {
    /// Asks after `silence_max`, ends a call after `longest`.
    pub(super) fn new(silence_max: Duration, longest: Duration) -> Self {
        Self {
            silence_max,
            longest,
            silent_since: None,
            questions: 0,
            is_writing: false,
            has_hung_up: false,
            is_time_up: false,
        }
    }

    /// Takes what the call is doing at `now`, the time since it began.
    pub(super) fn on(&mut self, activity: Activity, now: Duration) -> Option<Output> {
        if now >= self.longest {
            // Who talked into the farewell is heard out, and then told again.
            let is_due = !self.is_time_up || activity == Activity::Silence;
            self.is_time_up = true;
            return is_due.then_some(Output::TimeIsUp);
        }
        match activity {
            Activity::Talk | Activity::Writing => {
                self.questions = 0;
                self.has_hung_up = false;
                self.is_writing = activity == Activity::Writing;
                self.silent_since = None;
                None
            }
            Activity::Busy => {
                self.silent_since = None;
                None
            }
            Activity::Silence if self.has_hung_up => None,
            Activity::Silence => self.on_silence(now),
        }
    }

    fn on_silence(&mut self, now: Duration) -> Option<Output> {
        let since = *self.silent_since.get_or_insert(now);
        let patience = if self.is_writing { self.silence_max * WRITING } else { self.silence_max };
        if now.saturating_sub(since) < patience {
            return None;
        }
        self.silent_since = None;
        self.questions += 1;
        if self.questions <= QUESTIONS {
            return Some(Output::AskStillThere);
        }
        self.has_hung_up = true;
        Some(Output::HangUp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What came out, and at which second, of a call that does `activity` in each second.
    fn outputs(activity: impl Fn(u64) -> Activity, seconds: u64) -> Vec<(u64, Output)> {
        let mut patience = Patience::new(Duration::from_secs(20), Duration::from_secs(300));
        (0..seconds)
            .filter_map(|second| Some((second, patience.on(activity(second), Duration::from_secs(second))?)))
            .collect()
    }

    #[test]
    fn asks_twice_and_hangs_up_once() {
        let expected = [(20, Output::AskStillThere), (41, Output::AskStillThere), (62, Output::HangUp)];
        assert_eq!(outputs(|_| Activity::Silence, 200), expected);
    }

    #[test]
    fn a_word_begins_it_anew_and_the_assistants_own_do_not_count() {
        let activity = |second| match second {
            30 => Activity::Talk,
            55..60 => Activity::Busy,
            _ => Activity::Silence,
        };
        let expected = [(20, Output::AskStillThere), (51, Output::AskStillThere), (80, Output::AskStillThere)];
        assert_eq!(outputs(activity, 100), expected);
    }

    #[test]
    fn who_writes_has_longer() {
        let activity = |second| if second == 0 { Activity::Writing } else { Activity::Silence };
        assert_eq!(outputs(activity, 100), [(81, Output::AskStillThere)]);
    }

    #[test]
    fn the_longest_call_ends() {
        assert_eq!(outputs(|_| Activity::Talk, 400), [(300, Output::TimeIsUp)]);
    }

    #[test]
    fn who_talks_into_a_farewell_is_not_forgotten() {
        let activity = |second| if second == 63 { Activity::Talk } else { Activity::Silence };
        let seconds: Vec<_> = outputs(activity, 150).into_iter().map(|(second, _)| second).collect();
        assert_eq!(seconds, [20, 41, 62, 84, 105, 126]);
        let activity = |second| match second {
            ..302 => Activity::Talk,
            302..310 => Activity::Busy,
            _ => Activity::Silence,
        };
        assert_eq!(outputs(activity, 311), [(300, Output::TimeIsUp), (310, Output::TimeIsUp)]);
    }
}
