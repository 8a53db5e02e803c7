//! OpenAI's recognisers, by `POST /v1/audio/transcriptions`: the whole utterance, once it is over.

use async_trait::async_trait;
use reqwest::multipart::{Form, Part};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{OpenAiEar, Reader, Recogniser, SoFar};
use crate::server::agent::{
    audio::pcm::wav,
    providers::{Place, ProviderError, Web},
};

/// OpenAI, or a server that speaks its protocol, with one of its models.
pub(super) struct OpenAi {
    web: Web,
    url: String,
    ear: OpenAiEar,
    key: SecretString,
}

#[derive(Deserialize)]
struct Transcript {
    text: String,
}

impl OpenAi {
    pub(super) fn new(web: Web, place: &Place, ear: OpenAiEar) -> Self {
        Self { web, url: format!("{}/audio/transcriptions", place.url), ear, key: place.key.clone() }
    }
}

#[async_trait]
impl Recogniser for OpenAi {
    fn warm(&self) {
        self.web.warm(&self.url);
    }

    async fn recognise(&self, sound: Reader, _: &SoFar) -> Result<String, ProviderError> {
        let file = Part::bytes(wav(&sound.whole().await)).file_name("utterance.wav").mime_str("audio/wav")?;
        let form = Form::new().part("file", file).text("model", self.ear.model.clone()).text("response_format", "json");
        let form = match &self.ear.language {
            Some(language) => form.text("language", language.clone()),
            None => form,
        };
        let request = self.web.http().post(&self.url).bearer_auth(self.key.expose_secret()).multipart(form);
        let response = request.send().await?.error_for_status()?;
        let body = response.bytes().await?;
        let transcript: Transcript =
            serde_json::from_slice(&body).map_err(|_| ProviderError::Malformed("no transcript".to_owned()))?;
        Ok(transcript.text.trim().to_owned())
    }
}
