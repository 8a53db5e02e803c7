//! Starting a call: who may have which room for how long, and the ticket for it.
//!
//! Grants come from the room type alone, never from what was asked. It knows nothing of how the wish arrived.

pub mod http;
mod wish;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use wish::{RoomType, Wish};

use super::{
    limits::VisitorLimit,
    rooms::Rooms,
    token::{ApiKey, Claims, VideoGrants},
    visitor::Visitor,
};
use crate::api::call::{CallRefused, CallTicket};

/// The identity's random part and the room's: 128 bits, beyond guessing (RFC 4086 asks for no more).
const RANDOM_BYTES: usize = 16;

/// Gives out tickets for calls.
pub struct Calls {
    key: ApiKey,
    rooms: Arc<dyn Rooms>,
    limit: VisitorLimit,
}

impl Calls {
    /// Signs with `key`, the room server's; tells `rooms` of each call; allows each visitor what `limit` allows.
    pub fn new(key: ApiKey, rooms: Arc<dyn Rooms>, limit: VisitorLimit) -> Self {
        Self { key, rooms, limit }
    }

    /// Counts a request of `visitor`, whatever becomes of it.
    ///
    /// # Errors
    /// One request too many.
    pub fn admit(&self, visitor: Visitor) -> Result<(), CallRefused> {
        self.limit.check(visitor).map_err(|wait| CallRefused::RateLimited { retry_after_s: wait.as_secs() + 1 })
    }

    /// Makes the ticket for a call in a room of its own, on the room server that browsers reach at `url`.
    ///
    /// # Errors
    /// A room type that visitors may not have, or a token that cannot be signed.
    pub fn start(&self, wish: Wish, url: &str) -> Result<CallTicket, CallRefused> {
        if wish.room_type == RoomType::AdminAssistant {
            let reason = "the admin assistant is for staff who are signed in".to_owned();
            return Err(CallRefused::Forbidden { reason });
        }
        let (room, identity) = names(wish.room_type);
        let claims = claims(&room, identity, wish.name, wish.metadata, wish.attributes);
        let participant_name = claims.name.clone();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let token = self.key.mint(claims, now, wish.room_type.ttl()).map_err(|error| {
            tracing::error!(%error, "a token could not be minted");
            CallRefused::Unavailable
        })?;
        tracing::debug!(room, "a ticket was given");
        self.rooms.expect(&room);
        Ok(CallTicket { token, room_name: room, participant_name, livekit_host: url.to_owned() })
    }

    /// Forgets the visitors who have their whole allowance again.
    pub fn forget_the_rested(&self) {
        self.limit.forget_the_rested();
    }
}

impl RoomType {
    /// How long a ticket is good for.
    pub fn ttl(self) -> Duration {
        match self {
            Self::Support => Duration::from_secs(60 * 60),
            Self::AdminAssistant => Duration::from_secs(30 * 60),
        }
    }

    /// What the names of such rooms begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Support => "support-",
            Self::AdminAssistant => "admin-assistant-",
        }
    }
}

/// A room's name and an identity in it: unguessable, and nothing of the visitor in either.
fn names(room_type: RoomType) -> (String, String) {
    let random: [u8; 2 * RANDOM_BYTES] = rand::random();
    let (room, identity) = random.split_at(RANDOM_BYTES);
    (with_hex(room_type.prefix(), room), with_hex("visitor-", identity))
}

fn with_hex(prefix: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(prefix.len() + 2 * bytes.len());
    text.push_str(prefix);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// What a visitor may do in a call: hear, speak, write, and describe themselves.
fn claims(
    room: &str,
    identity: String,
    name: String,
    metadata: String,
    attributes: BTreeMap<String, String>,
) -> Claims {
    let video = VideoGrants {
        room: room.to_owned(),
        room_join: true,
        can_publish: Some(true),
        can_publish_sources: vec!["microphone".to_owned()],
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        can_update_own_metadata: Some(false),
        ..VideoGrants::default()
    };
    Claims { identity, name, metadata, attributes, video, ..Claims::default() }
}
