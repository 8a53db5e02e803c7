//! A client of the driver in virtual time: str0m, and what LiveKit's clients do with the server's messages.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use livekit_protocol as lk;
use prost::Message as _;
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpWrite},
};

use super::Rig;
use crate::server::sfu::{
    command::Session,
    ids::ParticipantSid,
    responses::Inbox,
    signal::{
        Description, Request, Response, RoomRequest, SdpRequest, Source, TrackRequest,
        join::{Entry, Hello},
    },
};

/// The client's id of the track that it publishes.
const CID: &str = "microphone";
/// An Opus frame, as LiveKit's clients make them.
const FRAME: Duration = Duration::from_millis(20);
/// The same at Opus's clock of 48 kHz.
const FRAME_SAMPLES: u64 = 960;

/// The two signalling paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/rtc`: two connections.
    V0,
    /// `/rtc/v1`: one.
    V1,
}

/// A client that publishes one audio track and receives everything.
#[derive(Debug)]
pub struct Client {
    /// Its session on its present socket; none while there is no socket.
    pub session: Option<Session>,
    /// What the server calls it.
    pub sid: Option<ParticipantSid>,
    /// What the server said, but for what it only passes on to the connections.
    pub told: Vec<Response>,
    /// The numbers of the frames that it heard, as they came.
    pub heard: Vec<u64>,
    /// The numbers of the data packets that arrived, as they came.
    pub received: Vec<u32>,
    /// Whether the server let go of its socket.
    pub dismissed: bool,
    identity: String,
    inbox: Option<Inbox>,
    requests: VecDeque<Request>,
    publisher: Leg,
    subscriber: Option<Leg>,
    published: Option<Mid>,
    speaks_next: Option<Instant>,
    spoken: u64,
    sent: Vec<lk::DataPacket>,
}

/// One of its connections.
#[derive(Debug)]
struct Leg {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    pending: Option<(u32, SdpPendingOffer)>,
    offers: u32,
    reliable: Option<ChannelId>,
    waiting: VecDeque<Vec<u8>>,
}

impl Client {
    /// Joins the driver's room.
    pub fn join(rig: &mut Rig, identity: &str, path: Path) -> Self {
        let mut publisher = Leg::new(rig.now());
        let offer = (path == Path::V1).then(|| publisher.offer(|api| receive(api, 2)));
        let hello = Hello {
            single: path == Path::V1,
            auto_subscribe: true,
            offer,
            tracks: Vec::new(),
            attributes: Default::default(),
            client_protocol: 0,
            capabilities: Vec::new(),
        };
        let (session, inbox) = rig.enter(identity, Entry::Join(Box::new(hello))).expect("the room is open to all");
        let mut client = Self {
            session,
            sid: None,
            told: Vec::new(),
            heard: Vec::new(),
            received: Vec::new(),
            dismissed: false,
            identity: identity.to_owned(),
            inbox: Some(inbox),
            requests: VecDeque::new(),
            publisher,
            subscriber: (path == Path::V0).then(|| Leg::new(rig.now())),
            published: None,
            speaks_next: None,
            spoken: 0,
            sent: Vec::new(),
        };
        if path == Path::V0 {
            let offer = client.publisher.offer(|_| ());
            client.say(Request::Sdp(SdpRequest::Offer(offer)));
        }
        client
    }

    /// Loses its socket without a word; the driver hears of it by [`Rig::closed`].
    pub fn lose_socket(&mut self) -> Option<Session> {
        self.inbox = None;
        self.requests.clear();
        self.session.take()
    }

    /// Comes back to its session on a new socket.
    pub fn resume(&mut self, rig: &mut Rig) {
        let (session, inbox) = rig.enter(&self.identity, Entry::Resume(self.sid.clone())).expect("nobody is removed");
        (self.session, self.inbox, self.dismissed) = (session, Some(inbox), false);
        let tracks = Vec::new();
        self.say(Request::Room(RoomRequest::SyncState { tracks, wanted: false }));
        let offer = self.publisher.offer(|api| drop(api.ice_restart(true)));
        self.say(Request::Sdp(SdpRequest::Offer(offer)));
    }

    /// Announces and offers its track, then speaks without a pause.
    pub fn publish(&mut self, now: Instant) {
        self.say(Request::Room(RoomRequest::AddTrack(microphone(CID))));
        let published = &mut self.published;
        let offer = self.publisher.offer(|api| {
            let track = Some(CID.to_owned());
            *published = Some(api.add_media(MediaKind::Audio, Direction::SendOnly, None, track, None));
        });
        self.say(Request::Sdp(SdpRequest::Offer(offer)));
        self.speaks_next = Some(now);
    }

    /// Sends a reliable data packet of so many bytes, with the next number.
    pub fn send(&mut self, bytes: usize) {
        let user = lk::UserPacket { payload: vec![0; bytes], ..lk::UserPacket::default() };
        let packet = lk::DataPacket {
            sequence: self.sent.len() as u32 + 1,
            value: Some(lk::data_packet::Value::User(user)),
            ..lk::DataPacket::default()
        };
        self.publisher.waiting.push_back(packet.encode_to_vec());
        self.sent.push(packet);
    }

    /// Sends a message.
    pub fn say(&mut self, request: Request) {
        self.requests.push_back(request);
    }

    /// Takes what it wants to say.
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.requests.drain(..).collect()
    }

    /// Goes on from new addresses, as a telephone that changes networks does.
    pub fn move_away(&mut self) {
        self.publisher.rebind();
        self.subscriber.iter_mut().for_each(Leg::rebind);
    }

    /// How many frames it has said.
    pub fn spoken(&self) -> u64 {
        self.spoken
    }

    /// Whether every connection is up.
    pub fn is_connected(&self) -> bool {
        self.legs().all(|leg| leg.rtc.is_connected())
    }

    /// The addresses that it is reached at.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.legs().map(|leg| leg.address).collect()
    }

    fn legs(&self) -> impl Iterator<Item = &Leg> {
        std::iter::once(&self.publisher).chain(&self.subscriber)
    }

    fn legs_mut(&mut self) -> impl Iterator<Item = &mut Leg> {
        std::iter::once(&mut self.publisher).chain(&mut self.subscriber)
    }

    /// Reads what the server said by now.
    pub fn read(&mut self) -> Vec<Response> {
        let mut responses = Vec::new();
        let Some(inbox) = &mut self.inbox else { return responses };
        while let Some(response) = inbox.recv().now_or_never() {
            let Some(response) = response else {
                self.dismissed = true;
                break;
            };
            responses.push(response);
        }
        responses
    }

    /// Takes a message of the server's.
    pub fn hear(&mut self, response: Response) {
        match &response {
            Response::Join(joined) => self.sid = Some(joined.participant.sid.clone()),
            Response::Reconnect { last_sequence } => {
                let missing = self.sent.iter().filter(|packet| packet.sequence > *last_sequence);
                self.publisher.waiting.extend(missing.map(lk::DataPacket::encode_to_vec));
            }
            Response::Answer(answer) => return self.publisher.take_answer(answer),
            Response::Offer(offer) => {
                if let Some(answer) = self.subscriber.as_mut().and_then(|subscriber| subscriber.answer(offer)) {
                    self.say(Request::Sdp(SdpRequest::Answer(answer)));
                }
                return;
            }
            Response::SectionsWanted { audio } => {
                let audio = *audio;
                let offer = self.publisher.offer(|api| receive(api, audio));
                self.say(Request::Sdp(SdpRequest::Offer(offer)));
                return;
            }
            Response::Room(_)
            | Response::Mute { .. }
            | Response::Update(_)
            | Response::TrackPublished { .. }
            | Response::TrackUnpublished(_)
            | Response::TrackSubscribed(_)
            | Response::Speakers(_)
            | Response::Qualities(_)
            | Response::Outcome { .. }
            | Response::RefreshToken(_)
            | Response::Pong { .. }
            | Response::TimedPong { .. }
            | Response::Leave { .. } => {}
        }
        self.told.push(response);
    }

    /// Takes a datagram that came to one of its addresses.
    pub fn receive(&mut self, source: SocketAddr, destination: SocketAddr, datagram: &[u8], now: Instant) {
        let Some(leg) = self.legs_mut().find(|leg| leg.address == destination) else { return };
        let Ok(contents) = datagram.try_into() else { return };
        let input = Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents });
        if leg.rtc.accepts(&input) {
            let _ = leg.rtc.handle_input(input);
        }
    }

    /// Does what is due at `now`; gives the datagrams that it sends, with where from, and the time of its next need.
    pub fn run(&mut self, now: Instant, datagrams: &mut Vec<(SocketAddr, Vec<u8>)>) -> Instant {
        while let (Some(mid), Some(at)) = (self.published, self.speaks_next.filter(|at| *at <= now)) {
            self.speaks_next = Some(at + FRAME);
            if self.publisher.speak(mid, self.spoken + 1, now) {
                self.spoken += 1;
            }
        }
        let (heard, received) = (&mut self.heard, &mut self.received);
        let legs = std::iter::once(&mut self.publisher).chain(&mut self.subscriber);
        let dues = legs.map(|leg| leg.run(now, datagrams, heard, received));
        dues.chain(self.speaks_next).min().unwrap_or(now)
    }

    /// The datagrams of the driver that lie in its sockets, with where to.
    pub fn pick_up(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut found = Vec::new();
        let mut buffer = [0; 2048];
        for leg in self.legs_mut() {
            loop {
                match leg.socket.recv_from(&mut buffer) {
                    Ok((length, _)) => found.push((leg.address, buffer[..length].to_vec())),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    // What is said of an earlier datagram that did not arrive.
                    Err(_) => {}
                }
            }
        }
        found
    }
}

impl Leg {
    fn new(now: Instant) -> Self {
        let (socket, address) = bind();
        let mut rtc = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("loopback is an address"));
        Self { rtc, socket, address, pending: None, offers: 0, reliable: None, waiting: VecDeque::new() }
    }

    fn rebind(&mut self) {
        (self.socket, self.address) = bind();
        self.rtc.add_local_candidate(Candidate::host(self.address, "udp").expect("loopback is an address"));
    }

    /// Makes an offer; one that changes nothing restarts ICE, so that there is something to offer.
    fn offer(&mut self, change: impl FnOnce(&mut SdpApi)) -> Description {
        let mut api = self.rtc.sdp_api();
        if self.offers == 0 {
            let lossy = Reliability::MaxRetransmits { retransmits: 0 };
            for (label, reliability) in [("_reliable", Reliability::Reliable), ("_lossy", lossy)] {
                let config = ChannelConfig { label: label.into(), reliability, ..ChannelConfig::default() };
                let id = api.add_channel_with_config(config);
                self.reliable.get_or_insert(id);
            }
        }
        change(&mut api);
        if !api.has_changes() {
            api.ice_restart(true);
        }
        let (offer, pending) = api.apply().expect("there is a change");
        self.offers += 1;
        self.pending = Some((self.offers, pending));
        Description { sdp: offer.to_sdp_string(), id: self.offers, ..Description::default() }
    }

    fn take_answer(&mut self, answer: &Description) {
        let Some((_, pending)) = self.pending.take_if(|(id, _)| *id == answer.id) else { return };
        let read = SdpAnswer::from_sdp_string(&answer.sdp).expect("the driver's answers can be read");
        // One that does not fit leaves things as they were, which whoever waits for the call notices.
        let _ = self.rtc.sdp_api().accept_answer(pending, read);
    }

    fn answer(&mut self, offer: &Description) -> Option<Description> {
        let read = SdpOffer::from_sdp_string(&offer.sdp).expect("the driver's offers can be read");
        let answer = self.rtc.sdp_api().accept_offer(read).ok()?;
        Some(Description { sdp: answer.to_sdp_string(), id: offer.id, ..Description::default() })
    }

    /// Says a frame that carries its number; before the connection is up there is nothing to say it on.
    fn speak(&mut self, mid: Mid, number: u64, now: Instant) -> bool {
        if !self.rtc.is_connected() {
            return false;
        }
        let Some(&pt) = self.rtc.media(mid).and_then(|media| media.remote_pts().first()) else { return false };
        let levels = ExtensionValues { audio_level: Some(-10), voice_activity: Some(true), ..Default::default() };
        let timestamp = (number * FRAME_SAMPLES) as u32;
        let write = RtpWrite::new(pt, number.into(), timestamp, now, number.to_be_bytes().to_vec());
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return false };
        stream.write_rtp(write.ext_vals(levels));
        true
    }

    fn run(
        &mut self,
        now: Instant,
        datagrams: &mut Vec<(SocketAddr, Vec<u8>)>,
        heard: &mut Vec<u64>,
        received: &mut Vec<u32>,
    ) -> Instant {
        if let Some(mut channel) = self.reliable.and_then(|id| self.rtc.channel(id)) {
            while self.waiting.front().is_some_and(|packet| matches!(channel.write(true, packet), Ok(true))) {
                self.waiting.pop_front();
            }
        }
        let _ = self.rtc.handle_input(Input::Timeout(now));
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => return due,
                Ok(Output::Transmit(datagram)) => datagrams.push((datagram.source, datagram.contents.to_vec())),
                Ok(Output::Event(event)) => note(event, heard, received),
                Err(_) => self.rtc.disconnect(),
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
fn note(event: Event, heard: &mut Vec<u64>, received: &mut Vec<u32>) {
    match event {
        Event::RtpPacket(packet) => heard.extend(packet.payload.as_ref().try_into().map(u64::from_be_bytes)),
        Event::ChannelData(data) => {
            received.extend(lk::DataPacket::decode(data.data.as_slice()).map(|packet| packet.sequence));
        }
        _ => {}
    }
}

/// What is said of a microphone.
pub fn microphone(cid: &str) -> TrackRequest {
    TrackRequest {
        cid: cid.into(),
        name: String::new(),
        audio: true,
        source: Source::Microphone,
        muted: false,
        disable_dtx: false,
        stereo: false,
        disable_red: false,
        encryption: 0,
        stream: String::new(),
        features: Vec::new(),
    }
}

fn receive(api: &mut SdpApi, sections: u32) {
    for _ in 0..sections {
        api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
    }
}

fn bind() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port of loopback is free");
    socket.set_nonblocking(true).expect("sockets can be told not to wait");
    let address = socket.local_addr().expect("a bound socket has an address");
    (socket, address)
}
