//! Rooms on a LiveKit server, through its administration API.

use async_trait::async_trait;
use livekit_api::services::{
    ServerError, ServerErrorCode, ServiceError,
    room::{CreateRoomOptions, RoomClient},
};
use livekit_protocol::{
    ParticipantInfo,
    participant_info::{Kind, State},
};
use secrecy::ExposeSecret;
use tokio::sync::mpsc::{self, error::TrySendError};

use super::{NewRoom, Participant, Room, Rooms, RoomsError, WAITING_ROOMS};
use crate::{
    domain::record::MemberKind,
    server::{agent::Summons, config::PublicUrl, token::ApiKey},
};

/// A LiveKit server's rooms.
pub struct LiveKitRooms {
    client: RoomClient,
    starts: mpsc::Sender<Summons>,
}

impl LiveKitRooms {
    /// Administers the rooms of the server at `url`; gives the names of rooms that need an assistant. Nothing tells us
    /// when a room begins there, so the assistant is sent ahead as soon as a visitor has a ticket.
    pub fn new(url: &PublicUrl, key: &ApiKey) -> (Self, mpsc::Receiver<Summons>) {
        let (starts, rooms) = mpsc::channel(WAITING_ROOMS);
        let client = RoomClient::with_api_key(&url.http(), key.key(), key.secret().expose_secret());
        (Self { client, starts }, rooms)
    }
}

#[async_trait]
impl Rooms for LiveKitRooms {
    async fn create(&self, room: NewRoom) -> Result<Room, RoomsError> {
        let options = CreateRoomOptions {
            empty_timeout: room.empty_timeout_s,
            departure_timeout: room.departure_timeout_s,
            max_participants: room.max_participants,
            metadata: room.metadata,
            ..CreateRoomOptions::default()
        };
        Ok(self.client.create_room(&room.name, options).await?.into())
    }

    async fn list(&self) -> Result<Vec<Room>, RoomsError> {
        Ok(self.client.list_rooms(Vec::new()).await?.into_iter().map(Room::from).collect())
    }

    async fn participants(&self, room: &str) -> Result<Vec<Participant>, RoomsError> {
        Ok(self.client.list_participants(room).await?.into_iter().map(Participant::from).collect())
    }

    async fn remove(&self, room: &str, identity: &str) -> Result<(), RoomsError> {
        Ok(self.client.remove_participant(room, identity).await?)
    }

    async fn delete(&self, room: &str) -> Result<(), RoomsError> {
        Ok(self.client.delete_room(room).await?)
    }

    fn expect(&self, room: &str) {
        if let Err(TrySendError::Full(_)) = self.starts.try_send(Summons::to(room)) {
            tracing::error!(room, "no assistant could be sent: too many rooms wait for theirs");
        }
    }
}

impl From<livekit_protocol::Room> for Room {
    fn from(room: livekit_protocol::Room) -> Self {
        let opened_ms = opened_ms(&room);
        Self { name: room.name, sid: room.sid, metadata: room.metadata, participants: room.num_participants, opened_ms }
    }
}

impl From<ParticipantInfo> for Participant {
    fn from(info: ParticipantInfo) -> Self {
        Self {
            kind: member_kind(&info),
            is_active: info.state() == State::Active,
            joined_ms: joined_ms(&info),
            identity: info.identity,
            sid: info.sid,
            name: info.name,
        }
    }
}

/// When a room opened; servers before LiveKit 1.8 tell it in seconds alone.
pub(super) fn opened_ms(room: &livekit_protocol::Room) -> i64 {
    if room.creation_time_ms > 0 { room.creation_time_ms } else { room.creation_time.saturating_mul(1000) }
}

/// When somebody came; servers before LiveKit 1.8 tell it in seconds alone.
pub(super) fn joined_ms(info: &ParticipantInfo) -> i64 {
    if info.joined_at_ms > 0 { info.joined_at_ms } else { info.joined_at.saturating_mul(1000) }
}

/// What somebody is.
pub(super) fn member_kind(info: &ParticipantInfo) -> MemberKind {
    match info.kind() {
        Kind::Standard | Kind::Sip => MemberKind::Person,
        Kind::Agent => MemberKind::Assistant,
        Kind::Ingress | Kind::Egress | Kind::Connector | Kind::Bridge => MemberKind::Machine,
    }
}

impl From<ServiceError> for RoomsError {
    fn from(error: ServiceError) -> Self {
        if let ServiceError::Twirp(ServerError::Twirp(refused)) = &error
            && refused.code == ServerErrorCode::NOT_FOUND
        {
            return Self::NotFound;
        }
        Self::Failed(error.to_string())
    }
}
