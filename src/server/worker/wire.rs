//! What a worker and the site tell one another, each message a text frame of JSON.

use serde::{Deserialize, Serialize};

use crate::domain::record::{Message, Report, RoomLife};

/// What a worker tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromWorker {
    /// Whether LiveKit may give it calls.
    TakesCalls(bool),
    /// It is in a room.
    In {
        /// The room's name.
        room: String,
        /// Its identity there.
        identity: String,
    },
    /// Its call in a room is over.
    Out {
        /// The room's name.
        room: String,
    },
    /// Something for the record; told again on the next connection until it is answered.
    Told {
        /// Counts what is to be answered.
        number: u64,
        /// What.
        report: Report,
    },
    /// A message that a caller has left.
    Mail {
        /// Counts what is to be answered.
        number: u64,
        /// Where it was left, where that is known.
        room: Option<RoomLife>,
        /// The message.
        message: Message,
    },
}

/// What the site answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromSite {
    /// The site knows whether the worker takes calls.
    Counts(bool),
    /// What has this number is kept.
    Kept(u64),
    /// What has this number cannot be kept now.
    NotKept(u64),
}
