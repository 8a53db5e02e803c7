//! One session of a participant: who it is, what it may do, what it publishes and receives, and when it counts as gone.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use str0m::media::Mid;

use super::{
    forward::Outgoing,
    ids::{ParticipantSid, PeerKey, SocketId, TrackSid},
    negotiation::{Negotiation, dual::Dual, sdp::Section, single::Single},
    signal::{ParticipantView, Quality, Reason, Source, Stage, join::Hello},
    track::{Subscription, Track},
};
use crate::server::token::{Claims, VideoGrants};

/// How long a session without a signal socket waits for its client to resume: others see a page that died leave after
/// 20-23 s on livekit-server 1.13.5.
const RESUME_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a session may be without media after it joined, as observed on livekit-server 1.13.5.
const JOIN_TIMEOUT: Duration = Duration::from_secs(57);
/// How long media may be down while the client still signals; it resumes by itself after 30 s at the latest.
const MEDIA_TIMEOUT: Duration = Duration::from_secs(60);

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's client.
    Standard,
    /// An assistant; it does not keep a room open.
    Agent,
}

/// What a participant may do, from its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Receive tracks.
    pub subscribe: bool,
    /// Publish tracks.
    pub publish: bool,
    /// Send data.
    pub publish_data: bool,
    /// The sources that it may publish; empty means every one.
    pub sources: Vec<Source>,
    /// Change its own name, metadata and attributes.
    pub update_metadata: bool,
    /// Not shown to others.
    pub hidden: bool,
    /// Registers as an agent.
    pub agent: bool,
}

impl From<&VideoGrants> for Permission {
    fn from(grants: &VideoGrants) -> Self {
        Self {
            subscribe: grants.can_subscribe.unwrap_or(true),
            publish: grants.can_publish.unwrap_or(true) && !grants.hidden,
            publish_data: grants.can_publish_data.unwrap_or(true),
            sources: grants.can_publish_sources.iter().map(|name| source(name)).collect(),
            update_metadata: grants.can_update_own_metadata.unwrap_or(false),
            hidden: grants.hidden,
            agent: grants.agent,
        }
    }
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::Unknown => "unknown",
        Source::Camera => "camera",
        Source::Microphone => "microphone",
        Source::ScreenShare => "screen_share",
        Source::ScreenShareAudio => "screen_share_audio",
    }
}

fn source(name: &str) -> Source {
    match name {
        "camera" => Source::Camera,
        "microphone" => Source::Microphone,
        "screen_share" => Source::ScreenShare,
        "screen_share_audio" => Source::ScreenShareAudio,
        _ => Source::Unknown,
    }
}

impl Permission {
    /// Writes it into the grants of a token.
    pub fn write(&self, grants: &mut VideoGrants) {
        grants.can_subscribe = Some(self.subscribe);
        grants.can_publish = Some(self.publish);
        grants.can_publish_data = Some(self.publish_data);
        grants.can_publish_sources = self.sources.iter().map(|source| source_name(*source).to_owned()).collect();
        grants.can_update_own_metadata = Some(self.update_metadata);
        grants.hidden = self.hidden;
    }

    /// Whether a track from `source` may be published.
    pub fn may_publish(&self, source: Source) -> bool {
        self.publish && (self.sources.is_empty() || self.sources.contains(&source))
    }
}

/// The signal socket's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Messages go to this socket.
    Open(SocketId),
    /// There is none.
    Lost {
        /// Since when.
        since: Duration,
    },
}

/// The state of the connection that makes a participant active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// It never came up.
    Pending,
    /// Packets flow.
    Up,
    /// It came up and is down.
    Down {
        /// Since when.
        since: Duration,
    },
}

/// A participant's session.
#[derive(Debug)]
pub struct Participant {
    /// Its key.
    pub key: PeerKey,
    /// Its id.
    pub sid: ParticipantSid,
    /// Its token, as it stands now.
    pub claims: Claims,
    /// What it may do.
    pub permission: Permission,
    /// When it joined, since the Unix epoch.
    pub joined: Duration,
    /// Rises with every change that others see.
    pub version: u32,
    /// Its signal socket.
    pub link: Link,
    /// When its last signal arrived.
    pub heard: Duration,
    /// Its media.
    pub media: Media,
    /// What has to be agreed.
    pub negotiation: Negotiation,
    /// Whether it hears everybody unasked.
    pub auto_subscribe: bool,
    /// The sections of its last offer.
    pub sections: Vec<Section>,
    /// What it announced or publishes.
    pub tracks: Vec<Track>,
    /// How long its messages take to the server and back, as it says.
    pub round_trip: Duration,
    /// How well its packets arrive, as others were told.
    pub quality: Quality,
    /// How loud it is, as others were told.
    pub told_level: f32,
    /// What it receives.
    pub subscriptions: Vec<Subscription>,
    /// The streams of the sections that it receives on.
    pub outgoing: HashMap<Mid, Outgoing>,
    /// The last reliable packet that it sent.
    pub last_sequence: u32,
    client_protocol: i32,
    capabilities: Vec<i32>,
}

impl Participant {
    /// Starts a session.
    pub fn new(
        key: PeerKey,
        sid: ParticipantSid,
        socket: SocketId,
        claims: Claims,
        hello: &Hello,
        now: Duration,
    ) -> Self {
        Self {
            key,
            sid,
            permission: Permission::from(&claims.video),
            claims,
            joined: now,
            version: 1,
            link: Link::Open(socket),
            heard: now,
            media: Media::Pending,
            negotiation: if hello.single {
                Negotiation::Single(Single::default())
            } else {
                Negotiation::Dual(Dual::default())
            },
            auto_subscribe: hello.auto_subscribe,
            sections: Vec::new(),
            tracks: Vec::new(),
            round_trip: Duration::ZERO,
            quality: Quality::Excellent,
            told_level: 0.0,
            subscriptions: Vec::new(),
            outgoing: HashMap::new(),
            last_sequence: 0,
            client_protocol: hello.client_protocol,
            capabilities: hello.capabilities.clone(),
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        if self.permission.agent || self.claims.kind == "agent" { Kind::Agent } else { Kind::Standard }
    }

    /// Whether the room stays open for it.
    pub fn keeps_room_open(&self) -> bool {
        self.kind() == Kind::Standard && !self.permission.hidden
    }

    /// The participant as others see it.
    pub fn view(&self) -> ParticipantView {
        ParticipantView {
            sid: self.sid.clone(),
            identity: self.claims.identity.clone(),
            name: self.claims.name.clone(),
            metadata: self.claims.metadata.clone(),
            attributes: self.claims.attributes.clone(),
            stage: if self.media == Media::Pending { Stage::Joined } else { Stage::Active },
            kind: self.kind(),
            version: self.version,
            joined: self.joined,
            tracks: self.published().map(Track::view).collect(),
            permission: self.permission.clone(),
            client_protocol: self.client_protocol,
            capabilities: self.capabilities.clone(),
        }
    }

    /// The tracks that others may receive.
    pub fn published(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.mid.is_some())
    }

    /// An own track by its id.
    pub fn track_mut(&mut self, sid: &TrackSid) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|track| track.sid == *sid)
    }

    /// Changes name, metadata and attributes: what is empty stays, an empty attribute goes.
    pub fn rename(&mut self, name: String, metadata: String, attributes: BTreeMap<String, String>) {
        if !name.is_empty() {
            self.claims.name = name;
        }
        if !metadata.is_empty() {
            self.claims.metadata = metadata;
        }
        for (key, value) in attributes {
            if value.is_empty() {
                self.claims.attributes.remove(&key);
            } else {
                self.claims.attributes.insert(key, value);
            }
        }
    }

    /// Why its session is over at `now`, if it is.
    pub fn overdue(&self, now: Duration) -> Option<Reason> {
        let past = |since: Duration, limit: Duration| now.saturating_sub(since) >= limit;
        if let Link::Lost { since } = self.link
            && past(since, RESUME_TIMEOUT)
        {
            return Some(Reason::SignalClose);
        }
        match self.media {
            Media::Pending => past(self.joined, JOIN_TIMEOUT).then_some(Reason::JoinFailure),
            Media::Up => None,
            Media::Down { since } => {
                let silent = past(since.max(self.heard), RESUME_TIMEOUT);
                (silent || past(since, MEDIA_TIMEOUT)).then_some(Reason::ConnectionTimeout)
            }
        }
    }
}
