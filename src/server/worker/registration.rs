//! A worker's place among those of a LiveKit server: the socket `/agent`, kept up while there are calls to take or to end.
//!
//! A call does not depend on it: it goes on while the server that gave it is away.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime},
};

use futures_util::{SinkExt, StreamExt};
use livekit_protocol::{ServerMessage, WorkerMessage, WorkerPing, worker_message};
use prost::Message as _;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::sync::CancellationToken;

use super::{
    agent_token,
    jobs::{Input, Jobs, Output},
    line::Notice,
};
use crate::server::{
    agent::{Summons, Whereabouts},
    config::PublicUrl,
    dial::{Socket, dial},
    token::ApiKey,
};

/// The version of the workers' protocol: livekit-server 1.13 has one.
const PROTOCOL: u32 = 1;

/// The first wait between two tries to register, which doubles, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// How often the server is pinged, and how long it may say nothing.
const PING_EVERY: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(30);

/// Whom the worker's doings concern.
pub(super) struct Ties {
    /// Calls the assistant into rooms.
    pub(super) summons: mpsc::Sender<Summons>,
    /// Tells where it is.
    pub(super) whereabouts: mpsc::UnboundedReceiver<Whereabouts>,
    /// Is told how the worker stands.
    pub(super) notices: mpsc::UnboundedSender<Notice>,
    /// Cancelled when no more calls are to be taken.
    pub(super) drain: CancellationToken,
}

/// The place.
pub(super) struct Registration {
    url: String,
    key: ApiKey,
    jobs: Jobs,
    ties: Ties,
    /// What ends the call in each room.
    calls: HashMap<String, CancellationToken>,
    takes_calls: bool,
    is_draining: bool,
    start: Instant,
    wait: Duration,
}

/// The connection is lost.
struct Lost;

impl Registration {
    /// Will register for `jobs` with the server at `url`, whose key it has.
    pub(super) fn new(url: &PublicUrl, key: ApiKey, jobs: Jobs, ties: Ties) -> Self {
        Self {
            url: format!("{}/agent?protocol={PROTOCOL}", url.as_str()),
            key,
            jobs,
            ties,
            calls: HashMap::new(),
            takes_calls: false,
            is_draining: false,
            start: Instant::now(),
            wait: FIRST_WAIT,
        }
    }

    /// Takes calls until it is drained and the last of them is over.
    pub(super) async fn run(mut self) {
        while !self.jobs.is_done() {
            match self.open().await {
                Ok(mut socket) => {
                    if self.serve(&mut socket).await.is_ok() {
                        let _ = timeout(SILENCE, socket.close(None)).await;
                        return;
                    }
                    tracing::warn!(server = self.url, "the LiveKit server is lost");
                    self.on(Input::Disconnected);
                }
                Err(error) => tracing::warn!(server = self.url, %error, "no place with the LiveKit server"),
            }
            self.pause().await;
            self.wait = (2 * self.wait).min(LONGEST_WAIT);
        }
    }

    async fn open(&self) -> anyhow::Result<Socket> {
        Ok(dial(&self.url, &agent_token(&self.key)?).await?)
    }

    /// Serves a connection until there is nothing left to do.
    async fn serve(&mut self, socket: &mut Socket) -> Result<(), Lost> {
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silence = Box::pin(sleep(SILENCE));
        let mut outputs = self.on(Input::Connected);
        loop {
            for output in outputs.drain(..) {
                self.act(output, socket).await?;
            }
            if self.jobs.is_done() {
                return Ok(());
            }
            outputs = tokio::select! {
                frame = socket.next() => {
                    silence.set(sleep(SILENCE));
                    match frame {
                        Some(Ok(Frame::Binary(bytes))) => self.on_frame(&bytes),
                        Some(Ok(Frame::Close(_)) | Err(_)) | None => return Err(Lost),
                        // The library answers the server's pings.
                        Some(Ok(_)) => Vec::new(),
                    }
                }
                Some(whereabouts) = self.ties.whereabouts.recv() => self.on_whereabouts(whereabouts),
                () = self.ties.drain.cancelled(), if !self.is_draining => self.drain(),
                _ = pings.tick() => vec![Output::Send(ping())],
                () = &mut silence => return Err(Lost),
            };
        }
    }

    /// Waits before the next try, and follows the calls meanwhile.
    async fn pause(&mut self) {
        let mut pause = Box::pin(sleep(self.wait));
        while !self.jobs.is_done() {
            tokio::select! {
                () = &mut pause => return,
                Some(whereabouts) = self.ties.whereabouts.recv() => drop(self.on_whereabouts(whereabouts)),
                () = self.ties.drain.cancelled(), if !self.is_draining => drop(self.drain()),
            }
        }
    }

    fn on(&mut self, input: Input) -> Vec<Output> {
        let outputs = self.jobs.on(input, self.start.elapsed());
        if self.takes_calls != self.jobs.takes_calls() {
            self.takes_calls = !self.takes_calls;
            tracing::info!(takes_calls = self.takes_calls, "the worker's standing");
            let _ = self.ties.notices.send(Notice::TakesCalls(self.takes_calls));
            self.wait = FIRST_WAIT;
        }
        outputs
    }

    fn on_frame(&mut self, bytes: &[u8]) -> Vec<Output> {
        match ServerMessage::decode(bytes) {
            Ok(ServerMessage { message: Some(message) }) => self.on(Input::Server(message)),
            // A newer server may say what this program does not know.
            Ok(ServerMessage { message: None }) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "the LiveKit server says what is not understood");
                Vec::new()
            }
        }
    }

    fn on_whereabouts(&mut self, whereabouts: Whereabouts) -> Vec<Output> {
        let over = match &whereabouts {
            Whereabouts::In { .. } => None,
            Whereabouts::Out { room } => Some(room.clone()),
        };
        let _ = self.ties.notices.send(Notice::Is(whereabouts));
        let Some(room) = over else { return Vec::new() };
        self.calls.remove(&room);
        self.on(Input::Over(room))
    }

    fn drain(&mut self) -> Vec<Output> {
        self.is_draining = true;
        self.on(Input::Drain)
    }

    async fn act(&mut self, output: Output, socket: &mut Socket) -> Result<(), Lost> {
        match output {
            Output::Send(message) => {
                let bytes = WorkerMessage { message: Some(message) }.encode_to_vec();
                match timeout(SILENCE, socket.send(Frame::binary(bytes))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return Err(Lost),
                }
            }
            Output::Join { room, identity, is_back } => {
                let until = CancellationToken::new();
                self.calls.insert(room.clone(), until.clone());
                let summons = Summons { room, identity: Some(identity), is_back, until };
                // The assistant outlives its registration.
                let _ = self.ties.summons.send(summons).await;
            }
            Output::Leave(room) => {
                if let Some(call) = self.calls.get(&room) {
                    call.cancel();
                }
            }
            Output::Reconnect => return Err(Lost),
        }
        Ok(())
    }
}

fn ping() -> worker_message::Message {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    worker_message::Message::Ping(WorkerPing { timestamp: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX) })
}
