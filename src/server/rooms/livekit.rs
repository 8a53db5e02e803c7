//! Rooms on a LiveKit server, through its administration API.

use std::sync::Arc;

use async_trait::async_trait;
use livekit_api::services::{
    ServerError, ServerErrorCode, ServiceError,
    agent_dispatch::AgentDispatchClient,
    room::{CreateRoomOptions, RoomClient},
};
use livekit_protocol::{
    ParticipantInfo,
    participant_info::{Kind, State},
};
use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    NewRoom, Participant, Room, Rooms, RoomsError, WAITING_ROOMS,
    relief::{self, Helpers, LiveKit},
};
use crate::{
    domain::record::{MemberKind, StandingRoom},
    server::{agent::Summons, config::PublicUrl, token::ApiKey},
};

/// A LiveKit server's rooms.
pub struct LiveKitRooms {
    client: Arc<RoomClient>,
    helpers: Helpers,
}

impl LiveKitRooms {
    /// Administers the rooms of the server at `url`, and sees to it that each has an assistant: a worker, or where
    /// `has_own` says so that of this process, which the summons are for. Nothing tells us when a room begins there, so
    /// that the assistant is sent ahead as soon as a visitor has a ticket.
    pub fn new(
        url: &PublicUrl,
        key: &ApiKey,
        has_own: bool,
        shutdown: CancellationToken,
    ) -> (Self, Helpers, mpsc::Receiver<Summons>) {
        let (own, summons) = mpsc::channel(WAITING_ROOMS);
        let (url, name, secret) = (url.http(), key.key(), key.secret().expose_secret());
        let client = Arc::new(RoomClient::with_api_key(&url, name, secret));
        let dispatches = Arc::new(AgentDispatchClient::with_api_key(&url, name, secret));
        let helpers = relief::start(LiveKit { rooms: client.clone(), dispatches }, has_own.then_some(own), shutdown);
        (Self { client, helpers: helpers.clone() }, helpers, summons)
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
        self.helpers.expect(room);
    }

    fn seen(&self, standing: &[StandingRoom]) {
        self.helpers.standing(standing);
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
