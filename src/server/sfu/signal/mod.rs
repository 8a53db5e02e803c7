//! The signalling protocol in this server's own words.
//!
//! LiveKit's protobuf types stop at [`codec`], [`join`] and [`packet`]; the machines see only what is defined here.

pub mod codec;
pub mod join;
pub mod packet;
mod view;

pub use self::view::{ParticipantView, RoomView, Source, Stage, TrackRequest, TrackView};

use std::{collections::BTreeMap, time::Duration};

use str0m::media::Mid;

use super::ids::{ParticipantSid, TrackSid};

/// Protocol 18 moves the data channels of Rust clients to negotiated ids; up to 17 they stay in band.
pub const PROTOCOL: i32 = 17;
/// How often a client pings, in seconds: livekit-server's default.
pub const PING_INTERVAL_S: i32 = 5;
/// After how long without an answer a client gives its socket up, in seconds: livekit-server's default.
pub const PING_TIMEOUT_S: i32 = 15;

/// A message from a client, sorted by who deals with it.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Session descriptions: for the peer connections.
    Sdp(SdpRequest),
    /// Everything that changes the room.
    Room(RoomRequest),
    /// Answered on the spot.
    Ping(Ping),
    /// Known to LiveKit and without meaning here, such as video layers.
    Ignored,
}

/// A message about the peer connections.
#[derive(Clone, Debug, PartialEq)]
pub enum SdpRequest {
    /// An offer for the connection on which the client publishes.
    Offer(Description),
    /// The answer to the server's offer for the connection on which the client subscribes.
    Answer(Description),
}

/// A message about the room.
#[derive(Clone, Debug, PartialEq)]
pub enum RoomRequest {
    /// Announces a track; its media section follows in an offer.
    AddTrack(TrackRequest),
    /// Mutes or unmutes an own track.
    Mute {
        /// Which track.
        track: TrackSid,
        /// Whether it is silent from now on.
        muted: bool,
    },
    /// Subscribes to tracks or lets them go.
    Subscribe {
        /// Which tracks.
        tracks: Vec<TrackSid>,
        /// Whether they are wanted.
        wanted: bool,
    },
    /// Changes the own name, metadata and attributes; what is empty stays, an empty attribute goes.
    UpdateMetadata {
        /// Comes back in the response.
        request_id: u32,
        /// The new name.
        name: String,
        /// The new metadata.
        metadata: String,
        /// Changed attributes.
        attributes: BTreeMap<String, String>,
    },
    /// Asks to be spared tracks' packets, or to have them again.
    Settings {
        /// Which tracks.
        tracks: Vec<TrackSid>,
        /// Whether their packets stop.
        paused: bool,
    },
    /// Changes an own track's audio features (noise suppression and the like), LiveKit's numbers.
    UpdateFeatures {
        /// Which track.
        track: TrackSid,
        /// All of its features.
        features: Vec<i32>,
    },
    /// What a resuming client believes: which tracks it subscribes to.
    SyncState {
        /// The tracks that its list of subscriptions names.
        tracks: Vec<TrackSid>,
        /// Whether the list names what is wanted, or what is not.
        wanted: bool,
    },
    /// Goes.
    Leave,
}

/// The two forms of ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    /// Without a measured round trip.
    Plain,
    /// With the client's time, which is echoed.
    Timed {
        /// The client's clock in milliseconds.
        timestamp_ms: i64,
        /// How long the pings before it took there and back.
        round_trip: Duration,
    },
}

/// One of a participant's peer connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leg {
    /// Offered by the client; on the v1 path it carries everything.
    Publisher,
    /// Offered by the server; v0 only.
    Subscriber,
}

/// A session description with what LiveKit adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The SDP.
    pub sdp: String,
    /// An answer bears its offer's id.
    pub id: u32,
    /// Which section carries which track.
    pub tracks: BTreeMap<Mid, TrackSid>,
}

/// Why a session ends: LiveKit's reasons, those that this server gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The client said so.
    ClientInitiated,
    /// The same identity joined again.
    DuplicateIdentity,
    /// The server stops.
    ServerShutdown,
    /// An administrator removed it.
    ParticipantRemoved,
    /// An administrator deleted the room.
    RoomDeleted,
    /// The client resumes a session that does not exist.
    StateMismatch,
    /// Media never came up.
    JoinFailure,
    /// The signal socket closed and nobody resumed.
    SignalClose,
    /// It is hidden from now on.
    Hidden,
    /// Nobody but agents was left.
    RoomClosed,
    /// Media was lost and did not come back.
    ConnectionTimeout,
}

/// What a client should do about a [`Response::Leave`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stop.
    Disconnect,
    /// Come back to the session.
    Resume,
    /// Join anew.
    Reconnect,
}

/// One participant's loudness.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// Who.
    pub sid: ParticipantSid,
    /// 0 to 1, linear.
    pub level: f32,
    /// Whether it counts as speaking.
    pub active: bool,
}

/// How well a participant's media arrives, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// Nothing arrives any more. Others are told, and the client itself is not: LiveKit's clients would join anew, which
    /// is for the connection itself to decide.
    Lost,
    /// Much is lost.
    Poor,
    /// Some is lost.
    Good,
    /// Next to nothing is lost.
    Excellent,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Ok,
    /// The token does not allow it.
    NotAllowed,
    /// Too much, too long.
    LimitExceeded,
    /// Not carried here.
    UnsupportedType,
}

/// What a request was about, where the client is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A change of metadata.
    Metadata,
    /// A new track.
    AddTrack(TrackRequest),
}

/// A message to a client.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// The first message to whoever joins.
    Join(Box<Joined>),
    /// The first message to whoever resumes.
    Reconnect {
        /// The last reliable packet that arrived from the client; it sends again what came after.
        last_sequence: u32,
    },
    /// The answer to the client's offer.
    Answer(Description),
    /// An offer for the subscriber connection.
    Offer(Description),
    /// Asks a v1 client to offer again, with so many more audio sections.
    SectionsWanted {
        /// How many more; 0 is valid.
        audio: u32,
    },
    /// The room changed.
    Room(Box<RoomView>),
    /// An own track is muted by the server.
    Mute {
        /// Which track.
        track: TrackSid,
        /// Whether it is silent from now on.
        muted: bool,
    },
    /// Participants that changed.
    Update(Vec<ParticipantView>),
    /// A track was taken.
    TrackPublished {
        /// The client's id for it.
        cid: String,
        /// The track.
        track: TrackView,
    },
    /// An own track is no longer published.
    TrackUnpublished(TrackSid),
    /// Somebody subscribed to an own track.
    TrackSubscribed(TrackSid),
    /// Speakers whose level changed.
    Speakers(Vec<Speaker>),
    /// Participants whose quality changed.
    Qualities(Vec<(ParticipantSid, Quality)>),
    /// What became of a request.
    Outcome {
        /// The request's id.
        request_id: u32,
        /// How it went.
        outcome: Outcome,
        /// What it was about.
        subject: Subject,
    },
    /// A token to come back with.
    RefreshToken(String),
    /// The answer to [`Ping::Plain`].
    Pong {
        /// The server's clock since the Unix epoch.
        now: Duration,
    },
    /// The answer to [`Ping::Timed`].
    TimedPong {
        /// The client's time.
        timestamp_ms: i64,
        /// The server's clock since the Unix epoch.
        now: Duration,
    },
    /// The session is over.
    Leave {
        /// Why.
        reason: Reason,
        /// What to do.
        action: Action,
    },
}

/// What whoever joins is told first.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The room.
    pub room: RoomView,
    /// Itself.
    pub participant: ParticipantView,
    /// Everybody else.
    pub others: Vec<ParticipantView>,
    /// Whether the server offers a second connection (v0).
    pub subscriber_primary: bool,
}
