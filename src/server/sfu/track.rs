//! A published track and a subscription to one.

use str0m::media::Mid;

use super::{
    ids::{ParticipantSid, PeerKey, TrackSid},
    quality::Arrivals,
    signal::{TrackRequest, TrackView},
    speakers::Meter,
};

/// A track that a participant announced; published once its section is negotiated.
#[derive(Debug)]
pub struct Track {
    /// Its id.
    pub sid: TrackSid,
    /// What was announced, its `muted` kept up to date.
    pub request: TrackRequest,
    /// The publisher's section.
    pub mid: Option<Mid>,
    /// Who receives it.
    pub receivers: Vec<Receiver>,
    /// How loud it is.
    pub meter: Meter,
    /// How well it arrives.
    pub arrivals: Arrivals,
}

impl Track {
    /// Takes an announcement.
    pub fn new(sid: TrackSid, request: TrackRequest) -> Self {
        Self { sid, request, mid: None, receivers: Vec::new(), meter: Meter::default(), arrivals: Arrivals::default() }
    }

    /// The track as others see it.
    pub fn view(&self) -> TrackView {
        TrackView { sid: self.sid.clone(), mid: self.mid, request: self.request.clone() }
    }
}

/// Somebody whom a track's packets go to: what each of them needs to know, without a look at the subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Receiver {
    /// Who.
    pub peer: PeerKey,
    /// In which section of theirs.
    pub mid: Mid,
    /// Whether they asked to be spared the packets for now.
    pub paused: bool,
}

/// The names by which a subscriber's connection knows a forwarded track: `a=msid:<publisher>|<track> <track>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Who publishes.
    pub publisher: ParticipantSid,
    /// What.
    pub track: TrackSid,
}

/// How far a subscription has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has no section yet.
    Waiting,
    /// Its section stands in an offer that is not answered yet.
    Offered(Mid),
    /// Packets may flow.
    Live(Mid),
}

impl Place {
    /// The section, if it has one.
    pub fn mid(self) -> Option<Mid> {
        match self {
            Self::Waiting => None,
            Self::Offered(mid) | Self::Live(mid) => Some(mid),
        }
    }
}

/// A participant's wish to receive a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Who publishes it.
    pub publisher: PeerKey,
    /// Its names.
    pub stream: Stream,
    /// How far it has come.
    pub place: Place,
    /// Whether the subscriber asked to be spared its packets for now.
    pub paused: bool,
}
