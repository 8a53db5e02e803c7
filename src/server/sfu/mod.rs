//! The embedded room server: it speaks LiveKit's signalling protocol and forwards audio and data between participants.
//!
//! Pure machines decide (`room`, `participant`, `track`, `negotiation`, `forward`, `speakers`); one thread, `driver`, does
//! the IO; `socket` and `service` are its HTTP side. Messages are this server's own until `signal::codec` writes them as LiveKit's.
//! Nothing in here knows of the assistant or of the rest of Frontdesk.

mod admin;
mod admission;
mod command;
mod config;
mod data;
mod demux;
mod driver;
mod fault;
mod forward;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod ids;
mod limits;
mod negotiation;
mod network;
mod participant;
mod peer;
mod quality;
mod responses;
mod revocations;
mod room;
mod service;
mod signal;
mod socket;
mod speakers;
mod stun;
mod track;
mod transport;
mod webhooks;

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use tokio::sync::{
    broadcast,
    mpsc::{self, error::TrySendError},
    oneshot,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    admin::{AdminError, Census, Change, CreateRoom, Happening, ParticipantInfo, RoomEvent, RoomInfo},
    config::SfuConfig,
    ids::{ParticipantSid, RoomSid, TrackSid},
    participant::{Kind, Permission},
    room::RoomOptions,
    signal::{Reason, Source, Stage, TrackRequest, TrackView},
};
use self::{
    command::{Admission, Command, Session},
    driver::Thread,
    fault::Fault,
};
use super::{origin::AllowedOrigins, token::ApiKey};

/// How many commands may wait for the driver; beyond it their senders wait.
const COMMANDS_MAX: usize = 1024;
/// How many events a slow listener may be behind.
const EVENTS_MAX: usize = 1024;

/// A handle to the running room server.
#[derive(Clone, Debug)]
pub struct Sfu {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    commands: mpsc::Sender<Command>,
    events: broadcast::Sender<Arc<RoomEvent>>,
    key: ApiKey,
    origins: Option<AllowedOrigins>,
    media: Vec<SocketAddr>,
    faults: bool,
    tasks: TaskTracker,
}

/// Starts the room server; it runs until `shutdown`.
///
/// # Errors
/// A UDP address that cannot be bound.
pub async fn start(mut config: SfuConfig, key: ApiKey, shutdown: CancellationToken) -> io::Result<Sfu> {
    let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
    let (events, _) = broadcast::channel(EVENTS_MAX);
    for url in std::mem::take(&mut config.webhooks) {
        webhooks::start(url, key.clone(), events.subscribe());
    }
    let (origins, faults) = (config.origins.take(), config.faults);
    let thread = Thread { config, key: key.clone(), events: events.clone(), commands: inbox, shutdown };
    let (media, ended) = thread.start().await?;
    tracing::info!(?media, "room server listens");
    let tasks = TaskTracker::new();
    tasks.spawn(ended);
    Ok(Sfu { inner: Arc::new(Inner { commands, events, key, origins, media, faults, tasks }) })
}

impl Sfu {
    /// The routes of the signalling protocol, `/rtc`, `/rtc/v1` and their `/validate`, and of the room service.
    pub fn router(&self) -> Router {
        socket::router(self.clone()).merge(service::router(self.clone()))
    }

    /// What happens in all rooms from now on.
    pub fn events(&self) -> broadcast::Receiver<Arc<RoomEvent>> {
        self.inner.events.subscribe()
    }

    /// The addresses at which media is announced.
    pub fn media_addresses(&self) -> &[SocketAddr] {
        &self.inner.media
    }

    /// What it does until it has stopped and every client has been told so.
    pub fn tasks(&self) -> &TaskTracker {
        &self.inner.tasks
    }

    /// Opens a room; one that is open stays as it is.
    ///
    /// # Errors
    /// A bad name, or a server that has stopped.
    pub async fn create_room(&self, room: CreateRoom) -> Result<RoomInfo, AdminError> {
        if room.name.is_empty() || !limits::name_fits(&room.name) {
            return Err(AdminError::BadName);
        }
        self.ask(|reply| Command::CreateRoom(room, reply)).await.flatten().ok_or(AdminError::Stopped)
    }

    /// Says what the server holds at this moment.
    ///
    /// # Errors
    /// A server that has stopped.
    pub async fn census(&self) -> Result<Census, AdminError> {
        let held = self.ask(Command::Census).await.ok_or(AdminError::Stopped)?;
        // The driver's own task is not a socket.
        Ok(Census { sockets: self.inner.tasks.len().saturating_sub(1), ..held })
    }

    /// Lists the open rooms.
    ///
    /// # Errors
    /// A server that has stopped.
    pub async fn list_rooms(&self) -> Result<Vec<RoomInfo>, AdminError> {
        self.ask(Command::ListRooms).await.ok_or(AdminError::Stopped)
    }

    /// Lists a room's participants, hidden ones left out.
    ///
    /// # Errors
    /// No such room, or a server that has stopped.
    pub async fn list_participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, AdminError> {
        self.ask(|reply| Command::ListParticipants(room.to_owned(), reply)).await.unwrap_or(Err(AdminError::Stopped))
    }

    /// Shows one participant, hidden or not.
    ///
    /// # Errors
    /// No such room or participant, or a server that has stopped.
    pub async fn participant(&self, room: &str, identity: &str) -> Result<ParticipantInfo, AdminError> {
        let (room, identity) = (room.to_owned(), identity.to_owned());
        self.ask(|reply| Command::GetParticipant { room, identity, reply }).await.unwrap_or(Err(AdminError::Stopped))
    }

    /// Changes something in a room.
    ///
    /// # Errors
    /// No such room or participant, too much of something, or a server that has stopped.
    pub async fn change(&self, room: &str, change: Change) -> Result<(), AdminError> {
        let (room, change) = (room.to_owned(), Box::new(change));
        let changed = self.ask(|reply| Command::Change { room, change, reply }).await;
        changed.unwrap_or(Err(AdminError::Stopped))
    }

    /// Removes a participant; tokens that it had before do not let it in again.
    ///
    /// # Errors
    /// No such room or participant, or a server that has stopped.
    pub async fn remove_participant(&self, room: &str, identity: &str) -> Result<(), AdminError> {
        let (room, identity) = (room.to_owned(), identity.to_owned());
        let removed = self.ask(|reply| Command::RemoveParticipant { room, identity, reply }).await;
        removed.unwrap_or(Err(AdminError::Stopped))
    }

    /// Ends a room for everybody in it.
    ///
    /// # Errors
    /// No such room, or a server that has stopped.
    pub async fn delete_room(&self, room: &str) -> Result<(), AdminError> {
        self.ask(|reply| Command::DeleteRoom(room.to_owned(), reply)).await.unwrap_or(Err(AdminError::Stopped))
    }

    fn key(&self) -> &ApiKey {
        &self.inner.key
    }

    fn origins(&self) -> Option<&AllowedOrigins> {
        self.inner.origins.as_ref()
    }

    /// How somebody asks to be failed, where that is allowed.
    fn fault(&self, admission: &Admission) -> Option<Fault> {
        if self.inner.faults { Fault::of(&admission.claims.attributes) } else { None }
    }

    /// Sends a command; a driver that has stopped takes none, and whoever waits for its answer learns of it there.
    async fn command(&self, command: Command) {
        let _ = self.inner.commands.send(command).await;
    }

    /// Tells the driver of a closed socket from where nothing can be awaited.
    fn closed(&self, session: Session) {
        let Err(TrySendError::Full(command)) = self.inner.commands.try_send(Command::Closed(session)) else { return };
        let sfu = self.clone();
        tokio::spawn(async move { sfu.command(command).await });
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.command(command(reply)).await;
        answer.await.ok()
    }
}
