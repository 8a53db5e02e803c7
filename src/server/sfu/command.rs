//! What the driver is asked to do by the sockets and the administration.

use tokio::sync::oneshot;

use super::{
    admin::{AdminError, Census, Change, CreateRoom, ParticipantInfo, RoomInfo},
    ids::{PeerKey, SocketId},
    responses::Responses,
    revocations::Validity,
    signal::{Request, join::Entry},
};
use crate::server::token::Claims;

/// Somebody with an acceptable token.
#[derive(Clone, Debug)]
pub struct Admission {
    /// What the token says.
    pub claims: Claims,
    /// From when until when it is valid.
    pub validity: Validity,
}

/// A participant's session on one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The participant.
    pub peer: PeerKey,
    /// The socket.
    pub socket: SocketId,
}

/// Why somebody with a good token does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An administrator removed the token's bearer.
    #[error("removed from this room")]
    Removed,
    /// The room holds as many as it may.
    #[error("the room is full")]
    Full,
}

/// A message to the driver.
#[derive(Debug)]
pub enum Command {
    /// Would this one get in?
    Check {
        /// Who asks.
        admission: Admission,
        /// The answer.
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// Lets somebody in.
    Enter {
        /// Who.
        admission: Admission,
        /// How.
        entry: Entry,
        /// Where messages to the client go.
        responses: Responses,
        /// The session; none where there is only a farewell to read.
        reply: oneshot::Sender<Result<Option<Session>, Refusal>>,
    },
    /// A message from a client.
    Request(Session, Box<Request>),
    /// A socket closed.
    Closed(Session),
    /// Opens a room.
    CreateRoom(CreateRoom, oneshot::Sender<Option<RoomInfo>>),
    /// Says what the driver holds.
    Census(oneshot::Sender<Census>),
    /// Lists rooms.
    ListRooms(oneshot::Sender<Vec<RoomInfo>>),
    /// Lists a room's participants, hidden ones left out.
    ListParticipants(String, oneshot::Sender<Result<Vec<ParticipantInfo>, AdminError>>),
    /// Shows one participant.
    GetParticipant {
        /// Where.
        room: String,
        /// Whom.
        identity: String,
        /// The participant.
        reply: oneshot::Sender<Result<ParticipantInfo, AdminError>>,
    },
    /// Removes a participant for good.
    RemoveParticipant {
        /// From where.
        room: String,
        /// Whom.
        identity: String,
        /// How it went.
        reply: oneshot::Sender<Result<(), AdminError>>,
    },
    /// Changes something in a room.
    Change {
        /// In which.
        room: String,
        /// What.
        change: Box<Change>,
        /// How it went.
        reply: oneshot::Sender<Result<(), AdminError>>,
    },
    /// Ends a room.
    DeleteRoom(String, oneshot::Sender<Result<(), AdminError>>),
}
