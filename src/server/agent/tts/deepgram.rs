//! Deepgram's voices (Aura), by `POST /v1/speak`: raw samples, as they are made.
//!
//! A request for each sentence rather than its socket: cancelling one touches no other, and a socket takes no more than
//! twenty flushes a minute.

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    Pieces, Tempo, Tts,
    stream::{Rate, pass_on},
};
use crate::server::agent::{
    audio::SAMPLE_HZ,
    providers::{Place, ProviderError, Web},
};

/// Deepgram with one of its voices.
pub(super) struct Deepgram {
    web: Web,
    url: String,
    model: String,
    key: SecretString,
}

impl Deepgram {
    pub(super) fn new(web: Web, place: &Place, model: &str) -> Self {
        Self { web, url: format!("{}/speak", place.url), model: model.to_owned(), key: place.key.clone() }
    }
}

#[async_trait]
impl Tts for Deepgram {
    fn warm(&self) {
        self.web.warm(&self.url);
    }

    /// It knows one tempo.
    async fn speak(&self, sentence: &str, _: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        let rate = SAMPLE_HZ.to_string();
        let query = [("model", &*self.model), ("encoding", "linear16"), ("sample_rate", &rate), ("container", "none")];
        let request = self.web.http().post(&self.url).query(&query);
        let request = request.header(AUTHORIZATION, format!("Token {}", self.key.expose_secret()));
        let response = request.json(&json!({ "text": sentence })).send().await?;
        pass_on(response, Rate::Khz16, sound).await
    }
}
