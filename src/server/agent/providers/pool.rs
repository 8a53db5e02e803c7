//! Websockets that stand open between two uses, so that neither a question nor an answer waits for a handshake.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{runtime::Handle, sync::oneshot, task::JoinHandle};
use tokio_tungstenite::tungstenite::Message;

use super::{
    ProviderError,
    web::{Door, Socket},
};

/// Sockets that stand open without being used; more are closed when they come back.
const IDLE_MAX: usize = 8;

/// How long one stands open unused: longer than anybody listens or thinks.
const IDLE_FOR: Duration = Duration::from_secs(150);

/// How often an idle socket says that it is alive: Deepgram closes after 10 s without a word and asks for one each 3 to 5 s.
const BEAT: Duration = Duration::from_secs(4);

/// The sockets to one address.
pub(in crate::server::agent) struct Pool {
    door: Door,
    /// What an idle socket says to be kept open.
    beat: Option<&'static str>,
    idle: Mutex<Vec<Idle>>,
}

/// A socket in the care of a task, which hands it over when it is wanted.
struct Idle {
    wanted: oneshot::Sender<()>,
    kept: JoinHandle<Option<Socket>>,
}

impl Pool {
    /// Opens nothing yet.
    pub(in crate::server::agent) fn new(door: Door, beat: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self { door, beat, idle: Mutex::default() })
    }

    /// Opens a socket in the background, unless one stands open.
    pub(in crate::server::agent) fn warm(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.idle().iter().any(|idle| !idle.kept.is_finished()) {
            return;
        }
        let pool = self.clone();
        runtime.spawn(async move {
            match pool.door.open().await {
                Ok(socket) => pool.keep(socket),
                Err(error) => tracing::debug!(%error, "no connection was opened ahead of time"),
            }
        });
    }

    /// Lends a socket: an idle one, or a new one.
    ///
    /// # Errors
    /// A provider that cannot be reached in time, or that refuses.
    pub(in crate::server::agent) async fn take(self: &Arc<Self>) -> Result<Lease, ProviderError> {
        loop {
            let idle = self.idle().pop();
            let Some(Idle { wanted, kept }) = idle else { break };
            if wanted.send(()).is_ok()
                && let Ok(Some(socket)) = kept.await
            {
                return Ok(Lease { socket: Some(socket), pool: self.clone() });
            }
        }
        Ok(Lease { socket: Some(self.door.open().await?), pool: self.clone() })
    }

    fn keep(&self, socket: Socket) {
        let mut idle = self.idle();
        idle.retain(|idle| !idle.kept.is_finished());
        if idle.len() < IDLE_MAX {
            let (wanted, asked) = oneshot::channel();
            idle.push(Idle { wanted, kept: tokio::spawn(keep(socket, self.beat, asked)) });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a socket open until it is wanted; none if it closes before, or is not wanted for long.
async fn keep(mut socket: Socket, beat: Option<&'static str>, mut wanted: oneshot::Receiver<()>) -> Option<Socket> {
    let mut beats = tokio::time::interval(BEAT);
    let unused = tokio::time::sleep(IDLE_FOR);
    tokio::pin!(unused);
    loop {
        tokio::select! {
            biased;
            asked = &mut wanted => return asked.ok().map(|()| socket),
            () = &mut unused => {
                socket.close(None).await.ok();
                return None;
            }
            _ = beats.tick(), if beat.is_some() => {
                socket.send(Message::text(beat.unwrap_or_default())).await.ok()?;
            }
            message = socket.next() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                // What an earlier use has left.
                Some(Ok(_)) => {}
            },
        }
    }
}

/// A socket on loan. Whoever drops it without giving it back closes it, and the pool opens another.
pub(in crate::server::agent) struct Lease {
    socket: Option<Socket>,
    pool: Arc<Pool>,
}

impl Lease {
    /// Gives the socket back for the next use; nothing of this one may still be under way on it.
    pub(in crate::server::agent) fn give_back(mut self) {
        if let Some(socket) = self.socket.take() {
            self.pool.keep(socket);
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// A connection that is closed.
    pub(in crate::server::agent) async fn send(&mut self, message: impl Into<Message>) -> Result<(), ProviderError> {
        Ok(self.socket().send(message.into()).await?)
    }

    /// Waits for the next text, passing over all else.
    ///
    /// # Errors
    /// A connection that is closed.
    pub(in crate::server::agent) async fn text(&mut self) -> Result<String, ProviderError> {
        loop {
            match self.socket().next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    let reason = frame.map(|frame| format!("closed with code {}", u16::from(frame.code)));
                    return Err(ProviderError::Broken(reason.unwrap_or_else(|| "closed".to_owned())));
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(ProviderError::Broken("the connection ended".to_owned())),
            }
        }
    }

    fn socket(&mut self) -> &mut Socket {
        self.socket.as_mut().expect("the socket is there until the lease is over")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            drop(socket);
            self.pool.warm();
        }
    }
}
