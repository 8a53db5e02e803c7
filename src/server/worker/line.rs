//! A worker's line to the site: it says where it is, hands in what is to be recorded, and is kept up.
//!
//! What is not answered before the line breaks is told again on the next. Nobody in a call waits for it, but for a caller's
//! message, which is only kept where the site says so.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::sync::CancellationToken;

use super::{
    agent_token,
    wire::{FromSite, FromWorker},
};
use crate::{
    domain::record::{Message, Report, RoomLife},
    server::{
        agent::{CallingCode, Mailbox, MailboxError, SpokenMessage, Whereabouts},
        dial::{Socket, dial},
        record::{Desk, desk, written},
        token::ApiKey,
    },
};

/// The first wait between two tries to reach the site, which doubles, and the longest. The site gives a worker a second
/// to be back.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The site asks every 2 s whether we are there.
const SILENCE: Duration = Duration::from_secs(10);

/// How much may wait for an answer of the site; the rest waits in the desk.
const UNANSWERED_MAX: usize = 1024;

/// Callers' messages that may wait to be handed in.
const LETTERS: usize = 64;

/// How long a caller waits at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the worker says of itself.
#[derive(Debug)]
pub(super) enum Notice {
    /// Whether LiveKit may give it calls.
    TakesCalls(bool),
    /// It is somewhere else than before.
    Is(Whereabouts),
}

/// The worker's side of an open line.
pub(super) struct Handset {
    /// Takes what assistants tell.
    pub(super) desk: Desk,
    /// Takes callers' messages.
    pub(super) letters: mpsc::Sender<Letter>,
    /// Takes what the worker says of itself.
    pub(super) notices: mpsc::UnboundedSender<Notice>,
}

/// A caller's message on its way.
pub(super) struct Letter {
    room: Option<RoomLife>,
    message: Message,
    is_kept: oneshot::Sender<bool>,
}

/// The line.
pub(super) struct Line {
    url: String,
    key: ApiKey,
    reports: mpsc::Receiver<Report>,
    letters: mpsc::Receiver<Letter>,
    notices: mpsc::UnboundedReceiver<Notice>,
    takes_calls: bool,
    rooms: BTreeMap<String, String>,
    unanswered: BTreeMap<u64, Unanswered>,
    last_number: u64,
    finish: CancellationToken,
}

struct Unanswered {
    told: FromWorker,
    is_kept: Option<oneshot::Sender<bool>>,
}

/// The line broke.
struct Broken;

impl Line {
    /// Makes one to the site at `url`, `ws://` or `wss://`, which knows workers by `key`. It ends after `finish`, once the site
    /// has answered everything.
    pub(super) fn new(url: String, key: ApiKey, finish: CancellationToken) -> (Self, Handset) {
        let (desk, reports) = desk();
        let (letters, letters_in) = mpsc::channel(LETTERS);
        let (notices, notices_in) = mpsc::unbounded_channel();
        let line = Self {
            url,
            key,
            reports,
            letters: letters_in,
            notices: notices_in,
            takes_calls: false,
            rooms: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            last_number: 0,
            finish,
        };
        (line, Handset { desk, letters, notices })
    }

    /// Keeps the line up until it is finished.
    pub(super) async fn run(mut self) {
        let mut wait = FIRST_WAIT;
        while !self.is_finished() {
            match self.open().await {
                Ok(mut socket) => {
                    tracing::info!(site = self.url, "the site is reached");
                    wait = FIRST_WAIT;
                    if self.serve(&mut socket).await.is_ok() {
                        let _ = timeout(SILENCE, socket.close(None)).await;
                        return;
                    }
                    tracing::warn!(site = self.url, "the line to the site broke");
                }
                Err(error) => {
                    if wait == LONGEST_WAIT {
                        tracing::debug!(site = self.url, %error, "the site is not reached");
                    } else {
                        tracing::warn!(site = self.url, %error, "the site is not reached; calls go on unrecorded");
                    }
                }
            }
            sleep(wait).await;
            wait = (2 * wait).min(LONGEST_WAIT);
        }
    }

    async fn open(&self) -> anyhow::Result<Socket> {
        Ok(dial(&self.url, &agent_token(&self.key)?).await?)
    }

    fn is_finished(&self) -> bool {
        self.finish.is_cancelled() && self.reports.is_empty() && self.unanswered.is_empty()
    }

    /// Serves an open line until it is finished.
    async fn serve(&mut self, socket: &mut Socket) -> Result<(), Broken> {
        self.greet(socket).await?;
        while !self.is_finished() {
            let has_room = self.unanswered.len() < UNANSWERED_MAX;
            tokio::select! {
                frame = timeout(SILENCE, socket.next()) => match frame {
                    Ok(Some(Ok(Frame::Text(text)))) => self.on_answer(&text),
                    Ok(Some(Ok(Frame::Close(_)) | Err(_)) | None) | Err(_) => return Err(Broken),
                    // The library answers the site's pings.
                    Ok(Some(Ok(_))) => {}
                },
                Some(notice) = self.notices.recv() => {
                    let told = self.on_notice(notice);
                    send(socket, &told).await?;
                }
                Some(letter) = self.letters.recv() => {
                    let Letter { room, message, is_kept } = letter;
                    self.tell(socket, Some(is_kept), |number| FromWorker::Mail { number, room, message }).await?;
                }
                Some(report) = self.reports.recv(), if has_room => {
                    self.tell(socket, None, |number| FromWorker::Told { number, report }).await?;
                }
                () = self.finish.cancelled(), if !self.finish.is_cancelled() => {}
            }
        }
        Ok(())
    }

    /// Says how things stand, and what was not answered before.
    async fn greet(&mut self, socket: &mut Socket) -> Result<(), Broken> {
        while let Ok(notice) = self.notices.try_recv() {
            self.on_notice(notice);
        }
        send(socket, &FromWorker::TakesCalls(self.takes_calls)).await?;
        for (room, identity) in &self.rooms {
            send(socket, &FromWorker::In { room: room.clone(), identity: identity.clone() }).await?;
        }
        // A caller who was told that it failed does not leave a message after all.
        self.unanswered.retain(|_, one| !one.is_kept.as_ref().is_some_and(oneshot::Sender::is_closed));
        for one in self.unanswered.values() {
            send(socket, &one.told).await?;
        }
        Ok(())
    }

    fn on_notice(&mut self, notice: Notice) -> FromWorker {
        match notice {
            Notice::TakesCalls(can) => {
                self.takes_calls = can;
                FromWorker::TakesCalls(can)
            }
            Notice::Is(Whereabouts::In { room, identity }) => {
                self.rooms.insert(room.clone(), identity.clone());
                FromWorker::In { room, identity }
            }
            Notice::Is(Whereabouts::Out { room }) => {
                self.rooms.remove(&room);
                FromWorker::Out { room }
            }
        }
    }

    fn on_answer(&mut self, text: &str) {
        let (number, is_kept) = match serde_json::from_str(text) {
            Ok(FromSite::Counts(takes_calls)) => return tracing::info!(takes_calls, "the site counts on this worker"),
            Ok(FromSite::Kept(number)) => (number, true),
            Ok(FromSite::NotKept(number)) => (number, false),
            Err(error) => return tracing::warn!(%error, "the site says what is not understood"),
        };
        if let Some(Unanswered { is_kept: Some(reply), .. }) = self.unanswered.remove(&number) {
            let _ = reply.send(is_kept);
        }
    }

    async fn tell(
        &mut self,
        socket: &mut Socket,
        is_kept: Option<oneshot::Sender<bool>>,
        told: impl FnOnce(u64) -> FromWorker,
    ) -> Result<(), Broken> {
        self.last_number += 1;
        let told = told(self.last_number);
        let sent = send(socket, &told).await;
        self.unanswered.insert(self.last_number, Unanswered { told, is_kept });
        sent
    }
}

async fn send(socket: &mut Socket, told: &FromWorker) -> Result<(), Broken> {
    let text = serde_json::to_string(told).map_err(|_| Broken)?;
    match timeout(SILENCE, socket.send(Frame::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Broken),
    }
}

/// The mailbox of a worker: the site's, at the other end of the line.
pub(super) struct RemoteMail {
    /// To the line.
    pub(super) letters: mpsc::Sender<Letter>,
    /// Completes numbers without a country.
    pub(super) calling_code: Option<CallingCode>,
}

#[async_trait]
impl Mailbox for RemoteMail {
    async fn take(&self, room: Option<&RoomLife>, message: SpokenMessage) -> Result<(), MailboxError> {
        let message = written(message, self.calling_code.as_ref())?;
        let (is_kept, reply) = oneshot::channel();
        let letter = Letter { room: room.cloned(), message, is_kept };
        self.letters.try_send(letter).map_err(|_| MailboxError::Unavailable)?;
        match timeout(PATIENCE, reply).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false) | Err(_)) | Err(_) => {
                tracing::error!("a message could not be kept: the site does not answer for it");
                Err(MailboxError::Unavailable)
            }
        }
    }
}
