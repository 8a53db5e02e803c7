//! A place in a room: signalling, two peer connections, text streams.
//!
//! It joins by the room's public address as any participant does (the two-connection path, which every LiveKit server
//! speaks), and turns LiveKit's messages into the few events that a conversation needs. It alone imports LiveKit's
//! protobuf types; it knows nothing of speech, turns or answers.

mod arrivals;
mod driver;
mod others;
mod peer;
mod text;

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use livekit_protocol::JoinResponse;
use livekit_signaling::{CLIENT_PROTOCOL_DEFAULT, SignalClient, SignalError, SignalOptions};
use tokio::sync::mpsc;

pub use self::arrivals::Arrived;
use self::{driver::Driver, peer::Peer};
use crate::{
    domain::record::RoomLife,
    server::{
        agent::RpcFailure,
        token::{ApiKey, Claims, TokenError, VideoGrants},
    },
};

/// The highest signalling protocol with which a server lets the data channels be negotiated in band.
const PROTOCOL: u32 = 16;

/// How often the way to the room server is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// How long the assistant's token lets it join; a room's own life is longer.
const TOKEN_TTL: Duration = Duration::from_secs(600);

/// Orders and events that may wait for the other side: 20 ms of audio each, so five seconds.
const QUEUE: usize = 256;

/// The server that rooms are on, and the key that lets the assistant in.
#[derive(Clone, Debug)]
pub struct Link {
    /// `ws://` or `wss://`, without a path.
    pub url: String,
    /// Signs the assistant's own token.
    pub key: ApiKey,
}

/// Who one is in a room.
#[derive(Clone, Debug)]
pub struct Presence {
    /// The room's name.
    pub room: String,
    /// Unique in the room.
    pub identity: String,
    /// The name that others see.
    pub name: String,
    /// What others are to take one for.
    pub kind: Kind,
    /// Attributes from the start.
    pub attributes: BTreeMap<String, String>,
}

/// What somebody in a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person, by a browser or an app.
    Person,
    /// An assistant.
    Agent,
    /// A recorder, a telephone line, or another machine.
    Other,
}

/// What happens in the room, as far as a conversation cares.
#[derive(Debug, PartialEq)]
pub enum RoomEvent {
    /// The assistant's own track has its id.
    Published {
        /// The track's sid.
        track: String,
    },
    /// Somebody receives the assistant's track.
    Audible,
    /// Somebody is in the room and connected.
    Arrived {
        /// Their identity.
        identity: String,
        /// What they are.
        kind: Kind,
    },
    /// Somebody's attributes, when they arrive and when they change.
    Attributes {
        /// Their identity.
        identity: String,
        /// All of them.
        attributes: BTreeMap<String, String>,
    },
    /// Somebody has left.
    Left {
        /// Their identity.
        identity: String,
    },
    /// One Opus frame of somebody's track.
    Audio {
        /// Their identity.
        identity: String,
        /// The track's sid.
        track: String,
        /// The frame; never empty.
        opus: Vec<u8>,
        /// Whether the frame before it was lost.
        gap: bool,
    },
    /// How well somebody's sound arrived in the last seconds.
    Arrival {
        /// Their identity.
        identity: String,
        /// How well.
        arrived: Arrived,
    },
    /// Somebody's connection, as the room server judges it.
    Quality {
        /// Their identity.
        identity: String,
        /// `excellent`, `good`, `poor` or `lost`.
        quality: &'static str,
    },
    /// How long the way to the room server and back takes.
    RoundTrip(Duration),
    /// Somebody's microphone is switched off.
    Muted {
        /// Their identity.
        identity: String,
    },
    /// A text stream arrived whole.
    Text {
        /// Whose words they are.
        identity: String,
        /// The stream's topic.
        topic: String,
        /// Its attributes; the trailer's win over the header's.
        attributes: BTreeMap<String, String>,
        /// The text.
        text: String,
    },
    /// A byte stream arrived whole.
    Bytes {
        /// Who sent it.
        identity: String,
        /// The stream's topic.
        topic: String,
        /// What the bytes are.
        mime: String,
        /// Its attributes; the trailer's win over the header's.
        attributes: BTreeMap<String, String>,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A data packet.
    Data {
        /// Who sent it.
        identity: String,
        /// Its topic.
        topic: String,
        /// What it holds.
        payload: Vec<u8>,
    },
    /// Somebody calls a method of the assistant by LiveKit's RPC, and waits for [`Order::Answer`].
    Called {
        /// Their identity.
        identity: String,
        /// The call's id.
        id: String,
        /// The method's name.
        method: String,
        /// The version of the protocol.
        version: u32,
    },
    /// Somebody's microphone was recorded before the assistant heard it: the recording follows as a byte stream.
    Recorded {
        /// Their identity.
        identity: String,
        /// The sid of the microphone's track.
        track: String,
    },
    /// The assistant is no longer in the room; nothing follows.
    Closed(Closed),
}

/// Why the assistant is no longer in its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It left, or was asked to, or the room is over.
    Ended,
    /// The connection broke; joining again may help.
    Lost,
}

/// What the conversation sends into the room.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// One Opus frame; `time` counts the samples of a 48 kHz clock.
    Audio {
        /// When it is to be heard.
        time: u64,
        /// The frame.
        opus: Vec<u8>,
    },
    /// Sets attributes of the assistant's participant.
    Attributes(BTreeMap<String, String>),
    /// Opens a text stream; `sender` speaks for another participant.
    OpenText {
        /// The stream's id.
        stream: String,
        /// Its topic.
        topic: &'static str,
        /// Attributes in its header.
        attributes: BTreeMap<String, String>,
        /// Whose words they are, if not the assistant's.
        sender: Option<String>,
    },
    /// Adds to an open text stream.
    WriteText {
        /// The stream's id.
        stream: String,
        /// What to add.
        text: String,
    },
    /// Ends an open text stream.
    CloseText {
        /// The stream's id.
        stream: String,
        /// Attributes in its trailer.
        attributes: BTreeMap<String, String>,
    },
    /// LiveKit's older packet for transcripts.
    Transcript(Transcript),
    /// A data packet to everybody.
    Data {
        /// Its topic.
        topic: &'static str,
        /// What it holds.
        payload: Vec<u8>,
    },
    /// The answer to a call of [`RoomEvent::Called`].
    Answer {
        /// Who called.
        to: String,
        /// The call's id.
        id: String,
        /// What the method gave.
        answer: Result<String, RpcFailure>,
    },
    /// Leaves the room.
    Leave,
}

/// One segment as the older transcription packet has it; text is cumulative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Whose words they are.
    pub identity: String,
    /// The sid of the track that they were heard on.
    pub track: String,
    /// The segment's id.
    pub segment: String,
    /// Its text so far.
    pub text: String,
    /// When it began, since the call did.
    pub start_ms: u64,
    /// When it was heard until.
    pub end_ms: u64,
    /// Whether it will not change any more.
    pub is_final: bool,
    /// Whether the speaker was cut short; the packet has no word for it.
    pub interrupted: bool,
}

/// A room that one is in: where to send orders and where events come from.
pub struct Joined {
    /// Which life of the room; absent where the server gave it no id yet.
    pub room: Option<RoomLife>,
    /// Takes orders; closing it leaves the room.
    pub orders: mpsc::Sender<Order>,
    /// Gives what happens.
    pub events: mpsc::Receiver<RoomEvent>,
}

/// Why one could not join.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server's address cannot be reached from here.
    #[error("no route to the room server: {0}")]
    Route(#[from] io::Error),
    /// Its own token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The server refused, or did not answer.
    #[error("the room server refused: {0}")]
    Signal(#[from] SignalError),
}

impl Link {
    /// Joins the room and keeps to it until an order, the server or the network ends it.
    ///
    /// # Errors
    /// A server that cannot be reached, or that refuses.
    pub async fn join(&self, presence: &Presence) -> Result<Joined, JoinError> {
        let ip = self.local_address().await?;
        let (publisher, subscriber) = (Peer::bind(ip, Some(MEASURE_EVERY)).await?, Peer::bind(ip, None).await?);
        let mut options = SignalOptions::default();
        options.protocol_version = PROTOCOL;
        options.client_protocol = CLIENT_PROTOCOL_DEFAULT;
        options.client_capabilities = Vec::new();
        options.region_failover = false;
        let token = self.token(presence)?;
        let (signal, join, signals) = SignalClient::connect(&self.url, &token, options, None).await?;
        let room = life(&join);
        let (orders, orders_in) = mpsc::channel(QUEUE);
        let (events_out, events) = mpsc::channel(QUEUE);
        let driver = Driver::new(signal, publisher, subscriber, presence.name.clone(), events_out);
        tokio::spawn(driver.run(join, signals, orders_in));
        Ok(Joined { room, orders, events })
    }

    /// The address that the system would send from; loopback for a server on this machine.
    async fn local_address(&self) -> io::Result<IpAddr> {
        let bad = || io::Error::new(io::ErrorKind::InvalidInput, "not a ws:// or wss:// address");
        let (scheme, rest) = self.url.split_once("://").ok_or_else(bad)?;
        let authority = rest.split(['/', '?']).next().ok_or_else(bad)?;
        let with_port = match authority.parse::<SocketAddr>() {
            Ok(_) => authority.to_owned(),
            Err(_) if authority.rsplit(']').next().is_some_and(|tail| tail.contains(':')) => authority.to_owned(),
            Err(_) => format!("{authority}:{}", if scheme == "wss" || scheme == "https" { 443 } else { 80 }),
        };
        let server = tokio::net::lookup_host(with_port).await?.next().ok_or_else(bad)?;
        let any: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
        let probe = tokio::net::UdpSocket::bind((any, 0)).await?;
        probe.connect(server).await?;
        Ok(probe.local_addr()?.ip())
    }

    fn token(&self, presence: &Presence) -> Result<String, TokenError> {
        let claims = Claims {
            identity: presence.identity.clone(),
            name: presence.name.clone(),
            kind: if presence.kind == Kind::Agent { "agent".to_owned() } else { String::new() },
            attributes: presence.attributes.clone(),
            video: VideoGrants {
                room: presence.room.clone(),
                room_join: true,
                can_publish: Some(true),
                can_subscribe: Some(true),
                can_publish_data: Some(true),
                can_update_own_metadata: Some(true),
                agent: presence.kind == Kind::Agent,
                ..VideoGrants::default()
            },
            ..Claims::default()
        };
        self.key.mint(claims, since_epoch(), TOKEN_TTL)
    }
}

fn life(join: &JoinResponse) -> Option<RoomLife> {
    let room = join.room.as_ref().filter(|room| !room.sid.is_empty())?;
    // Servers before LiveKit 1.8 tell the time in seconds alone.
    let opened_ms =
        if room.creation_time_ms > 0 { room.creation_time_ms } else { room.creation_time.saturating_mul(1000) };
    Some(RoomLife { name: room.name.clone(), sid: room.sid.clone(), opened_ms })
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
