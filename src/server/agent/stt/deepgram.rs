//! Deepgram's recogniser (Nova), by the socket `listen`: sound goes as it is heard, words come as they are understood.
//!
//! A socket serves one utterance after another: `Finalize` ends one, and is sent as soon as it is probably over. Where that
//! brings no answer, `CloseStream` does, and the socket with it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;

use super::{DeepgramEar, Reader, Recogniser, SoFar, recording::Next};
use crate::server::agent::{
    audio::{SAMPLE_HZ, pcm::bytes},
    providers::{Door, Lease, Place, Pool, ProviderError, Web},
};

/// Sound in one message: 50 ms.
const CHUNK_SAMPLES: usize = SAMPLE_HZ / 20;

/// How long the answer to `Finalize` is waited for, which Deepgram leaves out where it has nothing more to say: the 99th
/// percentile of its words after the end of speech.
const SETTLED_AFTER: Duration = Duration::from_millis(350);

const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
const FINALIZE: &str = r#"{"type":"Finalize"}"#;
const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// Deepgram with one of its models.
pub(super) struct Deepgram {
    pool: Arc<Pool>,
}

impl Deepgram {
    pub(super) fn new(web: Web, place: &Place, ear: &DeepgramEar) -> Self {
        let (base, model) = (place.url.replacen("http", "ws", 1), &ear.model);
        let mut url = format!(
            "{base}/listen?model={model}&encoding=linear16&sample_rate={SAMPLE_HZ}&channels=1&interim_results=true&punctuate=true&no_delay=true&endpointing=25&vad_events=true"
        );
        if let Some(language) = &ear.language {
            url.push_str(&format!("&language={language}"));
        }
        let key = SecretString::from(format!("Token {}", place.key.expose_secret()));
        Self { pool: Pool::new(Door { web, url, header: "authorization", key }, Some(KEEP_ALIVE)) }
    }
}

#[async_trait]
impl Recogniser for Deepgram {
    fn warm(&self) {
        self.pool.warm();
    }

    async fn recognise(&self, mut sound: Reader, so_far: &SoFar) -> Result<String, ProviderError> {
        let mut questions = Questions { socket: self.pool.take().await?, chunk: Vec::new(), open: 0, last: None };
        let mut heard = Heard::default();
        loop {
            tokio::select! {
                text = questions.socket.text() => match heard.on(&text?)? {
                    News::Words => so_far.tell(heard.text()),
                    News::Finalized => {
                        questions.open = questions.open.saturating_sub(1);
                        so_far.tell(heard.text());
                    }
                    News::Closed | News::Nothing => {}
                },
                next = sound.next() => match next {
                    Next::More(pcm) => questions.send(pcm).await?,
                    Next::Flush => {
                        questions.ask().await?;
                        if heard.is_settled() {
                            so_far.tell(heard.text());
                        }
                    }
                    Next::Over => return questions.finish(heard, so_far).await,
                },
            }
        }
    }
}

/// What is said to Deepgram of an utterance.
struct Questions {
    socket: Lease,
    /// Sound that makes no message yet.
    chunk: Vec<i16>,
    /// How many requests for the words are not answered.
    open: usize,
    /// When they were asked for, if nothing was heard since.
    last: Option<Instant>,
}

impl Questions {
    async fn send(&mut self, pcm: Vec<i16>) -> Result<(), ProviderError> {
        self.last = None;
        self.chunk.extend(pcm);
        while self.chunk.len() >= CHUNK_SAMPLES {
            let rest = self.chunk.split_off(CHUNK_SAMPLES);
            self.socket.send(bytes(&std::mem::replace(&mut self.chunk, rest))).await?;
        }
        Ok(())
    }

    /// Asks for the words of what was sent; gives when that was.
    async fn ask(&mut self) -> Result<Instant, ProviderError> {
        if !self.chunk.is_empty() {
            self.socket.send(bytes(&std::mem::take(&mut self.chunk))).await?;
        }
        self.socket.send(Message::text(FINALIZE)).await?;
        self.open += 1;
        Ok(*self.last.insert(Instant::now()))
    }

    /// The sound is over: gives its words.
    async fn finish(mut self, mut heard: Heard, so_far: &SoFar) -> Result<String, ProviderError> {
        let asked = match self.last {
            Some(asked) => asked,
            None => self.ask().await?,
        };
        while self.open > 0 {
            tokio::select! {
                text = self.socket.text() => match heard.on(&text?)? {
                    News::Finalized => self.open -= 1,
                    News::Words => so_far.tell(heard.text()),
                    News::Closed => return Ok(heard.text()),
                    News::Nothing => {}
                },
                () = sleep_until(asked + SETTLED_AFTER) => return self.close(heard, so_far).await,
            }
        }
        self.socket.give_back();
        Ok(heard.text())
    }

    /// It does not answer: closes the socket, unless there is nothing more to be had by that.
    async fn close(mut self, mut heard: Heard, so_far: &SoFar) -> Result<String, ProviderError> {
        if heard.is_settled() {
            // The socket may still answer, which the next utterance must not hear: it is not given back.
            return Ok(heard.text());
        }
        self.socket.send(Message::text(CLOSE_STREAM)).await?;
        loop {
            match heard.on(&self.socket.text().await?)? {
                News::Closed => return Ok(heard.text()),
                News::Words => so_far.tell(heard.text()),
                News::Finalized | News::Nothing => {}
            }
        }
    }
}

/// What Deepgram has understood of an utterance. Pure: messages go in, news come out.
#[derive(Debug, Default)]
struct Heard {
    /// Segments that will not change any more.
    fixed: Vec<String>,
    /// What follows them, which may.
    open: String,
}

/// What a message brought.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// Other words.
    Words,
    /// All of what was sent is understood.
    Finalized,
    /// The same, and nothing follows.
    Closed,
    Nothing,
}

#[derive(Deserialize)]
struct Wire {
    r#type: String,
    #[serde(default)]
    is_final: bool,
    #[serde(default)]
    from_finalize: bool,
    /// An object in `Results`, numbers in other messages.
    #[serde(default)]
    channel: serde_json::Value,
    #[serde(default)]
    description: String,
}

impl Heard {
    fn on(&mut self, text: &str) -> Result<News, ProviderError> {
        let wire: Wire =
            serde_json::from_str(text).map_err(|_| ProviderError::Malformed("what is no message".to_owned()))?;
        match &*wire.r#type {
            "Results" => {
                let Some(words) = wire.channel["alternatives"][0]["transcript"].as_str() else {
                    return Err(ProviderError::Malformed("a result without a transcript".to_owned()));
                };
                let before = self.text();
                if wire.is_final {
                    self.open.clear();
                    if !words.is_empty() {
                        self.fixed.push(words.to_owned());
                    }
                } else {
                    words.clone_into(&mut self.open);
                }
                Ok(match wire.from_finalize {
                    true => News::Finalized,
                    false if self.text() == before => News::Nothing,
                    false => News::Words,
                })
            }
            "Metadata" => Ok(News::Closed),
            "Error" => Err(ProviderError::Broken(wire.description)),
            _ => Ok(News::Nothing),
        }
    }

    /// All words so far.
    fn text(&self) -> String {
        let open = Some(&self.open).filter(|open| !open.is_empty());
        self.fixed.iter().chain(open).map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    /// Whether there are words, none of which may change.
    fn is_settled(&self) -> bool {
        !self.fixed.is_empty() && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(words: &str, is_final: bool, from_finalize: bool) -> String {
        let message = serde_json::json!({
            "type": "Results", "channel_index": [0, 1], "duration": 1.2, "start": 0.0, "is_final": is_final,
            "speech_final": is_final, "from_finalize": from_finalize,
            "channel": { "alternatives": [{ "transcript": words, "confidence": 0.98, "words": [] }] },
        });
        message.to_string()
    }

    #[test]
    fn fixed_segments_stay_and_the_open_one_changes() {
        let mut heard = Heard::default();
        let messages = [
            (r#"{"type":"SpeechStarted","channel":[0],"timestamp":0.1}"#.to_owned(), News::Nothing, ""),
            (results("What does", false, false), News::Words, "What does"),
            (results("What does", false, false), News::Nothing, "What does"),
            (results("What does it cost?", true, false), News::Words, "What does it cost?"),
            (results("For", false, false), News::Words, "What does it cost? For"),
            (results("", true, false), News::Words, "What does it cost?"),
            (
                r#"{"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.1}"#.to_owned(),
                News::Nothing,
                "What does it cost?",
            ),
            (results("For three.", true, true), News::Finalized, "What does it cost? For three."),
            (r#"{"type":"Metadata","channels":1}"#.to_owned(), News::Closed, "What does it cost? For three."),
        ];
        for (message, news, text) in messages {
            assert_eq!((heard.on(&message).unwrap(), &*heard.text()), (news, text));
        }
    }

    #[test]
    fn words_that_may_change_are_waited_for() {
        let mut heard = Heard::default();
        assert!(!heard.is_settled());
        heard.on(&results("Yes.", true, false)).unwrap();
        assert!(heard.is_settled());
        heard.on(&results("And", false, false)).unwrap();
        assert!(!heard.is_settled());
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for text in ["{", r#"{"type":"Results"}"#, r#"{"type":"Error","description":"bad"}"#] {
            Heard::default().on(text).unwrap_err();
        }
    }
}
