//! Who may knock: the token, the request and the page that they come from, before the driver is asked.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::{
    Sfu,
    command::{Admission, Refusal},
    limits::{self, NAME_MAX_CHARS},
    revocations::Validity,
    signal::join::{Entry, JoinError, Query},
};
use crate::server::{origin::Caller, token::TokenError};

/// The two signalling paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/rtc`.
    V0,
    /// `/rtc/v1`.
    V1,
}

/// Why somebody is turned away at the door.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// No token.
    #[error("no access token")]
    NoToken,
    /// A token that is not acceptable.
    #[error("{0}")]
    BadToken(#[from] TokenError),
    /// A token that does not let its bearer join a room.
    #[error("permissions denied")]
    NoGrant,
    /// No identity, or one that is too long.
    #[error("identity must have 1 to {NAME_MAX_CHARS} characters")]
    BadIdentity,
    /// A room name that is too long.
    #[error("room must have 1 to {NAME_MAX_CHARS} characters")]
    BadRoom,
    /// Metadata or attributes that are too long.
    #[error("metadata or attributes are too long")]
    TooMuch,
    /// A join request that cannot be read.
    #[error("{0}")]
    BadJoin(#[from] JoinError),
    /// A page that may not open sockets here.
    #[error("this page may not connect")]
    ForeignOrigin,
    /// The driver does not let it in.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// There is no driver any more.
    #[error("the room server has stopped")]
    Stopped,
}

impl Sfu {
    /// Checks the page that a socket is opened from.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let foreign = self.origins().is_some_and(|origins| origins.caller(headers) == Caller::Foreign);
        if foreign { Err(Rejection::ForeignOrigin) } else { Ok(()) }
    }

    /// Checks token and request.
    pub(super) fn admit(
        &self,
        headers: &HeaderMap,
        query: &Query,
        path: Path,
    ) -> Result<(Admission, Entry), Rejection> {
        let token = query.access_token.as_deref().or_else(|| bearer(headers)).unwrap_or_default();
        if token.is_empty() {
            return Err(Rejection::NoToken);
        }
        let claims = self.key().verify(token)?;
        if !claims.video.room_join || claims.video.room.is_empty() {
            return Err(Rejection::NoGrant);
        }
        if claims.identity.is_empty() || !limits::name_fits(&claims.identity) {
            return Err(Rejection::BadIdentity);
        }
        if !limits::name_fits(&claims.video.room) {
            return Err(Rejection::BadRoom);
        }
        let entry = match path {
            Path::V0 => query.v0(),
            Path::V1 => query.v1()?,
        };
        let mut claims = claims;
        if let Entry::Join(hello) = &entry
            && !hello.attributes.is_empty()
        {
            if claims.video.can_update_own_metadata != Some(true) {
                return Err(Rejection::NoGrant);
            }
            claims.attributes.extend(hello.attributes.clone());
        }
        if !limits::metadata_fits(&claims.metadata, &claims.attributes) {
            return Err(Rejection::TooMuch);
        }
        Ok((Admission { claims, validity: validity(token) }, entry))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Reads the times of a token that was verified before.
fn validity(token: &str) -> Validity {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Times {
        nbf: u64,
        iat: u64,
        exp: u64,
    }
    let payload = token.split('.').nth(1).and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let times: Times = payload.and_then(|payload| serde_json::from_slice(&payload).ok()).unwrap_or_default();
    Validity { issued: Duration::from_secs(times.nbf.max(times.iat)), expires: Duration::from_secs(times.exp) }
}
