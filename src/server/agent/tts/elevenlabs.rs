//! ElevenLabs' voices, by the socket `multi-stream-input`: a context for each sentence, sound in base64.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{ElevenLabsVoice, Pieces, Tempo, Tts};
use crate::server::agent::{
    audio::pcm::Samples,
    providers::{Door, Lease, Place, Pool, ProviderError, Web},
};

/// How long ElevenLabs keeps a socket that nothing is said on, in seconds: the longest it takes.
const INACTIVITY_S: u32 = 180;

/// Three quarters of the usual tempo; ElevenLabs takes 0.7 to 1.2.
const SLOW: f32 = 0.75;

/// ElevenLabs with one of its voices.
pub(super) struct ElevenLabs {
    pool: Arc<Pool>,
}

impl ElevenLabs {
    pub(super) fn new(web: Web, place: &Place, voice: &ElevenLabsVoice) -> Self {
        let base = place.url.replacen("http", "ws", 1);
        let ElevenLabsVoice { model, voice, .. } = voice;
        let url = format!(
            "{base}/text-to-speech/{voice}/multi-stream-input?model_id={model}&output_format=pcm_16000&auto_mode=true&inactivity_timeout={INACTIVITY_S}"
        );
        Self { pool: Pool::new(Door { web, url, header: "xi-api-key", key: place.key.clone() }, None) }
    }
}

#[async_trait]
impl Tts for ElevenLabs {
    fn warm(&self) {
        self.pool.warm();
    }

    async fn speak(&self, sentence: &str, tempo: Tempo, sound: &Pieces) -> Result<(), ProviderError> {
        let context = format!("{:016x}", rand::random::<u64>());
        let mut socket = self.pool.take().await?;
        // The first message of a context only opens it; a text ends with a space, so that its last word is one.
        for message in [
            match tempo {
                Tempo::Usual => json!({ "text": " ", "context_id": context }),
                Tempo::Slow => json!({ "text": " ", "context_id": context, "voice_settings": { "speed": SLOW } }),
            },
            json!({ "text": format!("{sentence} "), "context_id": context, "flush": true }),
            json!({ "context_id": context, "close_context": true }),
        ] {
            socket.send(message.to_string()).await?;
        }
        receive(&mut socket, &context, sound).await?;
        socket.give_back();
        Ok(())
    }
}

/// Hands on the sound of a context until its end.
async fn receive(socket: &mut Lease, context: &str, sound: &Pieces) -> Result<(), ProviderError> {
    let mut samples = Samples::default();
    loop {
        match Said::read(&socket.text().await?)? {
            Said::Sound { context: of, bytes, is_last } if of.as_deref().is_none_or(|of| of == context) => {
                let pcm = samples.push(&bytes);
                if !pcm.is_empty() {
                    // The context is heard to its end even where nobody listens: the socket is used again.
                    sound.send(pcm).await.ok();
                }
                if is_last {
                    return Ok(());
                }
            }
            // What is left of an earlier sentence.
            Said::Sound { .. } => {}
            Said::Failed(reason) => return Err(ProviderError::Malformed(format!("an error: {reason}"))),
        }
    }
}

/// A message of ElevenLabs.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Sound {
        /// The context, where it says which.
        context: Option<String>,
        /// 16-bit samples at 16 kHz.
        bytes: Vec<u8>,
        /// Whether the context is over.
        is_last: bool,
    },
    Failed(String),
}

/// The message as it is written: names come in both spellings.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(alias = "context_id")]
    context_id: Option<String>,
    audio: Option<String>,
    #[serde(alias = "is_final")]
    is_final: Option<bool>,
    error: Option<String>,
}

impl Said {
    fn read(text: &str) -> Result<Self, ProviderError> {
        let malformed = |what: &str| ProviderError::Malformed(format!("{what} in a message"));
        let wire: Wire = serde_json::from_str(text).map_err(|_| malformed("no JSON"))?;
        if let Some(error) = wire.error {
            return Ok(Self::Failed(error));
        }
        let bytes = STANDARD.decode(wire.audio.unwrap_or_default()).map_err(|_| malformed("no base64"))?;
        Ok(Self::Sound { context: wire.context_id, bytes, is_last: wire.is_final.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        let sound = |bytes: &[u8], is_last| Said::Sound { context: Some("a".into()), bytes: bytes.into(), is_last };
        let read = |text: &str| Said::read(text).unwrap();
        assert_eq!(read(r#"{"audio":"AQI=","isFinal":null,"contextId":"a"}"#), sound(&[1, 2], false));
        assert_eq!(read(r#"{"audio":"AQI=","is_final":false,"context_id":"a","alignment":{}}"#), sound(&[1, 2], false));
        assert_eq!(read(r#"{"audio":null,"isFinal":true,"contextId":"a"}"#), sound(&[], true));
        assert_eq!(read(r#"{"error":"quota_exceeded","code":1008}"#), Said::Failed("quota_exceeded".into()));
        assert!(Said::read("{").is_err());
        assert!(Said::read(r#"{"audio":"?"}"#).is_err());
    }
}
