//! What the embedded server tells of its rooms, as the record of calls reads it.

use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

use super::is_call;
use crate::{
    domain::record::{Departure, Ending, Happened, Member, MemberKind, RoomFact, RoomLife},
    server::sfu::{Happening, Kind, ParticipantInfo, Reason, RoomEvent, Stage},
};

/// The facts of the embedded server's calls, in order.
pub struct RoomFacts(Receiver<Arc<RoomEvent>>);

/// What there is to hear.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A fact.
    Fact(RoomFact),
    /// So many events were missed: who is where has to be looked up.
    Missed(u64),
}

impl RoomFacts {
    /// Reads the facts out of `events`.
    pub(super) fn new(events: Receiver<Arc<RoomEvent>>) -> Self {
        Self(events)
    }

    /// Waits for the next; none once the server is gone.
    pub async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.0.recv().await {
                Ok(event) => {
                    if let Some(fact) = fact(&event) {
                        return Some(Heard::Fact(fact));
                    }
                }
                Err(RecvError::Lagged(missed)) => return Some(Heard::Missed(missed)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The next of those that have been told already.
    pub fn try_next(&mut self) -> Option<Heard> {
        loop {
            match self.0.try_recv() {
                Ok(event) => {
                    if let Some(fact) = fact(&event) {
                        return Some(Heard::Fact(fact));
                    }
                }
                Err(TryRecvError::Lagged(missed)) => return Some(Heard::Missed(missed)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

/// What an event says of a call, if it says anything.
fn fact(RoomEvent { room, at, what }: &RoomEvent) -> Option<RoomFact> {
    let what = match what {
        Happening::RoomStarted => Happened::Opened,
        Happening::RoomFinished => Happened::Closed(Ending::Told),
        Happening::ParticipantJoined(who) => Happened::Joined(member(who)),
        Happening::ParticipantLeft(who) => Happened::Left(member(who), departure(who.stage)),
        Happening::ParticipantAborted(_) | Happening::TrackPublished(..) | Happening::TrackUnpublished(..) => {
            return None;
        }
    };
    let life = RoomLife { name: room.name.clone(), sid: room.sid.to_string(), opened_ms: ms(room.created) };
    is_call(&life.name).then(|| RoomFact { room: life, at_ms: ms(*at), what })
}

fn member(who: &ParticipantInfo) -> Member {
    Member {
        sid: who.sid.to_string(),
        identity: who.identity.clone(),
        name: who.name.clone(),
        kind: member_kind(who.kind),
        joined_ms: ms(who.joined),
    }
}

fn departure(stage: Stage) -> Option<Departure> {
    let Stage::Disconnected(reason) = stage else { return None };
    match reason {
        Reason::ClientInitiated => Some(Departure::HungUp),
        Reason::DuplicateIdentity => Some(Departure::Replaced),
        Reason::ServerShutdown => Some(Departure::ServerStopped),
        Reason::ParticipantRemoved | Reason::RoomDeleted => Some(Departure::Removed),
        Reason::StateMismatch | Reason::JoinFailure | Reason::SignalClose | Reason::ConnectionTimeout => {
            Some(Departure::ConnectionLost)
        }
        Reason::Hidden | Reason::RoomClosed => None,
    }
}

/// What a participant of the embedded server is.
pub(super) fn member_kind(kind: Kind) -> MemberKind {
    match kind {
        Kind::Standard => MemberKind::Person,
        Kind::Agent => MemberKind::Assistant,
    }
}

/// A time since the Unix epoch, or a span, in milliseconds.
pub(super) fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
