//! One peer connection: str0m's machine with the channels, the backlog and the session descriptions of LiveKit.
//!
//! It does no IO: datagrams go in, and datagrams, events and the time of its next need come out. It must be run after
//! everything that was done to it but receiving a datagram, which runs it by itself, and forwarding, which needs nothing
//! of it. It knows nothing of rooms.
//!
//! str0m does ICE, DTLS, SCTP, the session descriptions and incoming media. Forwarded packets do not pass through it: it
//! would look through all of a connection's streams for each. They are protected here, with the keys of its handshake.

mod dtls;
mod outlet;
mod srtp;

use std::{collections::HashMap, net::SocketAddr, time::Instant};

use bytes::Bytes;
use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcError,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    config::DtlsCert,
    format::Codec,
    media::{Direction, MediaKind, Mid, Pt},
    net::Transmit,
    rtp::{Extension, RtpPacket, Ssrc},
};

use self::{
    dtls::KeySlot,
    outlet::Outlet,
    srtp::{Index, Protector},
};

use super::{
    data::{Backlog, Channel, Overflow},
    forward::Position,
    ids::TrackSid,
    limits,
    negotiation::{sdp, single::Plan},
    network::{Route, SendQueue},
    signal::Description,
    stun,
    track::Stream,
};

/// The ids of the header extensions that are offered; libwebrtc's own choice.
const AUDIO_LEVEL_ID: u8 = 1;
const MID_ID: u8 = 4;

/// What happened on a connection.
#[derive(Debug)]
pub enum TransportEvent {
    /// It is up, for the first time or again.
    Up,
    /// Nothing arrives any more; it may come up again.
    Down,
    /// It is closed for good.
    Closed,
    /// An RTP packet arrived in a section.
    Rtp(Mid, Box<RtpPacket>),
    /// A data packet arrived.
    Data(Channel, Vec<u8>),
}

/// What connections hand out; whoever runs them takes it from here.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Datagrams to be sent.
    pub queue: SendQueue,
    /// What happened.
    pub events: Vec<TransportEvent>,
}

/// A session description that was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// It is too large.
    #[error("the session description is too large")]
    TooLarge,
    /// It cannot be read.
    #[error("the session description cannot be read")]
    Unreadable,
    /// It does not fit the connection.
    #[error("the session description does not fit: {0}")]
    Unfit(#[from] RtcError),
    /// An answer to an offer that is not open.
    #[error("the answer is to no open offer")]
    Stray,
}

/// A peer connection.
#[derive(Debug)]
pub struct Transport {
    rtc: Rtc,
    channels: HashMap<ChannelId, Channel>,
    open: HashMap<Channel, ChannelId>,
    backlog: Backlog,
    pending: Option<SdpPendingOffer>,
    /// Whether the handshake is over: nobody but the peer can say anything that counts from there on.
    is_authentic: bool,
    is_over: bool,
    last_offer: u32,
    receiving: HashMap<Ssrc, Mid>,
    keys: KeySlot,
    protector: Option<Protector>,
    /// The nominated pair of addresses.
    route: Option<Route>,
    outlets: HashMap<Mid, Outlet>,
}

impl Transport {
    /// Makes a connection that listens at `addresses`.
    pub fn new(addresses: &[SocketAddr], certificate: &DtlsCert, now: Instant) -> Self {
        // Without transport-cc: negotiating it makes libwebrtc send padding on the audio stream. VP8 is there so that a
        // browser's unused video sections get a valid answer.
        let mut rtc = Rtc::builder()
            .set_crypto_provider(dtls::crypto())
            .set_dtls_cert(certificate.clone())
            .clear_extension_map()
            .set_extension(AUDIO_LEVEL_ID, Extension::AudioLevel)
            .set_extension(MID_ID, Extension::RtpMid)
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .build(now);
        for &address in addresses {
            match Candidate::host(address, "udp") {
                Ok(candidate) => {
                    rtc.add_local_candidate(candidate);
                }
                Err(error) => tracing::warn!(%address, %error, "address cannot be a candidate"),
            }
        }
        Self {
            rtc,
            channels: HashMap::new(),
            open: HashMap::new(),
            backlog: Backlog::default(),
            pending: None,
            is_authentic: false,
            is_over: false,
            last_offer: 0,
            receiving: HashMap::new(),
            keys: dtls::latest_slot(),
            protector: None,
            route: None,
            outlets: HashMap::new(),
        }
    }

    /// The name by which connectivity checks address this connection.
    pub fn ufrag(&mut self) -> String {
        self.rtc.direct_api().local_ice_credentials().ufrag
    }

    /// Whether a datagram is for this connection: a check with its name, or from an address that passed one.
    pub fn accepts(&self, input: &Input) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a datagram and lets time pass until it came; gives the time at which it wants to be run again.
    /// `nomination` is the way back, where it is a check by which the client chooses the addresses that it came by.
    pub fn receive(&mut self, input: Input, nomination: Option<Route>, out: &mut Outbox) -> Instant {
        if let Err(error) = self.rtc.handle_input(input) {
            // RFC 6347, 4.1.2.7: what was damaged on its way, or made up by a third party, is discarded.
            tracing::debug!(%error, "a datagram that cannot be used");
            if !self.is_authentic {
                self.rtc.disconnect();
            }
        }
        self.drain(nomination, out)
    }

    /// Lets time pass until `now`; gives the time at which it wants to be run again.
    pub fn run(&mut self, now: Instant, out: &mut Outbox) -> Instant {
        self.flush();
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "the connection ends over its timers");
            self.rtc.disconnect();
        }
        self.drain(None, out)
    }

    fn drain(&mut self, nomination: Option<Route>, out: &mut Outbox) -> Instant {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(due)) => {
                    if !self.rtc.is_alive() && !std::mem::replace(&mut self.is_over, true) {
                        self.protector = None;
                        out.events.push(TransportEvent::Closed);
                    }
                    return due;
                }
                Ok(Output::Transmit(Transmit { source, destination, contents, .. })) => {
                    let route = Route { source, destination };
                    // What is no check goes to the pair that str0m holds nominated. It may hold on to an old one for a
                    // while where the client has chosen another, which the answer to that check confirms.
                    let is_confirmed = nomination == Some(route) && stun::is_success(&contents);
                    if is_confirmed || !stun::is_stun(&contents) {
                        self.route = Some(route);
                    }
                    out.queue.push(route, &contents);
                }
                Ok(Output::Event(event)) => self.event(event, &mut out.events),
                Err(error) => {
                    tracing::debug!(%error, "the connection ends");
                    self.rtc.disconnect();
                }
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    fn event(&mut self, event: Event, events: &mut Vec<TransportEvent>) {
        match event {
            Event::Connected => {
                self.is_authentic = true;
                self.protector = self.keys.get().and_then(|keys| Protector::new(keys, &dtls::crypto()));
                if self.protector.is_none() {
                    tracing::warn!("a handshake without keys for media: nothing can be forwarded to this client");
                }
                events.push(TransportEvent::Up);
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => events.push(TransportEvent::Down),
            Event::IceConnectionStateChange(IceConnectionState::Connected | IceConnectionState::Completed)
                if self.rtc.is_connected() =>
            {
                events.push(TransportEvent::Up);
            }
            Event::ChannelOpen(id, label) => {
                // A channel that this side created is known and bears no label here.
                let channel = self.channels.get(&id).copied().or_else(|| Channel::from_label(&label));
                if let Some(channel) = channel {
                    self.channels.insert(id, channel);
                    self.open.insert(channel, id);
                    self.flush();
                }
            }
            Event::ChannelClose(id) => {
                self.channels.remove(&id);
                self.open.retain(|_, open| *open != id);
            }
            Event::ChannelData(data) => {
                if let Some(&channel) = self.channels.get(&data.id) {
                    events.push(TransportEvent::Data(channel, data.data));
                }
            }
            Event::ChannelBufferedAmountLow(_) => self.flush(),
            Event::RtpPacket(packet) => {
                if let Some(mid) = self.section_of(packet.header.ssrc) {
                    events.push(TransportEvent::Rtp(mid, Box::new(packet)));
                }
            }
            _ => {}
        }
    }

    fn section_of(&mut self, ssrc: Ssrc) -> Option<Mid> {
        if let Some(mid) = self.receiving.get(&ssrc) {
            return Some(*mid);
        }
        let mid = self.rtc.direct_api().stream_rx(&ssrc)?.mid();
        self.receiving.insert(ssrc, mid);
        Some(mid)
    }

    /// Accepts the client's offer; the answer carries what `plan` says.
    ///
    /// # Errors
    /// An offer that cannot be read or does not fit.
    pub fn accept_offer(&mut self, offer: &Description, plan: &Plan) -> Result<Description, DescriptionError> {
        if !limits::description_fits(&offer.sdp) {
            return Err(DescriptionError::TooLarge);
        }
        let edited = sdp::silence_unused(&offer.sdp, plan);
        let parsed = SdpOffer::from_sdp_string(&edited).map_err(|_| DescriptionError::Unreadable)?;
        let answer = describe(&mut self.rtc, &mut self.outlets, &offer.sdp, |rtc| rtc.sdp_api().accept_offer(parsed))?;
        self.receiving.clear();
        Ok(Description {
            sdp: sdp::name_streams(&sdp::hide_lite(&answer.to_sdp_string()), plan),
            id: offer.id,
            tracks: plan.iter().map(|(mid, stream)| (*mid, stream.track.clone())).collect(),
        })
    }

    /// Offers the client new sections and the end of others; the first offer brings the data channels.
    /// Gives the sections that the new tracks got.
    pub fn offer(&mut self, add: &[Stream], remove: &[Mid]) -> Option<(Description, Vec<(Mid, TrackSid)>)> {
        let (is_first, channels) = (self.last_offer == 0, &mut self.channels);
        let mut sections = Vec::with_capacity(add.len());
        let applied = describe(&mut self.rtc, &mut self.outlets, "", |rtc| {
            let mut api = rtc.sdp_api();
            if is_first {
                let lossy = Reliability::MaxRetransmits { retransmits: 0 };
                for (channel, ordered, reliability) in
                    [(Channel::Reliable, true, Reliability::Reliable), (Channel::Lossy, false, lossy)]
                {
                    let config =
                        ChannelConfig { label: channel.label().into(), ordered, reliability, ..Default::default() };
                    channels.insert(api.add_channel_with_config(config), channel);
                }
            }
            remove.iter().for_each(|&mid| api.stop_media(mid));
            sections.extend(add.iter().map(|stream| {
                let group = format!("{}|{}", stream.publisher, stream.track);
                let track = stream.track.to_string();
                let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, Some(group), Some(track), None);
                (mid, stream.track.clone())
            }));
            api.apply()
        });
        let (offer, pending) = applied?;
        Some((self.offered(offer, pending, &sections), sections))
    }

    /// Offers the client a restart of ICE.
    pub fn restart_ice(&mut self) -> Option<Description> {
        let (offer, pending) = describe(&mut self.rtc, &mut self.outlets, "", |rtc| {
            let mut api = rtc.sdp_api();
            api.ice_restart(true);
            api.apply()
        })?;
        Some(self.offered(offer, pending, &[]))
    }

    fn offered(&mut self, offer: SdpOffer, pending: SdpPendingOffer, sections: &[(Mid, TrackSid)]) -> Description {
        self.pending = Some(pending);
        self.last_offer += 1;
        let tracks = sections.iter().cloned().collect();
        Description { sdp: offer.to_sdp_string(), id: self.last_offer, tracks }
    }

    /// Accepts the client's answer.
    ///
    /// # Errors
    /// An answer that cannot be read, does not fit, or is to no open offer.
    pub fn accept_answer(&mut self, answer: &Description) -> Result<(), DescriptionError> {
        if answer.id != 0 && answer.id != self.last_offer {
            return Err(DescriptionError::Stray);
        }
        if !limits::description_fits(&answer.sdp) {
            return Err(DescriptionError::TooLarge);
        }
        let edited = sdp::without_candidates(&answer.sdp);
        let parsed = SdpAnswer::from_sdp_string(&edited).map_err(|_| DescriptionError::Unreadable)?;
        let pending = self.pending.take().ok_or(DescriptionError::Stray)?;
        describe(&mut self.rtc, &mut self.outlets, &answer.sdp, |rtc| rtc.sdp_api().accept_answer(pending, parsed))?;
        Ok(())
    }

    /// Sends a data packet; a reliable one waits where the channel does not take it.
    ///
    /// # Errors
    /// Too much waits already.
    pub fn send(&mut self, channel: Channel, packet: Bytes) -> Result<(), Overflow> {
        match channel {
            Channel::Lossy => {
                self.write(Channel::Lossy, &packet);
                Ok(())
            }
            Channel::Reliable if self.backlog.is_empty() && self.write(Channel::Reliable, &packet) => Ok(()),
            Channel::Reliable => self.backlog.push(packet),
        }
    }

    fn write(&mut self, channel: Channel, packet: &[u8]) -> bool {
        let Some(&id) = self.open.get(&channel) else { return false };
        self.rtc.channel(id).is_some_and(|mut channel| matches!(channel.write(true, packet), Ok(true)))
    }

    fn flush(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let mut backlog = std::mem::take(&mut self.backlog);
        backlog.drain(|packet| self.write(Channel::Reliable, packet));
        self.backlog = backlog;
    }

    /// Forwards a packet into a section; before the handshake is over there is no way.
    pub fn forward(&mut self, mid: Mid, position: Position, packet: &RtpPacket, queue: &mut SendQueue) {
        let Some(outlet) = self.outlets.get_mut(&mid) else { return };
        let (Some(protector), Some(route)) = (&mut self.protector, self.route) else { return };
        if !outlet.taken.take(position.sequence) {
            return;
        }
        let header = outlet.header(position, &packet.header);
        let index = Index { ssrc: *outlet.ssrc, sequence: position.sequence };
        let protected =
            queue.push_with(route, |bytes| protector.protect(header.as_bytes(), &packet.payload, index, bytes));
        if let Err(error) = protected {
            tracing::debug!(%error, "packet not protected");
        }
    }
}

/// Lends str0m the outgoing streams for as long as it takes or makes a description, then takes those of the sections in
/// `sdp`. In between it has none: it would tell the client of each that nothing is sent on it.
fn describe<T>(rtc: &mut Rtc, outlets: &mut HashMap<Mid, Outlet>, sdp: &str, change: impl FnOnce(&mut Rtc) -> T) -> T {
    for (&mid, outlet) in &*outlets {
        if rtc.media(mid).is_some() {
            rtc.direct_api().declare_stream_tx(outlet.ssrc, None, mid, None);
        }
    }
    let described = change(rtc);
    for section in sdp::sections(sdp) {
        let Some(mut outlet) = outlet(rtc, section.mid) else { continue };
        if let Some(before) = outlets.get(&section.mid).filter(|before| before.ssrc == outlet.ssrc) {
            outlet.taken = before.taken;
        }
        outlets.insert(section.mid, outlet);
    }
    for outlet in outlets.values() {
        rtc.direct_api().remove_stream_tx(outlet.ssrc);
    }
    described
}

/// The stream of a section that is sent on.
fn outlet(rtc: &mut Rtc, mid: Mid) -> Option<Outlet> {
    let params = rtc.codec_config().params();
    let opus: Vec<Pt> =
        params.iter().filter(|params| params.spec().codec == Codec::Opus).map(|params| params.pt()).collect();
    let ssrc = rtc.direct_api().stream_tx_by_mid(mid, None)?.ssrc();
    let media = rtc.media(mid)?;
    let payload_type = media.remote_pts().iter().copied().find(|pt| opus.contains(pt))?;
    Some(Outlet::new(media, payload_type, ssrc))
}
