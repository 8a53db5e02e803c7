//! What a room reports.

use crate::domain::{
    call::{AgentState, Departure, Quality},
    transcript::Line,
};

/// One report of a room.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomEvent {
    /// The connection dropped and is being mended.
    Reconnecting,
    /// The connection is back.
    Reconnected,
    /// The room is left for good.
    Disconnected(Departure),
    /// The room did not take the microphone.
    MicrophoneUnheard,
    /// Who is there to answer, as it stands after a change.
    Desk(Desk),
    /// How good the visitor's connection is.
    Quality(Quality),
    /// Whether the browser waits for a tap before it plays anything.
    PlaybackBlocked(bool),
    /// Words, new or replaced.
    Words(Line),
}

/// Who is there to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Whether somebody is there who hears the visitor: a ready assistant, or a person.
    pub present: bool,
    /// What the assistant is doing, where one is in the room.
    pub agent: Option<AgentState>,
    /// Whether the assistant works by text only.
    pub text_only: bool,
}
