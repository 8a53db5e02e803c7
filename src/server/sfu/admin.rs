//! Administration of rooms, and what happens in them as others are told.

use std::collections::BTreeMap;

use super::{
    data::Channel,
    ids::TrackSid,
    participant::{Kind, Permission},
    room::RoomOptions,
    signal::{ParticipantView, RoomView, packet::Packet},
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

/// What an administrator changes in a room.
#[derive(Clone, Debug)]
pub enum Change {
    /// How a participant is shown, and what it may do.
    Participant {
        /// Whom it concerns.
        identity: String,
        /// The new name; empty leaves the old one.
        name: String,
        /// The new metadata; empty leaves the old.
        metadata: String,
        /// The attributes that change; an empty value takes one away.
        attributes: BTreeMap<String, String>,
        /// All that it may do from now on; `None` leaves it as it is.
        permission: Option<Permission>,
    },
    /// Silences a track; only its publisher can take that back.
    Mute {
        /// Who publishes it.
        identity: String,
        /// Which track; one that is not there is passed over.
        track: TrackSid,
    },
    /// What a participant receives.
    Subscriptions {
        /// Whom it concerns.
        identity: String,
        /// Which tracks.
        tracks: Vec<TrackSid>,
        /// Whether it receives them from now on.
        wanted: bool,
    },
    /// The room's metadata.
    Metadata(String),
    /// A data packet from the server itself.
    Data {
        /// The packet.
        packet: Packet,
        /// How it goes out.
        channel: Channel,
    },
}

impl Change {
    /// The participant that must be there for it.
    pub fn identity(&self) -> Option<&str> {
        match self {
            Self::Participant { identity, .. } | Self::Mute { identity, .. } | Self::Subscriptions { identity, .. } => {
                Some(identity)
            }
            Self::Metadata(_) | Self::Data { .. } => None,
        }
    }
}

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
    #[error("requested room does not exist")]
    NoRoom,
    /// Nobody of that identity is in the room.
    #[error("participant does not exist")]
    NoParticipant,
    /// A name of more than 256 characters.
    #[error("name length exceeds limits")]
    LongName,
    /// Metadata of more than 512 KiB, or more than 64 KiB of attributes.
    #[error("metadata size exceeds limits")]
    TooMuch,
    /// The room server has stopped.
    #[error("the room server has stopped")]
    Stopped,
}
