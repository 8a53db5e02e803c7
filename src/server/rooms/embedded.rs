//! Rooms on the room server in this process.

use std::{collections::HashSet, sync::Arc};

use async_trait::async_trait;
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{NewRoom, Participant, Room, Rooms, RoomsError, WAITING_ROOMS};
use crate::server::{
    calls::RoomType,
    sfu::{AdminError, CreateRoom, Happening, Kind, ParticipantInfo, RoomEvent, RoomInfo, RoomOptions, Sfu},
};

/// The embedded server's rooms.
pub struct EmbeddedRooms {
    sfu: Sfu,
}

impl EmbeddedRooms {
    /// Administers the rooms of `sfu`; gives the names of rooms that need an assistant, each as it opens.
    pub fn new(sfu: Sfu, shutdown: CancellationToken) -> (Self, mpsc::Receiver<String>) {
        let (starts, rooms) = mpsc::channel(WAITING_ROOMS);
        let watch = Watch { events: sfu.events(), sfu: sfu.clone(), open: HashSet::new(), starts };
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
        let defaults = RoomOptions::default();
        let or = |wanted: u32, default: u32| if wanted == 0 { default } else { wanted };
        let options = RoomOptions {
            empty_timeout_s: or(room.empty_timeout_s, defaults.empty_timeout_s),
            departure_timeout_s: or(room.departure_timeout_s, defaults.departure_timeout_s),
            max_participants: room.max_participants,
            metadata: room.metadata,
        };
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
}

/// Follows which support rooms are open, and passes each one's name on when it opens.
struct Watch {
    sfu: Sfu,
    events: broadcast::Receiver<Arc<RoomEvent>>,
    open: HashSet<String>,
    starts: mpsc::Sender<String>,
}

impl Watch {
    async fn run(mut self) {
        loop {
            match self.events.recv().await {
                Ok(event) => match &event.what {
                    Happening::RoomStarted => self.started(event.room.name.clone()).await,
                    Happening::RoomFinished => drop(self.open.remove(&event.room.name)),
                    Happening::ParticipantJoined(_)
                    | Happening::ParticipantLeft(_)
                    | Happening::ParticipantAborted(_)
                    | Happening::TrackPublished(..)
                    | Happening::TrackUnpublished(..) => {}
                },
                Err(broadcast::error::RecvError::Lagged(missed)) => self.catch_up(missed).await,
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    async fn started(&mut self, room: String) {
        if room.starts_with(RoomType::Support.prefix()) && self.open.insert(room.clone()) {
            // Nobody waits at the other end where the assistant is switched off.
            let _ = self.starts.send(room).await;
        }
    }

    async fn catch_up(&mut self, missed: u64) {
        tracing::warn!(missed, "events of rooms were missed; reading which are open");
        let Ok(rooms) = self.sfu.list_rooms().await else { return };
        let names: HashSet<String> = rooms.into_iter().map(|room| room.name).collect();
        self.open.retain(|room| names.contains(room));
        for room in names {
            self.started(room).await;
        }
    }
}

impl From<RoomInfo> for Room {
    fn from(room: RoomInfo) -> Self {
        let sid = room.sid.to_string();
        Self { name: room.name, sid, metadata: room.metadata, participants: room.participants }
    }
}

impl From<ParticipantInfo> for Participant {
    fn from(info: ParticipantInfo) -> Self {
        let sid = info.sid.to_string();
        Self { identity: info.identity, sid, name: info.name, is_agent: info.kind == Kind::Agent }
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
