//! Rooms on the room server in this process.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    NewRoom, Participant, Room, Rooms, RoomsError, WAITING_ROOMS,
    dispatch::{Dispatch, Present},
    facts::{member_kind, ms},
    is_support,
};
use crate::{
    domain::record::StandingRoom,
    server::{
        agent::Summons,
        sfu::{AdminError, CreateRoom, Happening, Kind, ParticipantInfo, RoomEvent, RoomInfo, RoomOptions, Sfu, Stage},
    },
};

/// The embedded server's rooms.
pub struct EmbeddedRooms {
    sfu: Sfu,
}

impl EmbeddedRooms {
    /// Administers the rooms of `sfu`; gives summons to the rooms that need an assistant, each as it opens and whenever
    /// somebody is in it alone.
    pub fn new(sfu: Sfu, shutdown: CancellationToken) -> (Self, mpsc::Receiver<Summons>) {
        let (starts, rooms) = mpsc::channel(WAITING_ROOMS);
        let watch = Watch { events: sfu.events(), sfu: sfu.clone(), dispatch: Dispatch::default(), starts };
        tokio::spawn(async move {
            tokio::select! {
                () = watch.run() => {}
                () = shutdown.cancelled() => {}
            }
        });
        (Self { sfu }, rooms)
    }
}

#[async_trait]
impl Rooms for EmbeddedRooms {
    async fn create(&self, room: NewRoom) -> Result<Room, RoomsError> {
        let options = RoomOptions {
            empty_timeout_s: room.empty_timeout_s,
            departure_timeout_s: room.departure_timeout_s,
            max_participants: room.max_participants,
            metadata: room.metadata,
        }
        .or_defaults();
        Ok(self.sfu.create_room(CreateRoom { name: room.name, options }).await?.into())
    }

    async fn list(&self) -> Result<Vec<Room>, RoomsError> {
        Ok(self.sfu.list_rooms().await?.into_iter().map(Room::from).collect())
    }

    async fn participants(&self, room: &str) -> Result<Vec<Participant>, RoomsError> {
        Ok(self.sfu.list_participants(room).await?.into_iter().map(Participant::from).collect())
    }

    async fn remove(&self, room: &str, identity: &str) -> Result<(), RoomsError> {
        Ok(self.sfu.remove_participant(room, identity).await?)
    }

    async fn delete(&self, room: &str) -> Result<(), RoomsError> {
        Ok(self.sfu.delete_room(room).await?)
    }

    /// The room says itself when it opens.
    fn expect(&self, _room: &str) {}

    /// What happens in the rooms is told as it happens.
    fn seen(&self, _standing: &[StandingRoom]) {}
}

/// Follows the support rooms, and passes on the names of those that need an assistant.
struct Watch {
    sfu: Sfu,
    events: broadcast::Receiver<Arc<RoomEvent>>,
    dispatch: Dispatch,
    starts: mpsc::Sender<Summons>,
}

impl Watch {
    async fn run(mut self) {
        loop {
            match self.events.recv().await {
                Ok(event) if is_support(&event.room.name) => {
                    if self.on(&event) {
                        self.send(event.room.name.clone()).await;
                    }
                }
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(missed)) => self.catch_up(missed).await,
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    /// Takes what happened in a support room; whether to send an assistant.
    fn on(&mut self, RoomEvent { room, at, what }: &RoomEvent) -> bool {
        let (name, sid) = (&room.name, &room.sid);
        match what {
            Happening::RoomStarted => self.dispatch.opened(name, sid, *at),
            Happening::RoomFinished => {
                self.dispatch.closed(name, sid);
                false
            }
            Happening::ParticipantJoined(who) => match who.kind {
                Kind::Standard => self.dispatch.person_joined(name, sid, *at),
                Kind::Agent => {
                    self.dispatch.assistant_joined(name, sid, &who.sid);
                    false
                }
            },
            Happening::ParticipantLeft(who) => {
                self.dispatch.assistant_left(name, &who.sid);
                false
            }
            Happening::ParticipantAborted(_) | Happening::TrackPublished(..) | Happening::TrackUnpublished(..) => false,
        }
    }

    async fn send(&self, room: String) {
        // Nobody waits at the other end where the assistant is switched off.
        let _ = self.starts.send(Summons::to(room)).await;
    }

    async fn catch_up(&mut self, missed: u64) {
        tracing::warn!(missed, "events of rooms were missed; reading who is where");
        let Ok(rooms) = self.sfu.list_rooms().await else { return };
        self.dispatch.retain(&rooms.iter().map(|room| room.sid.clone()).collect::<HashSet<_>>());
        for room in rooms.into_iter().filter(|room| is_support(&room.name)) {
            let Ok(participants) = self.sfu.list_participants(&room.name).await else { continue };
            let there = present(participants);
            if self.dispatch.seen(&room.name, &room.sid, there, since_epoch()) {
                self.send(room.name).await;
            }
        }
    }
}

/// Those whose media is up.
fn present(participants: Vec<ParticipantInfo>) -> Present {
    let mut present = Present::default();
    for participant in participants.into_iter().filter(|participant| participant.stage == Stage::Active) {
        match participant.kind {
            Kind::Standard => present.has_person = true,
            Kind::Agent => drop(present.assistants.insert(participant.sid)),
        }
    }
    present
}

fn since_epoch() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

impl From<RoomInfo> for Room {
    fn from(room: RoomInfo) -> Self {
        let sid = room.sid.to_string();
        let opened_ms = ms(room.created);
        Self { name: room.name, sid, metadata: room.metadata, participants: room.participants, opened_ms }
    }
}

impl From<ParticipantInfo> for Participant {
    fn from(info: ParticipantInfo) -> Self {
        Self {
            sid: info.sid.to_string(),
            kind: member_kind(info.kind),
            is_active: info.stage == Stage::Active,
            joined_ms: ms(info.joined),
            identity: info.identity,
            name: info.name,
        }
    }
}

impl From<AdminError> for RoomsError {
    fn from(error: AdminError) -> Self {
        match error {
            AdminError::NoRoom | AdminError::NoParticipant => Self::NotFound,
            AdminError::BadName | AdminError::LongName | AdminError::TooMuch | AdminError::Stopped => {
                Self::Failed(error.to_string())
            }
        }
    }
}
