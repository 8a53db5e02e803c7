//! Administration of rooms, and what happens in them as others are told.

use super::{
    participant::Kind,
    room::RoomOptions,
    signal::{ParticipantView, RoomView},
};

/// A room to be opened before anybody joins it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateRoom {
    /// Its name.
    pub name: String,
    /// What it is opened with; a room that is open keeps what it has.
    pub options: RoomOptions,
}

/// An open room.
pub type RoomInfo = RoomView;

/// A participant of a room.
pub type ParticipantInfo = ParticipantView;

/// What happened, for whoever dispatches assistants or keeps records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// A room opened.
    RoomStarted {
        /// Its name.
        room: String,
    },
    /// Somebody's media came up.
    ParticipantJoined {
        /// Where.
        room: String,
        /// Who.
        identity: String,
        /// What it is.
        kind: Kind,
    },
    /// Somebody who had joined left.
    ParticipantLeft {
        /// Where.
        room: String,
        /// Who.
        identity: String,
        /// What it is.
        kind: Kind,
    },
    /// A room closed.
    RoomFinished {
        /// Its name.
        room: String,
    },
}

/// Why an administrator's wish was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The name is empty or longer than 256 characters.
    #[error("the room's name is empty or longer than 256 characters")]
    BadName,
    /// There is no such room.
    #[error("there is no such room")]
    NoRoom,
    /// Nobody of that identity is in the room.
    #[error("nobody of that identity is in the room")]
    NoParticipant,
    /// The room server has stopped.
    #[error("the room server has stopped")]
    Stopped,
}
