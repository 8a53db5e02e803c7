//! What administrators ask for.

use std::time::{Duration, Instant};

use super::{Clock, Driver};
use crate::server::sfu::{
    admin::{AdminError, Census, Change, CreateRoom, ParticipantInfo, RoomInfo},
    participant::Participant,
    room::{Input, Room},
    signal::Reason,
};

/// How long a removal is remembered at least, since its bearer may hold a token that outlives the one it came with:
/// LiveKit's SDKs mint tokens for 6 hours where nothing else is said.
const REMOVAL_KEPT: Duration = Duration::from_secs(6 * 60 * 60);

impl Driver {
    pub(super) fn create_room(&mut self, wanted: CreateRoom, now: Instant) -> Option<RoomInfo> {
        let room = self.open_room(&wanted.name, wanted.options, now);
        self.rooms.get(&room).map(Room::view)
    }

    pub(super) fn census(&self) -> Census {
        let (rooms, participants) = (self.rooms.len(), self.peers.len());
        Census { rooms, participants, addresses: self.demux.len(), sockets: 0 }
    }

    pub(super) fn list_rooms(&self) -> Vec<RoomInfo> {
        self.rooms.values().map(Room::view).collect()
    }

    pub(super) fn list_participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, AdminError> {
        let room = self.names.get(room).and_then(|index| self.rooms.get(index)).ok_or(AdminError::NoRoom)?;
        let shown = room.participants().filter(|participant| !participant.permission.hidden);
        Ok(shown.map(Participant::view).collect())
    }

    pub(super) fn participant(&self, room: &str, identity: &str) -> Result<ParticipantInfo, AdminError> {
        let room = self.names.get(room).and_then(|index| self.rooms.get(index)).ok_or(AdminError::NoRoom)?;
        let found = room.by_identity(identity).and_then(|peer| room.participant(peer));
        found.map(Participant::view).ok_or(AdminError::NoParticipant)
    }

    pub(super) fn remove_participant(&mut self, name: &str, identity: &str, now: Instant) -> Result<(), AdminError> {
        let &room = self.names.get(name).ok_or(AdminError::NoRoom)?;
        let peer = self.rooms.get(&room).and_then(|room| room.by_identity(identity));
        let peer = peer.ok_or(AdminError::NoParticipant)?;
        let unix = Clock::wall();
        let tokens_end = self.peers.get(&peer).map(|peer| peer.tokens_end).unwrap_or_default();
        self.revocations.remove(name, identity, unix, tokens_end.max(unix + REMOVAL_KEPT));
        self.on(room, Input::Remove(peer), now);
        Ok(())
    }

    pub(super) fn change(&mut self, name: &str, change: Box<Change>, now: Instant) -> Result<(), AdminError> {
        let &room = self.names.get(name).ok_or(AdminError::NoRoom)?;
        let machine = self.rooms.get(&room).ok_or(AdminError::NoRoom)?;
        machine.would_take(&change)?;
        self.on(room, Input::Change(change), now);
        Ok(())
    }

    pub(super) fn delete_room(&mut self, name: &str, now: Instant) -> Result<(), AdminError> {
        let &room = self.names.get(name).ok_or(AdminError::NoRoom)?;
        self.on(room, Input::Close(Reason::RoomDeleted), now);
        Ok(())
    }
}
