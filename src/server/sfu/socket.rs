//! The signal socket: HTTP's side of joining, and the pump between a websocket and the driver.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{
        Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse, Response as HttpResponse},
    routing::get,
};
use tokio::{sync::oneshot, time::timeout};

use super::{
    Sfu,
    admission::{Path, Rejection},
    command::{Command, Session},
    fault::{self, Act, Fault},
    responses::{self, Inbox},
    signal::{
        PING_TIMEOUT_S, Request, codec,
        join::{Entry, Query as JoinQuery},
    },
};

/// The largest frame that a client may send, in bytes; livekit-server has the same bound.
const FRAME_MAX_BYTES: usize = 2 * 1024 * 1024;
/// What is read of a socket at once, in bytes. Most messages are small, and the usual 128 KiB for each participant would be
/// a quarter of what a large room takes.
const READ_BUFFER_BYTES: usize = 8 * 1024;
/// How long a client may leave a message unread: livekit-server's ping timeout.
const WRITE_TIMEOUT: Duration = Duration::from_secs(PING_TIMEOUT_S as u64);

/// The routes of the signalling protocol, all of them open to every page by CORS: the token decides.
pub fn router(sfu: Sfu) -> Router {
    Router::new()
        .route("/rtc", get(open_v0))
        .route("/rtc/v1", get(open_v1))
        .route("/rtc/validate", get(validate_v0))
        .route("/rtc/v1/validate", get(validate_v1))
        .layer(map_response(allow_every_page))
        .with_state(sfu)
}

async fn allow_every_page(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

async fn open_v0(
    State(sfu): State<Sfu>,
    headers: HeaderMap,
    Query(query): Query<JoinQuery>,
    upgrade: Upgrade,
) -> HttpResponse {
    open(sfu, &headers, &query, Path::V0, upgrade).await.unwrap_or_else(IntoResponse::into_response)
}

async fn open_v1(
    State(sfu): State<Sfu>,
    headers: HeaderMap,
    Query(query): Query<JoinQuery>,
    upgrade: Upgrade,
) -> HttpResponse {
    open(sfu, &headers, &query, Path::V1, upgrade).await.unwrap_or_else(IntoResponse::into_response)
}

async fn validate_v0(State(sfu): State<Sfu>, headers: HeaderMap, Query(query): Query<JoinQuery>) -> HttpResponse {
    validate(sfu, &headers, &query, Path::V0).await.into_response()
}

async fn validate_v1(State(sfu): State<Sfu>, headers: HeaderMap, Query(query): Query<JoinQuery>) -> HttpResponse {
    validate(sfu, &headers, &query, Path::V1).await.into_response()
}

async fn validate(
    sfu: Sfu,
    headers: &HeaderMap,
    query: &JoinQuery,
    path: Path,
) -> Result<(StatusCode, &'static str), Rejection> {
    let (admission, _) = sfu.admit(headers, query, path)?;
    if let Some((status, words)) = sfu.fault(&admission).and_then(Fault::at_the_door) {
        return Ok((status, words));
    }
    sfu.ask(|reply| Command::Check { admission, reply }).await.ok_or(Rejection::Stopped)??;
    Ok((StatusCode::OK, "success"))
}

async fn open(
    sfu: Sfu,
    headers: &HeaderMap,
    query: &JoinQuery,
    path: Path,
    upgrade: Upgrade,
) -> Result<HttpResponse, Rejection> {
    sfu.check_origin(headers)?;
    let (admission, entry) = sfu.admit(headers, query, path)?;
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(FRAME_MAX_BYTES)
            .max_frame_size(FRAME_MAX_BYTES),
        Err(rejection) => return Ok(rejection.into_response()),
    };
    let fault = sfu.fault(&admission);
    if let Some(refusal) = fault.and_then(Fault::at_the_door) {
        return Ok(refusal.into_response());
    }
    let tasks = sfu.tasks().clone();
    if let Some(act) = fault.and_then(|fault| fault.at_first(matches!(entry, Entry::Resume(_)))) {
        return Ok(upgrade.on_upgrade(move |socket| tasks.track_future(play(socket, act))));
    }
    let (responses, inbox) = responses::channel();
    let (reply, session) = oneshot::channel();
    sfu.command(Command::Enter { admission, entry, responses, reply }).await;
    let session = session.await.map_err(|_| Rejection::Stopped)??;
    let guard = session.map(|session| Guard { sfu, session });
    Ok(upgrade.on_upgrade(move |mut socket| {
        tasks.track_future(async move {
            match fault {
                None => pump(&mut socket, inbox, guard).await,
                Some(fault) => spoil(fault, socket, inbox, guard).await,
            }
        })
    }))
}

/// A session's hold on its socket: whatever ends the socket, the driver hears of it.
struct Guard {
    sfu: Sfu,
    session: Session,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.sfu.closed(self.session);
    }
}

/// How many messages a client may send at once, and how many more each second: a browser that joins a room of a hundred
/// sends some hundred, and hardly any afterwards.
const BURST: f64 = 400.0;
const PER_SECOND: f64 = 50.0;

/// How much a client has said lately; one that says more than it may is read more slowly.
struct Pace {
    left: f64,
    at: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Counts a message; gives how long to wait before the next is read.
    fn count(&mut self, now: Instant) -> Duration {
        let earned = now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.left = (self.left + earned).min(BURST) - 1.0;
        self.at = now;
        Duration::from_secs_f64((-self.left).max(0.0) / PER_SECOND)
    }
}

/// Does one thing on a socket that has no session.
async fn play(mut socket: WebSocket, act: Act) {
    match act {
        Act::Nothing => {}
        Act::Leave(action) => {
            let frame = Message::Binary(codec::encode(fault::leave(action)).into());
            let _ = timeout(WRITE_TIMEOUT, socket.send(frame)).await;
        }
        Act::Close => return fail(&mut socket).await,
        Act::Drop => return,
    }
    let _ = timeout(WRITE_TIMEOUT, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}

/// Closes a socket as a server does that has failed.
async fn fail(socket: &mut WebSocket) {
    let frame = CloseFrame { code: close_code::ERROR, reason: "".into() };
    let _ = timeout(WRITE_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
}

/// [`pump`] with a fault in it.
async fn spoil(fault: Fault, mut socket: WebSocket, mut inbox: Inbox, guard: Option<Guard>) {
    let (passed, spoiled) = responses::channel();
    let mut act = fault.once_connected();
    {
        let mut pump = pin!(pump(&mut socket, spoiled, guard));
        let mut due = pin!(tokio::time::sleep(fault::CONNECTED_DELAY));
        loop {
            let passes = tokio::select! {
                () = &mut pump => return,
                response = inbox.recv() => match response {
                    Some(response) if fault.swallows(&response) => Ok(()),
                    Some(response) => passed.send(response),
                    None => break,
                },
                () = &mut due, if act.is_some() => match act.take() {
                    Some(Act::Leave(action)) => passed.send(fault::leave(action)),
                    Some(Act::Close) => { act = Some(Act::Close); break }
                    Some(Act::Drop) => return,
                    Some(Act::Nothing) | None => Ok(()),
                },
            };
            if passes.is_err() {
                return;
            }
        }
        if act != Some(Act::Close) {
            drop(passed);
            return pump.await;
        }
    }
    fail(&mut socket).await;
}

async fn pump(socket: &mut WebSocket, mut inbox: Inbox, guard: Option<Guard>) {
    let mut pace = Pace::new(Instant::now());
    let mut slow = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        tokio::select! {
            response = inbox.recv() => {
                let Some(response) = response else {
                    // The driver let go of the session: everything that it said is sent.
                    let frame = CloseFrame { code: close_code::NORMAL, reason: "".into() };
                    let _ = timeout(WRITE_TIMEOUT, socket.send(Message::Close(Some(frame)))).await;
                    return;
                };
                let frame = Message::Binary(codec::encode(response).into());
                let Ok(Ok(())) = timeout(WRITE_TIMEOUT, socket.send(frame)).await else { return };
            }
            message = async { slow.as_mut().await; socket.recv().await } => {
                let Some(Ok(message)) = message else { return };
                let wait = pace.count(Instant::now());
                slow.set(tokio::time::sleep(wait));
                let Some(guard) = &guard else { continue };
                match request(&message) {
                    Ok(Some(request)) => {
                        guard.sfu.command(Command::Request(guard.session, Box::new(request))).await;
                    }
                    Ok(None) => {}
                    Err(error) => return tracing::info!(%error, "the signal socket is closed"),
                }
            }
        }
    }
}

/// Reads a frame; one of the socket's own is `None`.
///
/// # Errors
/// A frame that is no message of the protocol.
pub(super) fn request(message: &Message) -> Result<Option<Request>, codec::CodecError> {
    match message {
        Message::Binary(frame) => codec::decode(frame).map(Some),
        Message::Text(frame) => codec::decode_json(frame).map(Some),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) => Ok(None),
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> HttpResponse {
        let status = match &self {
            Self::NoToken | Self::BadToken(_) => StatusCode::UNAUTHORIZED,
            // livekit-server answers so, in the words of Twirp.
            Self::NoGrant => {
                let body = r#"{"code":"unauthenticated","msg":"permissions denied"}"#;
                return (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "application/json")], body).into_response();
            }
            Self::BadIdentity | Self::BadRoom | Self::TooMuch | Self::BadJoin(_) => StatusCode::BAD_REQUEST,
            Self::ForeignOrigin | Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_too_much_is_read_more_slowly() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        for _ in 0..BURST as usize {
            assert_eq!(pace.count(start), Duration::ZERO);
        }
        assert_eq!(pace.count(start), Duration::from_millis(20));
        assert_eq!(pace.count(start + Duration::from_secs(1)), Duration::ZERO);
    }
}
