//! Administration of rooms: one interface, whichever server carries them.
//!
//! The rest of the program never learns whether that is the embedded server or a LiveKit server elsewhere.

mod dispatch;
mod embedded;
mod facts;
mod livekit;
mod open;
mod relief;
pub mod webhook;

use async_trait::async_trait;

pub use self::{
    facts::{Heard, RoomFacts},
    open::{OpenError, OpenRooms, open},
    relief::{Helpers, JobNote, Post},
};
use super::calls::RoomType;
use crate::domain::record::{MemberKind, StandingRoom};

/// Rooms that may wait for their assistant at one time; beyond this many the machine is past helping.
const WAITING_ROOMS: usize = 1024;

/// What the rest of the program may do with rooms.
#[async_trait]
pub trait Rooms: Send + Sync {
    /// Makes a room, or finds the one of that name.
    ///
    /// # Errors
    /// A room server that cannot be reached or says no.
    async fn create(&self, room: NewRoom) -> Result<Room, RoomsError>;

    /// The rooms that stand, every one.
    ///
    /// # Errors
    /// A room server that cannot be reached or says no.
    async fn list(&self) -> Result<Vec<Room>, RoomsError>;

    /// Who is in a room.
    ///
    /// # Errors
    /// A room server that cannot be reached, or no such room.
    async fn participants(&self, room: &str) -> Result<Vec<Participant>, RoomsError>;

    /// Throws a participant out.
    ///
    /// # Errors
    /// A room server that cannot be reached, or no such room or participant.
    async fn remove(&self, room: &str, identity: &str) -> Result<(), RoomsError>;

    /// Ends a room for everyone in it.
    ///
    /// # Errors
    /// A room server that cannot be reached, or no such room.
    async fn delete(&self, room: &str) -> Result<(), RoomsError>;

    /// Says that a visitor was given a ticket for `room`, so that its assistant can be sent.
    fn expect(&self, room: &str);

    /// Takes a look at the rooms of calls that stand, every one, and who is in them.
    fn seen(&self, standing: &[StandingRoom]);
}

/// A room to make. A time or a number of 0 means the server's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRoom {
    /// Its name.
    pub name: String,
    /// How long it stands before the first participant, in seconds.
    pub empty_timeout_s: u32,
    /// How long it stands after the last one, in seconds.
    pub departure_timeout_s: u32,
    /// The most participants, assistants not counted.
    pub max_participants: u32,
    /// Free text that goes with it.
    pub metadata: String,
}

/// A room that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// The server's own id for it.
    pub sid: String,
    /// Free text that goes with it.
    pub metadata: String,
    /// How many are in it, assistants not counted.
    pub participants: u32,
    /// When it opened, in milliseconds since the Unix epoch.
    pub opened_ms: i64,
}

/// Somebody in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Unique in the room.
    pub identity: String,
    /// The server's own id for this stay.
    pub sid: String,
    /// The name that others see.
    pub name: String,
    /// What it is.
    pub kind: MemberKind,
    /// Whether its media is up.
    pub is_active: bool,
    /// When it came, in milliseconds since the Unix epoch.
    pub joined_ms: i64,
}

/// Whether a room of this name is one of those that visitors and staff are given tickets for: a call.
pub fn is_call(room: &str) -> bool {
    [RoomType::Support, RoomType::AdminAssistant].iter().any(|kind| room.starts_with(kind.prefix()))
}

/// Whether a room of this name is one that visitors are given tickets for, and an assistant answers in.
fn is_support(room: &str) -> bool {
    room.starts_with(RoomType::Support.prefix())
}

/// Why the room server did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    /// There is no such room or participant.
    #[error("no such room or participant")]
    NotFound,
    /// The server could not be reached, or failed.
    #[error("the room server: {0}")]
    Failed(String),
}
