//! A room: who is in it, who receives what, and when it ends. Pure: an input and the time in, outputs out; time is
//! counted since the Unix epoch and never runs backwards. It knows nothing of sockets, tokens or SDP.

mod administer;
mod data;
mod presence;
mod publish;
mod subscribe;

pub use self::publish::{Head, Hop};

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use rand::{SeedableRng, rngs::StdRng};
use str0m::media::Mid;

use super::{
    admin::{Change, Happening},
    data::Channel,
    ids::{ParticipantSid, PeerKey, RoomSid, SocketId, TrackSid},
    negotiation::{Negotiation, Step, sdp::Section, single::Plan},
    participant::Participant,
    signal::{Action, ParticipantView, Reason, Response, RoomRequest, RoomView, join::Hello},
    track::Stream,
};
use crate::server::token::Claims;

/// How long a room stays open with nobody ever in it, in seconds: livekit-server's `empty_timeout`.
const EMPTY_TIMEOUT_S: u32 = 300;
/// How long a room stays open after the last one left, in seconds: livekit-server's `departure_timeout`.
const DEPARTURE_TIMEOUT_S: u32 = 20;

/// What a room is opened with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOptions {
    /// How long it stays open with nobody ever in it, in seconds.
    pub empty_timeout_s: u32,
    /// How long it stays open after the last one left, in seconds.
    pub departure_timeout_s: u32,
    /// How many may be in it, agents not counted; 0 means any number.
    pub max_participants: u32,
    /// Free text.
    pub metadata: String,
}

impl Default for RoomOptions {
    fn default() -> Self {
        Self {
            empty_timeout_s: EMPTY_TIMEOUT_S,
            departure_timeout_s: DEPARTURE_TIMEOUT_S,
            max_participants: 0,
            metadata: String::new(),
        }
    }
}

impl RoomOptions {
    /// Gives the times that are 0 their defaults, as administrators mean it.
    pub fn or_defaults(self) -> Self {
        let defaults = Self::default();
        let or = |wanted: u32, default: u32| if wanted == 0 { default } else { wanted };
        Self {
            empty_timeout_s: or(self.empty_timeout_s, defaults.empty_timeout_s),
            departure_timeout_s: or(self.departure_timeout_s, defaults.departure_timeout_s),
            ..self
        }
    }
}

/// What happens to a room.
#[derive(Debug)]
pub enum Input {
    /// Somebody joins.
    Join {
        /// The session's key.
        peer: PeerKey,
        /// Its signal socket.
        socket: SocketId,
        /// Its token.
        claims: Box<Claims>,
        /// What it said.
        hello: Box<Hello>,
    },
    /// Somebody comes back to a session.
    Resume {
        /// The session.
        peer: PeerKey,
        /// Its new socket.
        socket: SocketId,
    },
    /// A socket closed.
    SocketClosed {
        /// The session.
        peer: PeerKey,
        /// Which socket; the session may have another.
        socket: SocketId,
    },
    /// A message arrived, whatever it says.
    Heard(PeerKey),
    /// A client says how long its messages take to the server and back.
    RoundTrip(PeerKey, Duration),
    /// A request.
    Request(PeerKey, RoomRequest),
    /// The participant's main connection is up, for the first time or again.
    MediaUp(PeerKey),
    /// It is down.
    MediaDown(PeerKey),
    /// The client's offer was answered.
    OfferAnswered {
        /// The session.
        peer: PeerKey,
        /// What was offered.
        sections: Vec<Section>,
        /// What the answer carries.
        plan: Plan,
    },
    /// The server's offer went out.
    Offered {
        /// The session.
        peer: PeerKey,
        /// The sections that new tracks got.
        sections: Vec<(Mid, TrackSid)>,
    },
    /// The client answered the server's offer.
    AnswerTaken(PeerKey),
    /// The client answered with something that does not fit.
    OfferFailed(PeerKey),
    /// A data packet.
    Data {
        /// From whom.
        peer: PeerKey,
        /// How it came, and how it goes on.
        channel: Channel,
        /// The packet.
        bytes: Vec<u8>,
    },
    /// An administrator changes something, which [`Room::would_take`] has let pass.
    Change(Box<Change>),
    /// An administrator removes somebody.
    Remove(PeerKey),
    /// The room ends for everybody.
    Close(Reason),
    /// Time passes.
    Tick,
}

/// What a room wants done.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// A message.
    Send(PeerKey, Response),
    /// An offer of the subscriber connection.
    Offer {
        /// To whom.
        peer: PeerKey,
        /// Tracks that get new sections.
        add: Vec<Stream>,
        /// Sections that stop.
        remove: Vec<Mid>,
    },
    /// An offer that restarts the subscriber connection's ICE.
    RestartIce(PeerKey),
    /// A data packet.
    Deliver {
        /// To whom.
        peer: PeerKey,
        /// How.
        channel: Channel,
        /// The packet.
        packet: Bytes,
    },
    /// A token to come back with.
    RefreshToken(PeerKey),
    /// The session is over: its connections go, its socket closes after what was sent.
    End(PeerKey),
    /// Something that others want to know of.
    Tell(Box<Happening>),
    /// The room is over.
    Finished,
}

/// A room.
#[derive(Debug)]
pub struct Room {
    sid: RoomSid,
    name: String,
    options: RoomOptions,
    created: Duration,
    participants: BTreeMap<PeerKey, Participant>,
    /// Those who left lately, for clients that were away then.
    departed: Vec<(Duration, ParticipantView)>,
    vacancy: Vacancy,
    next_window: Duration,
    next_quality: Duration,
    next_refresh: Duration,
    /// How many participants and publishers everybody was last told.
    told: (u32, u32),
    rng: StdRng,
    out: Vec<Output>,
}

/// Whether somebody keeps the room open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vacancy {
    /// Nobody has yet.
    New,
    /// Somebody does.
    Occupied,
    /// Nobody does any more.
    Left { since: Duration },
}

impl Room {
    /// Opens a room; `seed` is what its ids are drawn from.
    pub fn new(name: String, options: RoomOptions, seed: u64, now: Duration) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        Self {
            sid: RoomSid::random(&mut rng),
            name,
            options,
            created: now,
            participants: BTreeMap::new(),
            departed: Vec::new(),
            vacancy: Vacancy::New,
            next_window: now,
            next_quality: now,
            next_refresh: now,
            told: (0, 0),
            rng,
            out: Vec::new(),
        }
    }

    /// Takes an input at `now` and says what is to be done about it, in order.
    pub fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        match input {
            Input::Join { peer, socket, claims, hello } => self.join(peer, socket, *claims, &hello, now),
            Input::Resume { peer, socket } => self.resume(peer, socket, now),
            Input::SocketClosed { peer, socket } => self.socket_closed(peer, socket, now),
            Input::Heard(peer) => self.heard(peer, now),
            Input::RoundTrip(peer, time) => {
                if let Some(participant) = self.participants.get_mut(&peer) {
                    participant.round_trip = time;
                }
            }
            Input::Request(peer, request) => self.request(peer, request, now),
            Input::MediaUp(peer) => self.media_up(peer),
            Input::MediaDown(peer) => self.media_down(peer, now),
            Input::OfferAnswered { peer, sections, plan } => self.offer_answered(peer, sections, &plan),
            Input::Offered { peer, sections } => self.offered(peer, &sections),
            Input::AnswerTaken(peer) => self.answer_taken(peer),
            Input::OfferFailed(peer) => self.offer_failed(peer),
            Input::Data { peer, channel, bytes } => self.data(peer, channel, &bytes),
            Input::Change(change) => self.change(*change, now),
            Input::Remove(peer) => self.end(peer, Reason::ParticipantRemoved, Some(Action::Disconnect), now),
            Input::Close(reason) => self.close(reason, now),
            Input::Tick => self.tick(now),
        }
        std::mem::take(&mut self.out)
    }

    /// The room as clients and administrators see it.
    pub fn view(&self) -> RoomView {
        let counted = || self.participants.values().filter(|participant| participant.keeps_room_open());
        RoomView {
            sid: self.sid.clone(),
            name: self.name.clone(),
            empty_timeout_s: self.options.empty_timeout_s,
            departure_timeout_s: self.options.departure_timeout_s,
            max_participants: self.options.max_participants,
            created: self.created,
            metadata: self.options.metadata.clone(),
            participants: counted().count() as u32,
            publishers: counted().filter(|participant| participant.published().next().is_some()).count() as u32,
        }
    }

    /// Everybody in the room, hidden ones included.
    pub fn participants(&self) -> impl Iterator<Item = &Participant> {
        self.participants.values()
    }

    /// Somebody in the room.
    pub fn participant(&self, peer: PeerKey) -> Option<&Participant> {
        self.participants.get(&peer)
    }

    /// The session that bears this id.
    pub fn by_sid(&self, sid: &ParticipantSid) -> Option<PeerKey> {
        self.participants.values().find(|participant| participant.sid == *sid).map(|participant| participant.key)
    }

    /// The session of this identity.
    pub fn by_identity(&self, identity: &str) -> Option<PeerKey> {
        let mut all = self.participants.values();
        all.find(|participant| participant.claims.identity == identity).map(|participant| participant.key)
    }

    /// Whether one more with this token would be too many.
    pub fn is_full_for(&self, claims: &Claims) -> bool {
        let max = self.options.max_participants as usize;
        let counted = self
            .participants
            .values()
            .filter(|participant| participant.keeps_room_open() && participant.claims.identity != claims.identity);
        max > 0 && claims.kind != "agent" && !claims.video.agent && counted.count() >= max
    }

    /// Which track each section of the answer to `sections` shall carry.
    pub fn plan(&self, peer: PeerKey, sections: &[Section]) -> Plan {
        let Some(participant) = self.participants.get(&peer) else { return Plan::new() };
        match &participant.negotiation {
            Negotiation::Single(single) => single.plan(sections, &participant.subscriptions),
            Negotiation::Dual(_) => Plan::new(),
        }
    }

    fn request(&mut self, peer: PeerKey, request: RoomRequest, now: Duration) {
        match request {
            RoomRequest::AddTrack(track) => self.add_track(peer, track),
            RoomRequest::Mute { track, muted } => self.mute(peer, &track, muted),
            RoomRequest::Subscribe { tracks, wanted } | RoomRequest::SyncState { tracks, wanted } => {
                self.choose(peer, &tracks, wanted);
            }
            RoomRequest::UpdateMetadata { request_id, name, metadata, attributes } => {
                self.update_metadata(peer, request_id, name, metadata, attributes);
            }
            RoomRequest::Settings { tracks, paused } => self.pause(peer, &tracks, paused),
            RoomRequest::UpdateFeatures { track, features } => self.update_features(peer, &track, features),
            RoomRequest::Leave => self.end(peer, Reason::ClientInitiated, None, now),
        }
    }

    fn tell(&mut self, what: Happening) {
        self.out.push(Output::Tell(Box::new(what)));
    }

    fn send(&mut self, peer: PeerKey, response: Response) {
        self.out.push(Output::Send(peer, response));
    }

    /// Tells everybody, the participant itself included, how it stands now.
    fn announce(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        participant.version += 1;
        let (view, hidden) = (participant.view(), participant.permission.hidden);
        let listeners: Vec<_> = self.participants.keys().copied().filter(|&key| !hidden || key == peer).collect();
        for listener in listeners {
            self.send(listener, Response::Update(vec![view.clone()]));
        }
    }

    fn negotiate(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        match participant.negotiation.step(&participant.subscriptions) {
            None => {}
            Some(Step::Ask { audio }) => self.send(peer, Response::SectionsWanted { audio }),
            Some(Step::Offer { add, remove }) => self.out.push(Output::Offer { peer, add, remove }),
        }
    }
}

#[cfg(test)]
mod tests;
