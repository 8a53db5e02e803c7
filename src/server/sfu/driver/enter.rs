//! Letting clients in, anew or back into their sessions.

use std::time::Instant;

use super::{Clock, Driver, REFRESHED_TTL};
use crate::server::sfu::{
    admin::Happening,
    command::{Admission, Refusal, Session},
    ids::{ParticipantSid, PeerKey},
    peer::{Connection, Connections, Peer},
    responses::Responses,
    room::{Input, Room, RoomOptions},
    signal::{
        Action, Leg, Reason, Response,
        join::{Entry, Hello},
    },
    transport::Transport,
};

impl Driver {
    pub(super) fn check(&self, admission: &Admission) -> Result<(), Refusal> {
        let claims = &admission.claims;
        if self.revocations.covers(&claims.video.room, &claims.identity, admission.validity) {
            return Err(Refusal::Removed);
        }
        let room = self.names.get(&claims.video.room).and_then(|index| self.rooms.get(index));
        if room.is_some_and(|room| room.is_full_for(claims)) {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    pub(super) fn enter(
        &mut self,
        admission: Admission,
        entry: Entry,
        responses: Responses,
        now: Instant,
    ) -> Result<Option<Session>, Refusal> {
        self.check(&admission)?;
        match entry {
            Entry::Join(hello) => Ok(Some(self.join(admission, hello, responses, now))),
            Entry::Resume(sid) => Ok(self.resume(&admission, sid, responses, now)),
        }
    }

    fn join(&mut self, admission: Admission, hello: Box<Hello>, responses: Responses, now: Instant) -> Session {
        let Admission { claims, validity } = admission;
        let room = self.open_room(&claims.video.room, RoomOptions::default(), now);
        let session = Session { peer: PeerKey(self.next_index()), socket: self.next_socket() };
        let connections = if hello.single {
            Connections::Single(Box::new(self.connect(session.peer, Leg::Publisher, now)))
        } else {
            Connections::Dual {
                publisher: Box::new(self.connect(session.peer, Leg::Publisher, now)),
                subscriber: Box::new(self.connect(session.peer, Leg::Subscriber, now)),
            }
        };
        let peer = Peer { room, connections, socket: session.socket, responses, tokens_end: validity.expires };
        self.peers.insert(session.peer, peer);
        let offer = hello.offer.clone();
        let join = Input::Join { peer: session.peer, socket: session.socket, claims: Box::new(claims), hello };
        self.on(room, join, now);
        self.wind(room);
        if let Some(offer) = offer {
            self.take_offer(session.peer, &offer, now);
        }
        session
    }

    fn connect(&mut self, peer: PeerKey, leg: Leg, now: Instant) -> Connection {
        let mut transport = Transport::new(self.network.announced(), &self.certificate, now);
        self.demux.name(transport.ufrag(), (peer, leg));
        Connection::new(transport, now)
    }

    fn resume(
        &mut self,
        admission: &Admission,
        sid: Option<ParticipantSid>,
        responses: Responses,
        now: Instant,
    ) -> Option<Session> {
        let claims = &admission.claims;
        let room = self.names.get(&claims.video.room).copied();
        let machine = room.and_then(|room| self.rooms.get(&room));
        let key = sid.and_then(|sid| {
            let machine = machine?;
            let key = machine.by_sid(&sid)?;
            machine.participant(key).filter(|participant| participant.claims.identity == claims.identity)?;
            Some(key)
        });
        let (Some(room), Some(key)) = (room, key) else {
            let leave = Response::Leave { reason: Reason::StateMismatch, action: Action::Reconnect };
            // The channel is fresh and has room.
            let _ = responses.send(leave);
            return None;
        };
        let session = Session { peer: key, socket: self.next_socket() };
        let peer = self.peers.get_mut(&key)?;
        // The sender of the socket before is dropped, which closes that socket.
        (peer.socket, peer.responses) = (session.socket, responses);
        peer.tokens_end = peer.tokens_end.max(admission.validity.expires);
        self.on(room, Input::Resume { peer: key, socket: session.socket }, now);
        Some(session)
    }

    pub(super) fn open_room(&mut self, name: &str, options: RoomOptions, now: Instant) -> u64 {
        if let Some(&room) = self.names.get(name) {
            return room;
        }
        let room = self.next_index();
        let machine = Room::new(name.to_owned(), options, rand::Rng::random(&mut self.rng), self.clock.unix(now));
        self.names.insert(name.to_owned(), room);
        self.rooms.insert(room, machine);
        self.tell(room, Happening::RoomStarted, now);
        self.wind(room);
        room
    }

    pub(super) fn refresh_token(&mut self, key: PeerKey) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let Some(participant) = self.rooms.get(&peer.room).and_then(|room| room.participant(key)) else { return };
        let now = Clock::wall();
        match self.key.mint(participant.claims.clone(), now, REFRESHED_TTL) {
            Ok(token) => {
                peer.tokens_end = peer.tokens_end.max(now + REFRESHED_TTL);
                self.send(key, Response::RefreshToken(token));
            }
            Err(error) => tracing::error!(%error, "token not refreshed"),
        }
    }
}
