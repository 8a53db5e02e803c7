//! Webhooks: what happens in rooms, posted as JSON and signed with the server's key, as LiveKit's receivers read it.
//!
//! Each address has a task of its own, which posts in order and tries again for a while; what it cannot keep up with, or
//! gives up, is dropped and counted in the next one that arrives.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use livekit_protocol as lk;
use rand::{Rng, distr::Alphanumeric};
use reqwest::{Client, Url, header};
use sha2::{Digest, Sha256};
use tokio::sync::broadcast::{self, error::RecvError};

use super::{
    admin::RoomEvent,
    signal::codec::{participant_info, room_info, track_info},
};
use crate::server::{
    tls,
    token::{ApiKey, Claims},
};

/// How long a webhook's token is good: livekit-server's.
const TOKEN_TTL: Duration = Duration::from_secs(300);
/// How long a receiver may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before each further try.
const RETRY_AFTER: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// What LiveKit's receivers expect, lest a framework parse the body before it is checked.
const CONTENT_TYPE: &str = "application/webhook+json";

/// Posts events to `url` until there are no more.
pub fn start(url: Url, key: ApiKey, events: broadcast::Receiver<Arc<RoomEvent>>) {
    let client = Client::builder().tls_backend_preconfigured(tls::client_config()).timeout(ANSWER_TIMEOUT).build();
    match client {
        Ok(client) => drop(tokio::spawn(Poster { url, key, client, dropped: 0 }.run(events))),
        Err(error) => tracing::error!(%url, %error, "no webhooks: the HTTP client could not be made"),
    }
}

struct Poster {
    url: Url,
    key: ApiKey,
    client: Client,
    dropped: u64,
}

impl Poster {
    async fn run(mut self, mut events: broadcast::Receiver<Arc<RoomEvent>>) {
        loop {
            match events.recv().await {
                Ok(event) => self.post(&event).await,
                Err(RecvError::Lagged(missed)) => self.drop_some(missed),
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn post(&mut self, event: &RoomEvent) {
        let Ok(body) = serde_json::to_vec(&message(event, self.dropped)) else { return self.drop_some(1) };
        let mut waits = RETRY_AFTER.iter();
        loop {
            let failure = match self.try_once(&body).await {
                Ok(()) => {
                    self.dropped = 0;
                    return;
                }
                Err(failure) => failure,
            };
            let Some(&wait) = waits.next() else {
                tracing::warn!(url = %self.url, failure, event = event.what.name(), "webhook given up");
                return self.drop_some(1);
            };
            tracing::debug!(url = %self.url, failure, ?wait, "webhook is tried again");
            tokio::time::sleep(wait).await;
        }
    }

    /// A receiver that says 4xx has understood and does not want it: only silence and 5xx are worth another try.
    async fn try_once(&self, body: &[u8]) -> Result<(), String> {
        let token = sign(&self.key, body).map_err(|error| error.to_string())?;
        let request = self
            .client
            .post(self.url.clone())
            .header(header::AUTHORIZATION, token)
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .body(body.to_vec());
        match request.send().await {
            Ok(answer) if answer.status().is_server_error() => Err(format!("answered {}", answer.status())),
            Ok(answer) => {
                if !answer.status().is_success() {
                    tracing::warn!(url = %self.url, status = %answer.status(), "the receiver refuses a webhook");
                }
                Ok(())
            }
            Err(error) => Err(error.without_url().to_string()),
        }
    }

    fn drop_some(&mut self, number: u64) {
        self.dropped += number;
        tracing::warn!(url = %self.url, number, "webhooks dropped");
    }
}

/// The token that goes with `body`: its hash, signed.
fn sign(key: &ApiKey, body: &[u8]) -> Result<String, crate::server::token::TokenError> {
    let claims = Claims { sha256: Some(STANDARD.encode(Sha256::digest(body))), ..Claims::default() };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    key.mint(claims, now, TOKEN_TTL)
}

#[expect(deprecated, reason = "receivers of LiveKit 1.13 read how many were dropped")]
fn message(event: &RoomEvent, dropped: u64) -> lk::WebhookEvent {
    let id: String = rand::rng().sample_iter(Alphanumeric).take(12).map(char::from).collect();
    lk::WebhookEvent {
        event: event.what.name().into(),
        id: format!("EV_{id}"),
        created_at: event.at.as_secs() as i64,
        room: Some(room_info(event.room.clone())),
        participant: event.what.participant().cloned().map(participant_info),
        track: event.what.track().cloned().map(track_info),
        num_dropped: i32::try_from(dropped).unwrap_or(i32::MAX),
        ..Default::default()
    }
}
