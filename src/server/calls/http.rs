//! The routes that start calls. Each request passes the same gate: origin, kind and size of body, the visitor's limit.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use futures_util::StreamExt;
use leptos::{context::provide_context, prelude::use_context, server_fn::Decodes};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Wish,
    wish::{StandardRequest, VoiceRequest},
};
use crate::{
    api::{
        call::{CallRefused, CallRequest, CallTicket},
        codec::CallJson,
    },
    server::{
        error::{ApiError, json, retry_after, status},
        origin::Caller,
        state::AppState,
        visitor::Visitor,
    },
};

/// The largest body, in bytes: livekit-server's own limit on attributes, so that whatever fits there is read here.
const BODY_MAX_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The deepest nesting of a body; what we read has three levels.
const BODY_MAX_DEPTH: usize = 32;

/// `POST /api/voice/token`: `{participantName?, roomType?}` to `{token, roomName, participantName, livekitHost}`.
pub async fn voice(State(app): State<AppState>, request: Request) -> Response {
    answer(&app, request, |app, visit, body| {
        let ticket = app.calls().start(wish::<VoiceRequest>(body)?, &visit.room_url)?;
        Ok(json(StatusCode::OK, &ticket))
    })
    .await
}

/// `POST /api/token`: LiveKit's standard token endpoint, where its front ends look for it.
pub async fn standard(State(app): State<AppState>, request: Request) -> Response {
    #[derive(Serialize)]
    struct Answer {
        server_url: String,
        participant_token: String,
    }
    answer(&app, request, |app, visit, body| {
        let ticket = app.calls().start(wish::<StandardRequest>(body)?, &visit.room_url)?;
        let answer = Answer { server_url: ticket.livekit_host, participant_token: ticket.token };
        Ok(json(StatusCode::CREATED, &answer))
    })
    .await
}

/// The server function behind `request_call`, with the statuses and the gate of the other routes.
pub async fn server_function(State(app): State<AppState>, request: Request) -> Response {
    let caller = app.origins().caller(request.headers());
    let (mut parts, body) = request.into_parts();
    let (visit, body) = match admit(&app, &caller, peer(&parts.extensions), &parts.headers, body).await {
        Ok(admitted) => admitted,
        Err(ApiError::Call(refused)) => return typed(refused, &caller),
        Err(error) => return allowed(error.into_response(), &caller),
    };
    // A plain form would be sent back to its page; the panel alone calls this, and reads the answer.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let context = move || {
        provide_context(app.clone());
        provide_context(visit.clone());
    };
    let request = Request::from_parts(parts, Body::from(body));
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return allowed(response, &caller);
    }
    let body = to_bytes(response.into_body(), BODY_MAX_BYTES).await.unwrap_or_default();
    match CallJson::decode(body) {
        // What the server function's own decoder says of arguments that it cannot read.
        Ok(CallRefused::Unreachable) => {
            let reason = "the arguments are not those of this function".to_owned();
            typed(CallRefused::BadField { field: "request".to_owned(), reason }, &caller)
        }
        Ok(refused) => typed(refused, &caller),
        Err(_) => typed(CallRefused::Unavailable, &caller),
    }
}

/// `OPTIONS` on the routes above.
pub async fn preflight(State(app): State<AppState>, headers: HeaderMap) -> Response {
    (StatusCode::NO_CONTENT, app.origins().caller(&headers).preflight()).into_response()
}

/// The body of `request_call`: the ticket for a call of the visitor whose request this is.
///
/// # Errors
/// Whatever makes the wish unacceptable.
pub async fn request_call(request: CallRequest) -> Result<CallTicket, CallRefused> {
    let (Some(app), Some(visit)) = (use_context::<AppState>(), use_context::<Visit>()) else {
        return Err(CallRefused::Unavailable);
    };
    app.calls().start(Wish::try_from(request)?, &visit.room_url)
}

/// What the gate learnt of a request.
#[derive(Clone)]
struct Visit {
    room_url: String,
}

async fn answer(
    app: &AppState,
    request: Request,
    start: impl FnOnce(&AppState, &Visit, &Bytes) -> Result<Response, ApiError>,
) -> Response {
    let caller = app.origins().caller(request.headers());
    let (parts, body) = request.into_parts();
    let admitted = admit(app, &caller, peer(&parts.extensions), &parts.headers, body).await;
    let response =
        admitted.and_then(|(visit, body)| start(app, &visit, &body)).unwrap_or_else(IntoResponse::into_response);
    allowed(response, &caller)
}

/// The gate: lets a request in that our own page, an allowed one or no page at all sent as JSON, and counts it.
async fn admit(
    app: &AppState,
    caller: &Caller,
    peer: SocketAddr,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Visit, Bytes), ApiError> {
    if *caller == Caller::Foreign {
        return Err(ApiError::ForeignOrigin);
    }
    app.calls().admit(visitor(app, peer, headers))?;
    if !is_json(headers) {
        return Err(ApiError::NotJson);
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > BODY_MAX_BYTES) {
        return Err(ApiError::TooLarge(BODY_MAX_BYTES));
    }
    let body = read(body).await?;
    if is_deeper_than(BODY_MAX_DEPTH, &body) {
        return Err(ApiError::BadJson(format!("it is nested deeper than {BODY_MAX_DEPTH} levels")));
    }
    Ok((Visit { room_url: app.room_url(peer.ip(), headers) }, body))
}

fn wish<T: DeserializeOwned + TryInto<Wish, Error = CallRefused>>(body: &Bytes) -> Result<Wish, ApiError> {
    let request: T = serde_json::from_slice(body).map_err(|error| ApiError::BadJson(error.to_string()))?;
    Ok(request.try_into()?)
}

fn visitor(app: &AppState, peer: SocketAddr, headers: &HeaderMap) -> Visitor {
    app.proxies().visitor(peer.ip(), headers)
}

fn peer(extensions: &axum::http::Extensions) -> SocketAddr {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    extensions.get::<ConnectInfo<SocketAddr>>().map_or(unknown, |ConnectInfo(peer)| *peer)
}

/// A refusal as the server function's caller reads it: the typed error itself, with its status.
fn typed(refused: CallRefused, caller: &Caller) -> Response {
    let mut response = json(status(&refused), &refused);
    if let Some(seconds) = retry_after(&refused) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    allowed(response, caller)
}

fn allowed(mut response: Response, caller: &Caller) -> Response {
    caller.allow(response.headers_mut());
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return false };
    let essence = kind.as_bytes().split(|&b| b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Reads a body to its end, or to where it becomes too large or takes too long.
async fn read(body: Body) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let whole = async {
        let mut whole = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ApiError::Interrupted)?;
            if whole.len() + chunk.len() > BODY_MAX_BYTES {
                return Err(ApiError::TooLarge(BODY_MAX_BYTES));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(BODY_TIMEOUT, whole).await.unwrap_or(Err(ApiError::Interrupted))
}

/// Whether JSON is nested deeper than `levels`, without reading it: brackets outside strings are counted.
fn is_deeper_than(levels: usize, json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > levels {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!is_deeper_than(2, br#"{"a": "[[[\"[[[", "b": [1]}"#));
        assert!(is_deeper_than(2, br#"{"a": [[1]]}"#));
        assert!(is_deeper_than(BODY_MAX_DEPTH, "[".repeat(10_000).as_bytes()));
        assert!(!is_deeper_than(1, b"[][][]"));
    }
}
