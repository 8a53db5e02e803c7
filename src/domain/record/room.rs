//! What is told of a call's room, whichever server carries it.

use super::words;

/// One life of a room: a room that finishes and opens again under its name has another. A call is recorded for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RoomLife {
    /// The room's name.
    pub name: String,
    /// The room server's id of this life.
    pub sid: String,
    /// When it opened: the call's start, from which its words are timed.
    pub opened_ms: i64,
}

/// Something that happened to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomFact {
    /// To which.
    pub room: RoomLife,
    /// When.
    pub at_ms: i64,
    /// What.
    pub what: Happened,
}

/// What can happen to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It opened.
    Opened,
    /// Somebody is in it, and can be heard.
    Joined(Member),
    /// Somebody who was in it has gone, and why if it was said.
    Left(Member, Option<Departure>),
    /// It is over.
    Closed(Ending),
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The room server's id of this stay.
    pub sid: String,
    /// Unique in the room, the same in each stay.
    pub identity: String,
    /// The name that others see.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// When the stay began.
    pub joined_ms: i64,
}

words! {
    /// What somebody in a room is.
    MemberKind {
        /// A person, by a browser, an app or a telephone.
        Person = "person",
        /// An assistant.
        Assistant = "assistant",
        /// A recorder or another machine: it makes no call.
        Machine = "machine",
    }
}

impl MemberKind {
    /// Whether one of this kind makes a call, or takes one.
    pub fn talks(self) -> bool {
        self != Self::Machine
    }
}

words! {
    /// Why somebody left a room.
    Departure {
        /// They hung up.
        HungUp = "hung_up",
        /// The same identity joined again.
        Replaced = "replaced",
        /// Their connection was lost.
        ConnectionLost = "connection_lost",
        /// An administrator removed them, or ended the room.
        Removed = "removed",
        /// The room server stopped.
        ServerStopped = "server_stopped",
    }
}

words! {
    /// How it is known that a room is over.
    Ending {
        /// The room server told so.
        Told = "told",
        /// The server that carried it died; the time is the last at which the call was known to go on.
        Lost = "lost",
        /// It is not there any more, and nobody saw it end; the time is the last at which it was seen.
        Unseen = "unseen",
    }
}
