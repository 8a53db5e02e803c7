//! Coming, staying and going.

use std::{collections::BTreeMap, time::Duration};

use super::{Output, Room, Vacancy};
use crate::server::{
    sfu::{
        admin::Happening,
        ids::{ParticipantSid, PeerKey, SocketId},
        limits,
        negotiation::Negotiation,
        participant::{Link, Media, Participant},
        quality,
        signal::{
            Action, Joined, Outcome, ParticipantView, Quality, Reason, Response, Speaker, Stage, Subject, join::Hello,
        },
        speakers,
        track::Place,
    },
    token::Claims,
};

/// How long those who left are remembered for clients that were away: a session waits 20 s for a resume.
const DEPARTED_KEPT: Duration = Duration::from_secs(60);
/// How many who left are remembered.
const DEPARTED_MAX: usize = 64;
/// How often tokens are renewed: livekit-server's interval, for tokens that live twice as long.
const REFRESH_INTERVAL: Duration = Duration::from_secs(5 * 60);

impl Room {
    pub(super) fn join(&mut self, peer: PeerKey, socket: SocketId, claims: Claims, hello: &Hello, now: Duration) {
        if let Some(twin) = self.by_identity(&claims.identity) {
            self.end(twin, Reason::DuplicateIdentity, Some(Action::Disconnect), now);
        }
        if self.participants.is_empty() {
            self.next_refresh = now + REFRESH_INTERVAL;
        }
        let others = self.others(peer);
        let sid = ParticipantSid::random(&mut self.rng);
        let participant = Participant::new(peer, sid, socket, claims, hello, now);
        if participant.keeps_room_open() {
            self.vacancy = Vacancy::Occupied;
        }
        let (view, hidden) = (participant.view(), participant.permission.hidden);
        self.participants.insert(peer, participant);
        let joined = Joined { room: self.view(), participant: view.clone(), others, subscriber_primary: !hello.single };
        self.send(peer, Response::Join(Box::new(joined)));
        self.out.push(Output::RefreshToken(peer));
        if !hidden {
            let others: Vec<_> = self.participants.keys().copied().filter(|&other| other != peer).collect();
            others.into_iter().for_each(|other| self.send(other, Response::Update(vec![view.clone()])));
        }
        self.tell_speakers(peer);
        self.subscribe_to_all(peer);
        for track in &hello.tracks {
            self.add_track(peer, track.clone());
        }
        self.negotiate(peer);
    }

    pub(super) fn resume(&mut self, peer: PeerKey, socket: SocketId, now: Duration) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        (participant.link, participant.heard) = (Link::Open(socket), now);
        let last_sequence = participant.last_sequence;
        participant.negotiation.restart();
        let dual = matches!(participant.negotiation, Negotiation::Dual(_));
        // An offer that was not answered is void; its sections never came to be.
        for subscription in &mut participant.subscriptions {
            if let Place::Offered(_) = subscription.place {
                subscription.place = Place::Waiting;
            }
        }
        self.send(peer, Response::Reconnect { last_sequence });
        // The client may have missed any number of updates.
        let mut everybody = self.others(peer);
        everybody.extend(self.departed.iter().map(|(_, view)| view.clone()));
        everybody.extend(self.participants.get(&peer).map(Participant::view));
        self.send(peer, Response::Update(everybody));
        self.tell_speakers(peer);
        self.out.push(Output::RefreshToken(peer));
        if dual {
            self.out.push(Output::RestartIce(peer));
        } else {
            self.negotiate(peer);
        }
    }

    pub(super) fn socket_closed(&mut self, peer: PeerKey, socket: SocketId, now: Duration) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        if participant.link == Link::Open(socket) {
            participant.link = Link::Lost { since: now };
        }
    }

    pub(super) fn heard(&mut self, peer: PeerKey, now: Duration) {
        if let Some(participant) = self.participants.get_mut(&peer) {
            participant.heard = now;
        }
    }

    pub(super) fn media_up(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let first = participant.media == Media::Pending;
        participant.media = Media::Up;
        if !first {
            return;
        }
        if let Negotiation::Single(single) = &mut participant.negotiation {
            single.connected(&participant.subscriptions);
        }
        self.announce(peer);
        if let Some(newcomer) = self.participants.get(&peer).map(Participant::view) {
            let tracks = newcomer.tracks.clone();
            self.tell(Happening::ParticipantJoined(newcomer.clone()));
            tracks.into_iter().for_each(|track| self.tell(Happening::TrackPublished(newcomer.clone(), track)));
        }
        self.tell_qualities(peer);
        self.negotiate(peer);
    }

    pub(super) fn media_down(&mut self, peer: PeerKey, now: Duration) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        if participant.media == Media::Up {
            participant.media = Media::Down { since: now };
        }
    }

    pub(super) fn update_metadata(
        &mut self,
        peer: PeerKey,
        request_id: u32,
        name: String,
        metadata: String,
        attributes: BTreeMap<String, String>,
    ) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let mut merged = participant.claims.attributes.clone();
        merged.extend(attributes.clone());
        let outcome = if !participant.permission.update_metadata {
            Outcome::NotAllowed
        } else if !limits::name_fits(&name) || !limits::metadata_fits(&metadata, &merged) {
            Outcome::LimitExceeded
        } else {
            participant.rename(name, metadata, attributes);
            Outcome::Ok
        };
        self.send(peer, Response::Outcome { request_id, outcome, subject: Subject::Metadata });
        if outcome == Outcome::Ok {
            self.announce(peer);
        }
    }

    /// Ends a session; the client is told where `action` says what it should do about it.
    pub(super) fn end(&mut self, peer: PeerKey, reason: Reason, action: Option<Action>, now: Duration) {
        let Some(participant) = self.participants.remove(&peer) else { return };
        if let Some(action) = action {
            self.send(peer, Response::Leave { reason, action });
        }
        self.out.push(Output::End(peer));
        for publisher in self.participants.values_mut() {
            publisher.tracks.iter_mut().for_each(|track| track.receivers.retain(|receiver| receiver.peer != peer));
        }
        let others: Vec<_> = self.participants.keys().copied().collect();
        if !participant.permission.hidden {
            let gone = ParticipantView {
                stage: Stage::Disconnected(reason),
                version: participant.version + 1,
                tracks: Vec::new(),
                ..participant.view()
            };
            others.iter().for_each(|&other| self.send(other, Response::Update(vec![gone.clone()])));
            self.remember(gone, now);
        }
        for track in participant.published() {
            others.iter().for_each(|&other| self.unsubscribe(other, &track.sid));
        }
        let last = participant.view();
        let gone = ParticipantView { stage: Stage::Disconnected(reason), tracks: Vec::new(), ..last.clone() };
        if participant.media == Media::Pending {
            self.tell(Happening::ParticipantAborted(gone));
        } else {
            last.tracks.iter().for_each(|track| self.tell(Happening::TrackUnpublished(last.clone(), track.clone())));
            self.tell(Happening::ParticipantLeft(gone));
        }
        others.into_iter().for_each(|other| self.negotiate(other));
        if self.vacancy == Vacancy::Occupied && !self.participants.values().any(Participant::keeps_room_open) {
            self.vacancy = Vacancy::Left { since: now };
        }
    }

    /// Keeps somebody who left in mind for clients that were away meanwhile: the last stay of each, without what is of no
    /// use once it is over.
    pub(super) fn remember(&mut self, gone: ParticipantView, now: Duration) {
        self.departed.retain(|(_, known)| known.identity != gone.identity);
        if self.departed.len() >= DEPARTED_MAX {
            self.departed.remove(0);
        }
        let slim =
            ParticipantView { metadata: String::new(), attributes: BTreeMap::new(), capabilities: Vec::new(), ..gone };
        self.departed.push((now, slim));
    }

    pub(super) fn close(&mut self, reason: Reason, now: Duration) {
        // A server that stops is normally started again: the clients' calls go on if they come back.
        let action = if reason == Reason::ServerShutdown { Action::Reconnect } else { Action::Disconnect };
        while let Some(&peer) = self.participants.keys().next() {
            self.end(peer, reason, Some(action), now);
        }
        self.out.push(Output::Finished);
    }

    pub(super) fn tick(&mut self, now: Duration) {
        let overdue: Vec<_> = self
            .participants
            .values()
            .filter_map(|participant| Some((participant.key, participant.overdue(now)?)))
            .collect();
        for (peer, reason) in overdue {
            self.end(peer, reason, Some(Action::Disconnect), now);
        }
        self.departed.retain(|(since, _)| now.saturating_sub(*since) < DEPARTED_KEPT);
        if now >= self.next_window {
            self.next_window = now + speakers::WINDOW;
            self.judge_speakers();
        }
        let view = self.view();
        if (view.participants, view.publishers) != self.told {
            self.tell_room();
        }
        if now >= self.next_quality {
            self.next_quality = now + quality::WINDOW;
            self.judge_qualities();
        }
        if now >= self.next_refresh {
            self.next_refresh = now + REFRESH_INTERVAL;
            self.out.extend(self.participants.keys().map(|&peer| Output::RefreshToken(peer)));
        }
        if self.closes_at().is_some_and(|at| now >= at) {
            self.close(Reason::RoomClosed, now);
        }
    }

    /// When the room wants its next [`Input::Tick`](super::Input::Tick).
    pub fn next_tick(&self) -> Duration {
        let closes = self.closes_at().unwrap_or(Duration::MAX);
        if self.participants.is_empty() { closes } else { closes.min(self.next_window) }
    }

    fn closes_at(&self) -> Option<Duration> {
        match self.vacancy {
            Vacancy::New => Some(self.created + Duration::from_secs(self.options.empty_timeout_s.into())),
            Vacancy::Occupied => None,
            Vacancy::Left { since } => Some(since + Duration::from_secs(self.options.departure_timeout_s.into())),
        }
    }

    fn others(&self, peer: PeerKey) -> Vec<ParticipantView> {
        let shown = |other: &&Participant| other.key != peer && !other.permission.hidden;
        self.participants.values().filter(shown).map(Participant::view).collect()
    }

    fn judge_speakers(&mut self) {
        let mut changed = Vec::new();
        for participant in self.participants.values_mut() {
            for track in &mut participant.tracks {
                track.meter.judge();
            }
            let level = loudest(participant);
            if level != std::mem::replace(&mut participant.told_level, level) {
                changed.push(Speaker { sid: participant.sid.clone(), level, active: level > 0.0 });
            }
        }
        if changed.is_empty() {
            return;
        }
        let listeners: Vec<_> = self.participants.keys().copied().collect();
        listeners.into_iter().for_each(|listener| self.send(listener, Response::Speakers(changed.clone())));
    }

    fn judge_qualities(&mut self) {
        let mut changed = Vec::new();
        for participant in self.participants.values_mut() {
            let round_trip = participant.round_trip;
            let judged = participant.tracks.iter_mut().filter_map(|track| track.arrivals.judge(round_trip)).min();
            let quality = match participant.media {
                Media::Down { .. } => Quality::Lost,
                Media::Pending | Media::Up => judged.unwrap_or(participant.quality.max(Quality::Poor)),
            };
            if quality != participant.quality {
                participant.quality = quality;
                changed.push((participant.key, participant.sid.clone(), quality));
            }
        }
        let listeners: Vec<_> = self.participants.keys().copied().collect();
        for listener in listeners {
            let news = changed.iter().filter(|(key, _, quality)| *key != listener || *quality != Quality::Lost);
            let news: Vec<_> = news.map(|(_, sid, quality)| (sid.clone(), *quality)).collect();
            if !news.is_empty() {
                self.send(listener, Response::Qualities(news));
            }
        }
    }

    /// Tells a newcomer how everybody is, and everybody how the newcomer is.
    fn tell_qualities(&mut self, peer: PeerKey) {
        let shown = self.participants.values().filter(|other| other.key == peer || !other.permission.hidden);
        let qualities: Vec<_> = shown.map(|other| (other.sid.clone(), other.quality)).collect();
        self.send(peer, Response::Qualities(qualities));
        let Some(newcomer) = self.participants.get(&peer).filter(|newcomer| !newcomer.permission.hidden) else {
            return;
        };
        let own = Response::Qualities(vec![(newcomer.sid.clone(), newcomer.quality)]);
        let others: Vec<_> = self.participants.keys().copied().filter(|&other| other != peer).collect();
        others.into_iter().for_each(|other| self.send(other, own.clone()));
    }

    fn tell_speakers(&mut self, peer: PeerKey) {
        let speaking = self.participants.values().filter(|participant| loudest(participant) > 0.0);
        let speakers: Vec<_> = speaking
            .map(|participant| Speaker { sid: participant.sid.clone(), level: loudest(participant), active: true })
            .collect();
        if !speakers.is_empty() {
            self.send(peer, Response::Speakers(speakers));
        }
    }
}

fn loudest(participant: &Participant) -> f32 {
    participant.tracks.iter().map(|track| track.meter.level()).fold(0.0, f32::max)
}
