//! LiveKit's administration API: `RoomService` over Twirp, in JSON and in protobuf, as server SDKs speak it.
//!
//! It answers in livekit-server's codes and words, since SDKs and their users match on them; its differences from that
//! server stand in `docs/ROOMS.md`. What a method does is the driver's; here is only the way in and out.

mod json;
mod methods;
mod twirp;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::any,
};

use self::twirp::{Format, TwirpError};
use super::Sfu;
use crate::server::token::VideoGrants;

/// The largest request, in bytes: metadata of 512 KiB in base64 or escaped, with room to spare.
const BODY_MAX_BYTES: usize = 2 * 1024 * 1024;

/// The routes of the service.
pub fn router(sfu: Sfu) -> Router {
    Router::new()
        .route("/twirp/livekit.RoomService/{method}", any(answer))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .with_state(sfu)
}

async fn answer(
    State(sfu): State<Sfu>,
    Path(name): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let grants = match grants(&sfu, &headers) {
        Ok(grants) => grants,
        Err(refused) => return (StatusCode::UNAUTHORIZED, refused).into_response(),
    };
    if method != Method::POST {
        return TwirpError::bad_route(&method, &uri, "only POST is allowed").into_response();
    }
    let Some(format) = headers.get(header::CONTENT_TYPE).and_then(Format::of) else {
        let reason = "the Content-Type is neither application/json nor application/protobuf";
        return TwirpError::bad_route(&method, &uri, reason).into_response();
    };
    match methods::call(&sfu, &name, &grants, format, &body).await {
        Some(Ok(answer)) => answer.into_response(),
        Some(Err(error)) => error.into_response(),
        None => TwirpError::bad_route(&method, &uri, "there is no such method").into_response(),
    }
}

/// What the request's token allows. No token allows nothing; a bad one is told apart, in plain text.
fn grants(sfu: &Sfu, headers: &HeaderMap) -> Result<VideoGrants, String> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(VideoGrants::default()) };
    let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
    let token = token.ok_or_else(|| "invalid authorization header".to_owned())?;
    let claims = sfu.key().verify(token).map_err(|error| error.to_string())?;
    Ok(claims.video)
}
