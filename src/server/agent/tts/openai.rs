//! OpenAI's voices, by `POST /v1/audio/speech`: raw samples at 24 kHz, as they are made.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    OpenAiVoice, Pieces, Tempo, Tts,
    stream::{Rate, pass_on},
};
use crate::server::agent::{
    audio::resample::From24,
    providers::{Place, ProviderError, Web},
};

/// Three quarters of the usual tempo; OpenAI takes 0.25 to 4.
const SLOW: f32 = 0.75;

/// OpenAI, or a server that speaks its protocol, with one of its voices.
pub(super) struct OpenAi {
    web: Web,
    url: String,
    voice: OpenAiVoice,
    key: SecretString,
}

impl OpenAi {
    pub(super) fn new(web: Web, place: &Place, voice: OpenAiVoice) -> Self {
        Self { web, url: format!("{}/audio/speech", place.url), voice, key: place.key.clone() }
    }
}

#[async_trait]
impl Tts for OpenAi {
    fn warm(&self) {
        self.web.warm(&self.url);
    }

    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        let OpenAiVoice { model, voice, instructions, .. } = &self.voice;
        let mut body = json!({ "model": model, "voice": voice, "input": sentence, "response_format": "pcm" });
        if let Some(instructions) = instructions {
            body["instructions"] = json!(instructions);
        }
        if tempo == Tempo::Slow {
            body["speed"] = json!(SLOW);
        }
        let request = self.web.http().post(&self.url).bearer_auth(self.key.expose_secret()).json(&body);
        pass_on(request.send().await?, Rate::Khz24(From24::new()), sound).await
    }
}
