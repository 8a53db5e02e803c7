//! The site's end of a worker's line: a websocket that tells where the worker is, and breaks when it dies.

use std::time::Duration;

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::wire::{FromSite, FromWorker};
use crate::server::{
    agent::{Reporter, Whereabouts},
    error::ApiError,
    record::{Desk, keep},
    rooms::{Helpers, Post},
    state::AppState,
    storage::Storage,
    token::ApiKey,
};

/// How often the worker is asked whether it is there, and how long it may say nothing: a machine that is gone says so
/// to nobody, and one that stalls is not gone.
const PING_EVERY: Duration = Duration::from_secs(2);
const SILENCE: Duration = Duration::from_secs(10);

/// The largest message, in bytes: words of one sentence, or a caller's message.
const FRAME_MAX_BYTES: usize = 64 * 1024;

/// What the site needs for its workers; without [`Helpers`] the rooms are its own, and it has none.
pub struct Workers {
    /// The room server's key: who has it is one of us.
    pub key: ApiKey,
    /// Where workers are known, if there may be any.
    pub helpers: Option<Helpers>,
    /// Takes their reports.
    pub desk: Desk,
}

/// `GET /api/workers`: the line of a worker, which has a token of the room server's key for agents.
///
/// # Errors
/// 404 where this program carries the rooms itself, 401 without the token.
pub async fn line(
    State(app): State<AppState>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let workers = app.workers();
    let helpers = workers.helpers.as_ref().ok_or(ApiError::NotFound)?;
    let token = headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok()).unwrap_or_default();
    let claims = workers.key.verify(token.strip_prefix("Bearer ").unwrap_or(token));
    if !claims.is_ok_and(|claims| claims.video.agent && claims.video.room.is_empty()) {
        return Err(ApiError::Unsigned);
    }
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.max_message_size(FRAME_MAX_BYTES).max_frame_size(FRAME_MAX_BYTES),
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let line = Line { post: helpers.worker(), desk: workers.desk.clone(), storage: app.storage().clone() };
    Ok(upgrade.on_upgrade(move |socket| line.run(socket)))
}

struct Line {
    post: Post,
    desk: Desk,
    storage: Storage,
}

impl Line {
    async fn run(self, mut socket: WebSocket) {
        tracing::info!("a worker is there");
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silence = Box::pin(tokio::time::sleep(SILENCE));
        loop {
            let answer = tokio::select! {
                // What waits is read before it is said that nothing came.
                biased;
                message = socket.recv() => {
                    silence.set(tokio::time::sleep(SILENCE));
                    match message {
                        Some(Ok(Message::Text(text))) => self.on(&text).await.and_then(written),
                        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => None,
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    }
                }
                _ = pings.tick() => Some(Message::Ping(Default::default())),
                () = &mut silence => break,
            };
            if let Some(answer) = answer
                && !matches!(timeout(SILENCE, socket.send(answer)).await, Ok(Ok(())))
            {
                break;
            }
        }
        tracing::info!("a worker is gone");
    }

    async fn on(&self, text: &str) -> Option<FromSite> {
        let message = serde_json::from_str(text);
        match message.inspect_err(|error| tracing::warn!(%error, "a worker says what is not understood")).ok()? {
            FromWorker::TakesCalls(can) => {
                self.post.takes_calls(can);
                return Some(FromSite::Counts(can));
            }
            FromWorker::In { room, identity } => self.post.is_now(Whereabouts::In { room, identity }),
            FromWorker::Out { room } => self.post.is_now(Whereabouts::Out { room }),
            FromWorker::Told { number, report } => {
                self.desk.report(report);
                return Some(FromSite::Kept(number));
            }
            FromWorker::Mail { number, room, message } => {
                let kept = keep(&self.storage, room.as_ref(), &message).await;
                return Some(if kept.is_ok() { FromSite::Kept(number) } else { FromSite::NotKept(number) });
            }
        }
        None
    }
}

fn written(answer: FromSite) -> Option<Message> {
    Some(Message::Text(serde_json::to_string(&answer).ok()?.into()))
}
