//! The machine that moves a call from state to state. It knows no clock, network or microphone: a shell hands it what
//! happened and when, does what it answers, and calls again at [`CallMachine::next_timeout`].
//!
//! The ticket and the microphone are asked for side by side, and the room is joined before the microphone answers.

use std::time::Duration;

use super::{
    CallState, EndedBy, Mode, Problem,
    exchange::{Attempt, Departure, Input, News, Output},
};

/// How long an assistant may take to come, as LiveKit's own front ends wait.
pub const AGENT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long ticket and room may take together: LiveKit's client gives a signal socket 15 s and a peer connection 15 s.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How close to its ticket's end a call that the desk closes counts as having reached its longest length.
const LIMIT_SLACK: Duration = Duration::from_secs(5);

/// One call at a time, from the click to the microphone's release.
#[derive(Clone, Debug, Default)]
pub struct CallMachine {
    attempt: Attempt,
    phase: Phase,
}

#[derive(Clone, Debug, Default)]
enum Phase {
    #[default]
    Idle,
    Active(Active),
    Ended {
        by: EndedBy,
        length: Duration,
    },
    Failed(Problem),
}

#[derive(Clone, Debug)]
struct Active {
    microphone: Microphone,
    microphone_problem: Option<Problem>,
    link: Link,
    desk: Desk,
    ticket_until: Option<Duration>,
    /// How long the call had stood when the visitor came back to it.
    age: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Microphone {
    /// None, and none is coming.
    Absent,
    /// The call stands and falls with the answer.
    Prompting,
    /// One is coming into a call that can do without.
    Opening,
    /// One is coming, and the visitor's choice has changed since: another follows.
    Outdated,
    /// Open.
    Open,
}

#[derive(Clone, Copy, Debug)]
enum Link {
    Ticket {
        due: Duration,
    },
    Joining {
        due: Duration,
    },
    Joined {
        since: Duration,
        /// When the desk must have come; not counted while the connection is down.
        desk_due: Duration,
        reconnecting: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Desk {
    Awaited,
    Present,
    Gone,
}

impl CallMachine {
    /// Takes what happened at `now` and answers what is to be done, in order.
    pub fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        match input {
            Input::Start(mode) => self.start(mode, None, Duration::ZERO, now),
            Input::Rejoin { mode, until, age } => self.start(mode, Some(until), age, now),
            Input::HangUp => self.hang_up(now),
            Input::Reset => {
                if !self.is_active() {
                    self.phase = Phase::Idle;
                }
                Vec::new()
            }
            Input::WantMicrophone => self.want_microphone(),
            Input::ChangeMicrophone => self.change_microphone(),
            Input::LeavePage => self.close(Phase::Idle),
            Input::News(attempt, news) if attempt == self.attempt => self.on_news(news, now),
            Input::News(attempt, news) => release(attempt, &news),
            Input::TimePassed => self.on_time(now),
        }
    }

    /// When [`Input::TimePassed`] is due, if at all.
    pub fn next_timeout(&self) -> Option<Duration> {
        let Phase::Active(active) = &self.phase else { return None };
        match active.link {
            Link::Ticket { due } | Link::Joining { due } => Some(due),
            Link::Joined { desk_due, reconnecting, .. } => {
                (!reconnecting && active.desk != Desk::Present).then_some(desk_due)
            }
        }
    }

    /// Where the call stands, for the visitor.
    pub fn state(&self) -> CallState {
        let active = match &self.phase {
            Phase::Idle => return CallState::Idle,
            Phase::Ended { by, length } => return CallState::Ended { by: *by, length: *length },
            Phase::Failed(problem) => return CallState::Failed(problem.clone()),
            Phase::Active(active) => active,
        };
        match active.link {
            Link::Joined { since, reconnecting: true, .. } => CallState::Reconnecting { since },
            _ if active.microphone == Microphone::Prompting => CallState::RequestingMicrophone,
            Link::Ticket { .. } | Link::Joining { .. } => CallState::Connecting,
            Link::Joined { since, .. } if active.desk == Desk::Present => CallState::Connected { since },
            Link::Joined { since, .. } => CallState::WaitingForAgent { since },
        }
    }

    /// The attempt that runs, or ran last.
    pub fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// How long the call has stood at `now`, once the room is joined.
    pub fn length(&self, now: Duration) -> Option<Duration> {
        match &self.phase {
            Phase::Active(Active { link: Link::Joined { since, .. }, age, .. }) => {
                Some(*age + now.saturating_sub(*since))
            }
            Phase::Active(_) | Phase::Idle | Phase::Ended { .. } | Phase::Failed(_) => None,
        }
    }

    /// Whether a call runs.
    pub fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Active(_))
    }

    /// Whether a call runs that has no microphone and waits for none.
    pub fn lacks_microphone(&self) -> bool {
        matches!(&self.phase, Phase::Active(active) if active.microphone == Microphone::Absent)
    }

    /// What became of the microphone of a call that goes on without.
    pub fn microphone_problem(&self) -> Option<&Problem> {
        match &self.phase {
            Phase::Active(active) => active.microphone_problem.as_ref(),
            Phase::Idle | Phase::Ended { .. } | Phase::Failed(_) => None,
        }
    }

    fn start(&mut self, mode: Mode, ticket_until: Option<Duration>, age: Duration, now: Duration) -> Vec<Output> {
        if self.is_active() {
            return Vec::new();
        }
        self.attempt = self.attempt.next();
        let due = now + JOIN_TIMEOUT;
        let speaks = mode == Mode::Voice;
        let has_ticket = ticket_until.is_some();
        self.phase = Phase::Active(Active {
            microphone: if speaks { Microphone::Prompting } else { Microphone::Absent },
            microphone_problem: None,
            link: if has_ticket { Link::Joining { due } } else { Link::Ticket { due } },
            desk: Desk::Awaited,
            ticket_until,
            age,
        });
        let way_in = if has_ticket { Output::JoinRoom(self.attempt) } else { Output::FetchTicket(self.attempt) };
        if speaks { vec![Output::OpenMicrophone(self.attempt), way_in] } else { vec![way_in] }
    }

    fn hang_up(&mut self, now: Duration) -> Vec<Output> {
        let over = match self.length(now) {
            Some(length) => Phase::Ended { by: EndedBy::Visitor, length },
            None => Phase::Idle,
        };
        self.finish(over)
    }

    fn want_microphone(&mut self) -> Vec<Output> {
        let Phase::Active(active) = &mut self.phase else { return Vec::new() };
        if active.microphone != Microphone::Absent {
            return Vec::new();
        }
        active.microphone = Microphone::Opening;
        active.microphone_problem = None;
        vec![Output::OpenMicrophone(self.attempt)]
    }

    /// The open microphone goes first: browsers give the same device with the same filters as long as one is open.
    fn change_microphone(&mut self) -> Vec<Output> {
        let Phase::Active(active) = &mut self.phase else { return Vec::new() };
        match active.microphone {
            Microphone::Open => {
                active.microphone = Microphone::Opening;
                vec![Output::CloseMicrophone(self.attempt), Output::OpenMicrophone(self.attempt)]
            }
            Microphone::Opening => {
                active.microphone = Microphone::Outdated;
                Vec::new()
            }
            // One that could not be opened is tried again as chosen.
            Microphone::Absent if active.microphone_problem.is_some() => self.want_microphone(),
            // The prompt is open: its answer is used, and the choice counts from the next opening on.
            Microphone::Prompting | Microphone::Absent | Microphone::Outdated => Vec::new(),
        }
    }

    fn on_news(&mut self, news: News, now: Duration) -> Vec<Output> {
        let attempt = self.attempt;
        let Phase::Active(active) = &mut self.phase else { return release(attempt, &news) };
        match news {
            News::MicrophoneOpened => {
                active.microphone_problem = None;
                if active.microphone == Microphone::Outdated {
                    active.microphone = Microphone::Opening;
                    return vec![Output::CloseMicrophone(attempt), Output::OpenMicrophone(attempt)];
                }
                active.microphone = Microphone::Open;
                match active.link {
                    Link::Ticket { .. } => Vec::new(),
                    Link::Joining { .. } | Link::Joined { .. } => vec![Output::PublishMicrophone(attempt)],
                }
            }
            News::MicrophoneFailed(problem) => match active.microphone {
                Microphone::Prompting => self.finish(Phase::Failed(problem)),
                Microphone::Outdated => {
                    active.microphone = Microphone::Opening;
                    vec![Output::OpenMicrophone(attempt)]
                }
                Microphone::Opening | Microphone::Absent | Microphone::Open => {
                    active.microphone = Microphone::Absent;
                    active.microphone_problem = Some(problem);
                    vec![Output::CloseMicrophone(attempt)]
                }
            },
            News::MicrophoneLost => match active.microphone {
                // The browser may have another one; if not, its answer says why.
                Microphone::Open => {
                    active.microphone = Microphone::Opening;
                    vec![Output::CloseMicrophone(attempt), Output::OpenMicrophone(attempt)]
                }
                Microphone::Absent | Microphone::Prompting | Microphone::Opening | Microphone::Outdated => Vec::new(),
            },
            News::MicrophoneUnheard => match active.microphone {
                // Nobody hears it: closed, and said so, it can be asked for again.
                Microphone::Open => {
                    active.microphone = Microphone::Absent;
                    active.microphone_problem = Some(Problem::MicrophoneUnheard);
                    vec![Output::CloseMicrophone(attempt)]
                }
                Microphone::Absent | Microphone::Prompting | Microphone::Opening | Microphone::Outdated => Vec::new(),
            },
            News::TicketGranted { until } => {
                let Link::Ticket { due } = active.link else { return Vec::new() };
                active.link = Link::Joining { due };
                active.ticket_until = until;
                let mut outputs = vec![Output::JoinRoom(attempt)];
                if active.microphone == Microphone::Open {
                    outputs.push(Output::PublishMicrophone(attempt));
                }
                outputs
            }
            News::TicketRefused(problem) => match active.link {
                Link::Ticket { .. } => self.finish(Phase::Failed(problem)),
                Link::Joining { .. } | Link::Joined { .. } => Vec::new(),
            },
            News::Joined => {
                if let Link::Joining { .. } = active.link {
                    active.link = Link::Joined { since: now, desk_due: now + AGENT_TIMEOUT, reconnecting: false };
                }
                Vec::new()
            }
            News::JoinFailed(problem) => match active.link {
                Link::Joining { .. } => self.finish(Phase::Failed(problem)),
                Link::Ticket { .. } | Link::Joined { .. } => Vec::new(),
            },
            News::Reconnecting => {
                if let Link::Joined { reconnecting, .. } = &mut active.link {
                    *reconnecting = true;
                }
                Vec::new()
            }
            News::Reconnected => {
                if let Link::Joined { reconnecting, desk_due, .. } = &mut active.link {
                    *reconnecting = false;
                    *desk_due = now + AGENT_TIMEOUT;
                }
                Vec::new()
            }
            News::Disconnected(departure) => self.on_departure(departure, now),
            News::DeskArrived => {
                active.desk = Desk::Present;
                Vec::new()
            }
            News::DeskLeft => {
                if active.desk == Desk::Present {
                    active.desk = Desk::Gone;
                    if let Link::Joined { desk_due, .. } = &mut active.link {
                        *desk_due = now + AGENT_TIMEOUT;
                    }
                }
                Vec::new()
            }
        }
    }

    fn on_departure(&mut self, departure: Departure, now: Duration) -> Vec<Output> {
        let Phase::Active(active) = &self.phase else { return Vec::new() };
        // Joining reports its own failure.
        let Some(length) = self.length(now) else { return Vec::new() };
        match departure {
            // The ticket stays: the page may be loading again.
            Departure::Client => self.close(Phase::Ended { by: EndedBy::Visitor, length }),
            Departure::Desk => {
                let spent = active.ticket_until.is_some_and(|until| now + LIMIT_SLACK >= until);
                let by = if spent { EndedBy::TimeLimit } else { EndedBy::Desk };
                self.finish(Phase::Ended { by, length })
            }
            Departure::OtherPage => self.finish(Phase::Ended { by: EndedBy::OtherPage, length }),
            Departure::Lost => self.finish(Phase::Failed(Problem::ConnectionLost)),
        }
    }

    fn on_time(&mut self, now: Duration) -> Vec<Output> {
        if self.next_timeout().is_none_or(|due| now < due) {
            return Vec::new();
        }
        let Phase::Active(active) = &self.phase else { return Vec::new() };
        let over = match (self.length(now), active.desk) {
            (Some(length), Desk::Gone) => Phase::Ended { by: EndedBy::Desk, length },
            (Some(_), Desk::Awaited | Desk::Present) => Phase::Failed(Problem::AgentNeverJoined),
            (None, _) => Phase::Failed(Problem::ServerUnreachable),
        };
        self.finish(over)
    }

    fn finish(&mut self, over: Phase) -> Vec<Output> {
        let was_active = self.is_active();
        let mut outputs = self.close(over);
        if was_active {
            outputs.push(Output::ForgetTicket);
        }
        outputs
    }

    fn close(&mut self, over: Phase) -> Vec<Output> {
        let Phase::Active(active) = &self.phase else { return Vec::new() };
        let mut outputs = Vec::new();
        if !matches!(active.link, Link::Ticket { .. }) {
            outputs.push(Output::LeaveRoom(self.attempt));
        }
        outputs.push(Output::CloseMicrophone(self.attempt));
        self.phase = over;
        outputs
    }
}

/// Gives back what arrives for a call that is over.
fn release(attempt: Attempt, news: &News) -> Vec<Output> {
    match news {
        News::MicrophoneOpened => vec![Output::CloseMicrophone(attempt)],
        News::Joined => vec![Output::LeaveRoom(attempt)],
        News::MicrophoneFailed(_)
        | News::MicrophoneLost
        | News::MicrophoneUnheard
        | News::TicketGranted { .. }
        | News::TicketRefused(_)
        | News::JoinFailed(_)
        | News::Reconnecting
        | News::Reconnected
        | News::Disconnected(_)
        | News::DeskArrived
        | News::DeskLeft => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
