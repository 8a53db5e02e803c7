//! Webhooks of a LiveKit server: checked as LiveKit's own receiver checks them, and read as facts of calls.

use livekit_api::{
    access_token::TokenVerifier,
    webhooks::{WebhookError, WebhookReceiver},
};
use livekit_protocol::{DisconnectReason, ParticipantInfo, WebhookEvent};
use secrecy::ExposeSecret;

use super::{
    is_call,
    livekit::{joined_ms, member_kind, opened_ms},
};
use crate::{
    domain::record::{Departure, Ending, Happened, Member, RoomFact, RoomLife},
    server::token::ApiKey,
};

/// Reads the webhooks that are signed with a room server's key.
pub struct Webhooks(WebhookReceiver);

/// A webhook that was signed with the key.
#[derive(Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id, the same each time it is sent again.
    pub id: String,
    /// LiveKit's name for what happened.
    pub event: String,
    /// What it says of a call, if it does.
    pub fact: Option<RoomFact>,
}

/// The webhook is not signed with the key, too old, or not what was signed.
#[derive(Debug, thiserror::Error)]
#[error("the webhook is not signed with the room server's key: {0}")]
pub struct Unsigned(WebhookError);

impl Webhooks {
    /// Takes those that `key` signs.
    pub fn new(key: &ApiKey) -> Self {
        Self(WebhookReceiver::new(TokenVerifier::with_api_key(key.key(), key.secret().expose_secret())))
    }

    /// Checks `body` by the token that came with it; nothing if it is signed well and says what this program does not
    /// know, as newer servers may.
    ///
    /// # Errors
    /// A token that is not the key's or too old, or one for another body.
    pub fn read(&self, body: &str, token: &str) -> Result<Option<Webhook>, Unsigned> {
        match self.0.receive(body, token) {
            Ok(event) => Ok(Some(webhook(event))),
            // The signature has been checked by then.
            Err(WebhookError::InvalidData(error)) => {
                tracing::warn!(%error, "a webhook of the room server says what is not understood");
                Ok(None)
            }
            Err(error) => Err(Unsigned(error)),
        }
    }
}

fn webhook(event: WebhookEvent) -> Webhook {
    let fact = fact(&event);
    Webhook { id: event.id, event: event.event, fact }
}

fn fact(event: &WebhookEvent) -> Option<RoomFact> {
    let room = event.room.as_ref().filter(|room| is_call(&room.name) && !room.sid.is_empty())?;
    let who = event.participant.as_ref();
    let what = match event.event.as_str() {
        "room_started" => Happened::Opened,
        "room_finished" => Happened::Closed(Ending::Told),
        "participant_joined" => Happened::Joined(member(who?)),
        "participant_left" => Happened::Left(member(who?), departure(who?)),
        _ => return None,
    };
    let life = RoomLife { name: room.name.clone(), sid: room.sid.clone(), opened_ms: opened_ms(room) };
    Some(RoomFact { room: life, at_ms: event.created_at.saturating_mul(1000), what })
}

fn member(who: &ParticipantInfo) -> Member {
    Member {
        sid: who.sid.clone(),
        identity: who.identity.clone(),
        name: who.name.clone(),
        kind: member_kind(who),
        joined_ms: joined_ms(who),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what a telephone or a newer server gives as a reason says no more")]
fn departure(who: &ParticipantInfo) -> Option<Departure> {
    match who.disconnect_reason() {
        DisconnectReason::ClientInitiated => Some(Departure::HungUp),
        DisconnectReason::DuplicateIdentity => Some(Departure::Replaced),
        DisconnectReason::ServerShutdown => Some(Departure::ServerStopped),
        DisconnectReason::ParticipantRemoved | DisconnectReason::RoomDeleted => Some(Departure::Removed),
        DisconnectReason::StateMismatch
        | DisconnectReason::JoinFailure
        | DisconnectReason::SignalClose
        | DisconnectReason::ConnectionTimeout
        | DisconnectReason::MediaFailure => Some(Departure::ConnectionLost),
        _ => None,
    }
}
