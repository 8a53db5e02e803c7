//! What others ask the record by HTTP: a LiveKit server's webhooks, and whether the database is there.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::server::{error::ApiError, state::AppState, storage::EventKey};

/// How long storing a webhook may take; its sender tries again.
const STORE: Duration = Duration::from_secs(5);
/// How long the database may take to say that it is there.
const READY: Duration = Duration::from_millis(1500);

/// `POST /api/livekit/webhook`: what a LiveKit server tells, signed with its key. 200 once it is stored.
///
/// # Errors
/// 401 where the signature does not hold; 503 where it could not be stored, so that it is sent again.
pub async fn webhook(State(app): State<AppState>, headers: HeaderMap, body: String) -> Result<&'static str, ApiError> {
    let token = headers.get(header::AUTHORIZATION).and_then(|token| token.to_str().ok()).unwrap_or_default();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let webhook = app.webhooks().read(&body, token).map_err(|error| {
        tracing::debug!(%error, "a webhook is refused");
        ApiError::Unsigned
    })?;
    let Some((webhook, fact)) = webhook.and_then(|mut webhook| webhook.fact.take().map(|fact| (webhook, fact))) else {
        return Ok("ok");
    };
    // One without an id is known by what it says.
    let key = if webhook.id.is_empty() { format!("{:x}", Sha256::digest(&body)) } else { webhook.id };
    let event = EventKey { source: "livekit", key: &key, kind: &webhook.event };
    match tokio::time::timeout(STORE, app.storage().apply(&fact, Some(event))).await {
        Ok(Ok(_)) => Ok("ok"),
        Ok(Err(error)) => {
            tracing::error!(%error, "a webhook could not be stored");
            Err(ApiError::Unavailable)
        }
        Err(_) => {
            tracing::error!("a webhook could not be stored: the database does not answer");
            Err(ApiError::Unavailable)
        }
    }
}

/// `GET /readyz`: whether calls can be taken and recorded.
pub async fn ready(State(app): State<AppState>) -> Response {
    match tokio::time::timeout(READY, app.storage().ping()).await {
        Ok(Ok(())) => "ok".into_response(),
        Ok(Err(_)) | Err(_) => ApiError::Unavailable.into_response(),
    }
}
