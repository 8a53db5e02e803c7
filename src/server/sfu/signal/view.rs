//! Rooms, participants and tracks as they are shown to clients and administrators.

use std::{collections::BTreeMap, time::Duration};

use str0m::media::Mid;

use super::Reason;
use crate::server::sfu::{
    ids::{ParticipantSid, RoomSid, TrackSid},
    participant::{Kind, Permission},
};

/// Where a track comes from: LiveKit's sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Not said.
    Unknown,
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
    /// A shared screen.
    ScreenShare,
    /// The sound of a shared screen.
    ScreenShareAudio,
}

/// A track as its publisher describes it; what the server does not interpret is carried in LiveKit's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackRequest {
    /// The client's own id, normally the media track's.
    pub cid: String,
    /// A name for people.
    pub name: String,
    /// Whether it is audio; the only kind that is carried.
    pub audio: bool,
    /// Where it comes from.
    pub source: Source,
    /// Starts silent.
    pub muted: bool,
    /// Asks for no discontinuous transmission.
    pub disable_dtx: bool,
    /// Has two channels.
    pub stereo: bool,
    /// Sends no redundant audio.
    pub disable_red: bool,
    /// LiveKit's `Encryption.Type`.
    pub encryption: i32,
    /// The stream it belongs to.
    pub stream: String,
    /// LiveKit's `AudioTrackFeature`s.
    pub features: Vec<i32>,
}

/// A track as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackView {
    /// Its id.
    pub sid: TrackSid,
    /// The publisher's section; absent until it is negotiated.
    pub mid: Option<Mid>,
    /// What was asked for, its `muted` being the present state.
    pub request: TrackRequest,
}

/// How far a participant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Signalling is up.
    Joined,
    /// Media is up.
    Active,
    /// Gone, and why.
    Disconnected(Reason),
}

/// A participant as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantView {
    /// Its session.
    pub sid: ParticipantSid,
    /// Its identity.
    pub identity: String,
    /// Its name for people.
    pub name: String,
    /// Free text.
    pub metadata: String,
    /// Free pairs.
    pub attributes: BTreeMap<String, String>,
    /// How far it has come.
    pub stage: Stage,
    /// What it is.
    pub kind: Kind,
    /// Rises with every change.
    pub version: u32,
    /// When it joined, since the Unix epoch.
    pub joined: Duration,
    /// What it publishes.
    pub tracks: Vec<TrackView>,
    /// What it may do.
    pub permission: Permission,
    /// What its data-stream code understands.
    pub client_protocol: i32,
    /// LiveKit's `ClientInfo.Capability` numbers.
    pub capabilities: Vec<i32>,
}

/// A room as clients and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// Its life.
    pub sid: RoomSid,
    /// Its name.
    pub name: String,
    /// How long it stays open with nobody ever in it, in seconds.
    pub empty_timeout_s: u32,
    /// How long it stays open after the last one left, in seconds.
    pub departure_timeout_s: u32,
    /// How many may be in it; 0 means any number.
    pub max_participants: u32,
    /// When it started, since the Unix epoch.
    pub created: Duration,
    /// Free text.
    pub metadata: String,
    /// How many are in it, agents and hidden ones not counted.
    pub participants: u32,
    /// How many of them publish.
    pub publishers: u32,
}
