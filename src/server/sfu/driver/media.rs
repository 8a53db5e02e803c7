//! Datagrams, connections, session descriptions: everything between the UDP port and the rooms.

use std::{cmp::Reverse, net::SocketAddr, time::Instant};

use bytes::Bytes;
use str0m::{
    Input as RtcInput,
    media::Mid,
    net::{Protocol, Receive},
    rtp::RtpPacket,
};

use super::{Driver, Timer};
use crate::server::sfu::{
    data::Channel,
    demux::LegKey,
    forward::Position,
    ids::PeerKey,
    negotiation::sdp,
    network::{Arrivals, Route},
    room::{Head, Input},
    signal::{Description, Leg, Response},
    stun,
    track::Stream,
    transport::TransportEvent,
};

impl Driver {
    /// Takes the datagrams that have come.
    pub(super) fn burst(&mut self, arrivals: &mut Arrivals, now: Instant) {
        arrivals.clear();
        self.network.receive(arrivals);
        for (source, to, contents) in arrivals.iter() {
            self.datagram(source, to, contents, now);
        }
    }

    /// Takes one datagram, as if it came at `now`.
    pub(super) fn datagram(&mut self, source: SocketAddr, destination: SocketAddr, bytes: &[u8], now: Instant) {
        let Some((key, leg)) = self.demux.guess(source, bytes) else { return };
        let Ok(contents) = bytes.try_into() else { return };
        let input = RtcInput::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents });
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let connection = peer.connection(leg);
        if connection.transport.accepts(&input) {
            let nomination = stun::is_nomination(bytes).then_some(Route { source: destination, destination: source });
            connection.due = connection.transport.receive(input, nomination, &mut self.outbox);
            self.demux.confirm(source, (key, leg));
            self.ran(key, leg, now);
        }
    }

    /// Notes that a connection must be run.
    fn touch(&mut self, key: PeerKey, leg: Leg) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let leg = peer.leg(leg);
        let connection = peer.connection(leg);
        if !std::mem::replace(&mut connection.touched, true) {
            self.touched.push((key, leg));
        }
    }

    /// Runs every connection that was touched, until none is, and sends what they all had to send.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some((key, leg)) = self.touched.pop() {
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            let connection = peer.connection(leg);
            connection.touched = false;
            connection.due = connection.transport.run(now, &mut self.outbox);
            self.ran(key, leg, now);
        }
        self.sent = self.network.send(&mut self.outbox.queue);
    }

    /// Winds the timer of a connection that was run, and takes what happened on it.
    fn ran(&mut self, key: PeerKey, leg: Leg, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let leg = peer.leg(leg);
        let connection = peer.connection(leg);
        if connection.queued.is_none_or(|queued| connection.due < queued) {
            connection.queued = Some(connection.due);
            self.timers.push(Reverse((connection.due, Timer::Leg((key, leg)))));
        }
        let mut events = std::mem::take(&mut self.outbox.events);
        for event in events.drain(..) {
            self.transport_event(key, leg, event, now);
        }
        self.outbox.events = events;
    }

    pub(super) fn leg_due(&mut self, (key, leg): LegKey, at: Instant, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let connection = peer.connection(leg);
        if connection.queued == Some(at) {
            connection.queued = None;
        }
        if connection.due <= now {
            self.touch(key, leg);
        } else if connection.queued.is_none() {
            connection.queued = Some(connection.due);
            self.timers.push(Reverse((connection.due, Timer::Leg((key, leg)))));
        }
    }

    fn transport_event(&mut self, key: PeerKey, leg: Leg, event: TransportEvent, now: Instant) {
        let Some(peer) = self.peers.get(&key) else { return };
        let (room, main) = (peer.room, peer.main_leg() == leg);
        match event {
            TransportEvent::Up if main => self.on(room, Input::MediaUp(key), now),
            TransportEvent::Down | TransportEvent::Closed if main => self.on(room, Input::MediaDown(key), now),
            TransportEvent::Up | TransportEvent::Down | TransportEvent::Closed => {}
            TransportEvent::Rtp(mid, packet) => self.forward(key, mid, &packet, now),
            TransportEvent::Data(channel, bytes) => self.on(room, Input::Data { peer: key, channel, bytes }, now),
        }
    }

    fn forward(&mut self, key: PeerKey, mid: Mid, packet: &RtpPacket, now: Instant) {
        let Some(room) = self.peers.get(&key).and_then(|peer| self.rooms.get_mut(&peer.room)) else { return };
        let head = Head {
            position: Position { sequence: *packet.seq_no, timestamp: packet.header.timestamp },
            padding: packet.payload.is_empty(),
            level: packet.header.ext_vals.audio_level.map(i8::unsigned_abs),
        };
        let mut hops = std::mem::take(&mut self.hops);
        room.forward(key, mid, head, self.clock.unix(now), &mut hops);
        for hop in hops.drain(..) {
            let Some(peer) = self.peers.get_mut(&hop.peer) else { continue };
            let connection = peer.connection(peer.main_leg());
            connection.transport.forward(hop.mid, hop.position, packet, &mut self.outbox.queue);
        }
        self.hops = hops;
    }

    pub(super) fn deliver(&mut self, key: PeerKey, channel: Channel, packet: Bytes) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let leg = peer.main_leg();
        if let Err(error) = peer.connection(leg).transport.send(channel, packet) {
            tracing::debug!(peer = key.0, %error, "data packet dropped");
        }
        self.touch(key, leg);
    }

    pub(super) fn take_offer(&mut self, key: PeerKey, offer: &Description, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let room = peer.room;
        let sections = sdp::sections(&offer.sdp);
        let plan = self.rooms.get(&room).map(|room| room.plan(key, &sections)).unwrap_or_default();
        let transport = &mut peer.connection(Leg::Publisher).transport;
        match transport.accept_offer(offer, &plan) {
            Ok(answer) => {
                // An offer that restarts ICE changes the name.
                self.demux.name(transport.ufrag(), (key, Leg::Publisher));
                self.send(key, Response::Answer(answer));
                self.on(room, Input::OfferAnswered { peer: key, sections, plan }, now);
                self.touch(key, Leg::Publisher);
            }
            Err(error) => tracing::debug!(peer = key.0, %error, "offer refused"),
        }
    }

    pub(super) fn make_offer(&mut self, key: PeerKey, add: &[Stream], remove: &[Mid], now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let room = peer.room;
        let Some((offer, sections)) = peer.connection(Leg::Subscriber).transport.offer(add, remove) else {
            // There was nothing to change after all.
            return self.on(room, Input::AnswerTaken(key), now);
        };
        self.on(room, Input::Offered { peer: key, sections }, now);
        self.send(key, Response::Offer(offer));
        self.touch(key, Leg::Subscriber);
    }

    pub(super) fn restart_ice(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if let Some(offer) = peer.connection(Leg::Subscriber).transport.restart_ice() {
            self.send(key, Response::Offer(offer));
        }
    }

    pub(super) fn take_answer(&mut self, key: PeerKey, answer: &Description, now: Instant) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let room = peer.room;
        let transport = &mut peer.connection(Leg::Subscriber).transport;
        match transport.accept_answer(answer) {
            Ok(()) => {
                self.demux.name(transport.ufrag(), (key, Leg::Subscriber));
                self.on(room, Input::AnswerTaken(key), now);
                self.touch(key, Leg::Subscriber);
            }
            Err(error) => {
                tracing::debug!(peer = key.0, %error, "answer refused");
                self.on(room, Input::OfferFailed(key), now);
            }
        }
    }
}
