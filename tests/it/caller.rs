//! Somebody who calls: a visitor in the room of a ticket.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use frontdesk::server::{
    agent::{
        Link,
        link::{Joined, Kind, Order, Presence, RoomEvent},
    },
    token::ApiKey,
};
use livekit_api::services::room::RoomClient;
use opus_rs::{Application, OpusEncoder};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::app::send_raw;

/// Far longer than anything takes; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

const FRAME: Duration = Duration::from_millis(20);

/// A visitor in a call.
pub struct Caller {
    /// The room's name.
    pub room: String,
    url: String,
    key: ApiKey,
    joined: Joined,
    messages: u32,
}

impl Caller {
    /// Asks the server at `site` for a ticket and joins its room, on the room server that has this key.
    pub async fn calls(site: SocketAddr, key: ApiKey) -> Self {
        let request = format!(
            "POST /api/voice/token HTTP/1.1\r\nhost: {site}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let ticket = send_raw(site, request.as_bytes()).await.json();
        let url = ticket["livekitHost"].as_str().unwrap().to_owned();
        let room = ticket["roomName"].as_str().unwrap().to_owned();
        let (identity, name) = ("visitor-1".to_owned(), "Ada".to_owned());
        let presence = Presence { room: room.clone(), identity, name, kind: Kind::Person, attributes: BTreeMap::new() };
        let joined = Link { url: url.clone(), key: key.clone() }.join(&presence).await.unwrap();
        Self { room, url, key, joined, messages: 0 }
    }

    /// Waits for settled words that begin like this.
    pub async fn hears(&mut self, start: &str) {
        self.hears_what(start, |text| text.starts_with(start)).await;
    }

    /// Waits for settled words that hold this.
    pub async fn hears_of(&mut self, part: &str) {
        self.hears_what(part, |text| text.contains(part)).await;
    }

    async fn hears_what(&mut self, wanted: &str, is_it: impl Fn(&str) -> bool) {
        let heard = timeout(PATIENCE, async {
            loop {
                if let RoomEvent::Text { text, attributes, .. } = self.joined.events.recv().await.unwrap()
                    && attributes.get("lk.transcription_final").is_some_and(|last| last == "true")
                    && is_it(&text)
                {
                    return;
                }
            }
        });
        heard.await.unwrap_or_else(|_| panic!("never heard {wanted:?}"));
    }

    /// Writes a message.
    pub async fn writes(&mut self, text: &str) {
        self.messages += 1;
        let stream = || format!("chat-{}", self.messages);
        for order in [
            Order::OpenText { stream: stream(), topic: "lk.chat", attributes: BTreeMap::new(), sender: None },
            Order::WriteText { stream: stream(), text: text.into() },
            Order::CloseText { stream: stream(), attributes: BTreeMap::new() },
        ] {
            self.joined.orders.send(order).await.unwrap();
        }
    }

    /// Waits until so many frames of 20 ms of the assistant's sound have come.
    pub async fn hears_sound(&mut self, frames: usize) {
        let heard = timeout(PATIENCE, async {
            let mut left = frames;
            while left > 0 {
                left -= usize::from(matches!(self.joined.events.recv().await.unwrap(), RoomEvent::Audio { .. }));
            }
        });
        heard.await.expect("the assistant is silent");
    }

    /// Sends silence from its microphone, in frames of 20 ms at their pace.
    pub async fn keeps_silent_aloud(&self, length: Duration) {
        let mut encoder = OpusEncoder::new(16_000, 1, Application::Voip).unwrap();
        let mut frames = tokio::time::interval(FRAME);
        let mut packet = [0; 1275];
        for n in 0..length.as_millis() / FRAME.as_millis() {
            frames.tick().await;
            let bytes = encoder.encode_i16(&[0; 320], 320, &mut packet).unwrap();
            let order = Order::Audio { time: n as u64 * 960, opus: packet[..bytes].to_vec() };
            self.joined.orders.send(order).await.unwrap();
        }
    }

    /// Hangs up.
    pub async fn hangs_up(&self) {
        self.joined.orders.send(Order::Leave).await.unwrap();
    }

    /// Ends the room at once, which would else stand for a while after its last visitor.
    pub async fn ends_the_room(&self) {
        let url = self.url.replacen("ws", "http", 1);
        let client = RoomClient::with_api_key(&url, self.key.key(), self.key.secret().expose_secret());
        client.delete_room(&self.room).await.unwrap();
    }
}
