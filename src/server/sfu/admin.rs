//! Administration of rooms, and what happens in them as others are told.

use std::{collections::BTreeMap, time::Duration};

use super::{
    data::Channel,
    ids::TrackSid,
    participant::Permission,
    room::RoomOptions,
    signal::{ParticipantView, RoomView, TrackView, packet::Packet},
};

/// A room to be opened before anybody joins it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateRoom {
    /// Its name.
    pub name: String,
    /// What it is opened with; a room that is open keeps what it has.
    pub options: RoomOptions,
}

/// What the server holds at a moment: where everybody has gone, it holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Open rooms.
    pub rooms: usize,
    /// Sessions of participants.
    pub participants: usize,
    /// Names and addresses by which datagrams find their connections.
    pub addresses: usize,
    /// Signal sockets.
    pub sockets: usize,
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

/// What happened in a room, for whoever dispatches assistants, keeps records or is called by webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomEvent {
    /// The room as it was then.
    pub room: RoomInfo,
    /// When, since the Unix epoch.
    pub at: Duration,
    /// What.
    pub what: Happening,
}

/// What can happen: LiveKit's webhook events, those of a server that carries audio and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The room opened.
    RoomStarted,
    /// The room closed.
    RoomFinished,
    /// Somebody's media came up.
    ParticipantJoined(ParticipantInfo),
    /// Somebody who had joined left.
    ParticipantLeft(ParticipantInfo),
    /// Somebody left whose media had never come up.
    ParticipantAborted(ParticipantInfo),
    /// A track can be received.
    TrackPublished(ParticipantInfo, TrackView),
    /// It no longer can.
    TrackUnpublished(ParticipantInfo, TrackView),
}

impl Happening {
    /// LiveKit's name for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RoomStarted => "room_started",
            Self::RoomFinished => "room_finished",
            Self::ParticipantJoined(_) => "participant_joined",
            Self::ParticipantLeft(_) => "participant_left",
            Self::ParticipantAborted(_) => "participant_connection_aborted",
            Self::TrackPublished(..) => "track_published",
            Self::TrackUnpublished(..) => "track_unpublished",
        }
    }

    /// Whom it concerns.
    pub fn participant(&self) -> Option<&ParticipantInfo> {
        match self {
            Self::RoomStarted | Self::RoomFinished => None,
            Self::ParticipantJoined(who)
            | Self::ParticipantLeft(who)
            | Self::ParticipantAborted(who)
            | Self::TrackPublished(who, _)
            | Self::TrackUnpublished(who, _) => Some(who),
        }
    }

    /// The track that it concerns.
    pub fn track(&self) -> Option<&TrackView> {
        match self {
            Self::TrackPublished(_, track) | Self::TrackUnpublished(_, track) => Some(track),
            Self::RoomStarted
            | Self::RoomFinished
            | Self::ParticipantJoined(_)
            | Self::ParticipantLeft(_)
            | Self::ParticipantAborted(_) => None,
        }
    }
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
