//! Announcing, publishing, muting and forwarding tracks.

use std::time::Duration;

use str0m::media::Mid;

use super::Room;
use crate::server::sfu::{
    admin::Happening,
    forward::Position,
    ids::{PeerKey, TrackSid},
    limits,
    negotiation::{Negotiation, sdp::Section, single::Plan},
    participant::Media,
    signal::{Outcome, Response, Subject, TrackRequest},
    track::{Place, Receiver, Track},
};

/// How many tracks a participant may have announced or published.
const TRACKS_MAX: usize = 16;

/// A packet as far as forwarding is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Where it stands in the publisher's stream.
    pub position: Position,
    /// Without payload: libwebrtc's probe of the bandwidth, which no subscriber wants.
    pub padding: bool,
    /// The publisher's loudness in -dBov, if it says so.
    pub level: Option<u8>,
}

/// A packet's way to one subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// To whom.
    pub peer: PeerKey,
    /// In which section.
    pub mid: Mid,
    /// Where it stands there.
    pub position: Position,
}

impl Room {
    pub(super) fn add_track(&mut self, peer: PeerKey, request: TrackRequest) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let refusal = if !participant.permission.may_publish(request.source) {
            Some(Outcome::NotAllowed)
        } else if !request.audio {
            Some(Outcome::UnsupportedType)
        } else if participant.tracks.len() >= TRACKS_MAX
            || !limits::name_fits(&request.cid)
            || !limits::name_fits(&request.name)
            || !limits::name_fits(&request.stream)
        {
            Some(Outcome::LimitExceeded)
        } else {
            None
        };
        if let Some(outcome) = refusal {
            return self.send(peer, Response::Outcome { request_id: 0, outcome, subject: Subject::AddTrack(request) });
        }
        let track = Track::new(TrackSid::random(&mut self.rng), request);
        let published = Response::TrackPublished { cid: track.request.cid.clone(), track: track.view() };
        participant.tracks.push(track);
        self.send(peer, published);
        self.match_sections(peer);
    }

    pub(super) fn mute(&mut self, peer: PeerKey, track: &TrackSid, muted: bool) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let Some(track) = participant.track_mut(track) else { return };
        if track.request.muted != muted {
            track.request.muted = muted;
            self.announce(peer);
        }
    }

    pub(super) fn update_features(&mut self, peer: PeerKey, track: &TrackSid, features: Vec<i32>) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let Some(track) = participant.track_mut(track) else { return };
        if track.request.features != features {
            track.request.features = features;
            self.announce(peer);
        }
    }

    pub(super) fn offer_answered(&mut self, peer: PeerKey, sections: Vec<Section>, plan: &Plan) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        for subscription in &mut participant.subscriptions {
            let planned = plan.iter().find(|(_, stream)| **stream == subscription.stream);
            if let (Place::Waiting, Some((&mid, _))) = (subscription.place, planned) {
                subscription.place = Place::Offered(mid);
            }
        }
        if let Negotiation::Single(single) = &mut participant.negotiation {
            single.answered(&sections, &participant.subscriptions);
        }
        participant.sections = sections;
        self.go_live(peer);
        self.match_sections(peer);
        self.negotiate(peer);
    }

    /// Binds announcements to the sections on which the client sends. An announcement and its offer race, so that each
    /// finds the other whichever comes first: by the media track's id, or failing that by what is left over.
    fn match_sections(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let sending: Vec<&Section> = participant.sections.iter().filter(|section| section.sends()).collect();
        let (kept, ended): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.tracks)
            .into_iter()
            .partition(|track| track.mid.is_none_or(|mid| sending.iter().any(|section| section.mid == mid)));
        participant.tracks = kept;
        let mut published = Vec::new();
        for by_id in [true, false] {
            for section in &sending {
                if participant.tracks.iter().any(|track| track.mid == Some(section.mid)) {
                    continue;
                }
                let mut announced = participant.tracks.iter_mut().filter(|track| track.mid.is_none());
                let named = |track: &&mut Track| !by_id || section.track.as_ref() == Some(&track.request.cid);
                if let Some(track) = announced.find(named) {
                    track.mid = Some(section.mid);
                    published.push(track.sid.clone());
                }
            }
        }
        if ended.is_empty() && published.is_empty() {
            return;
        }
        self.announce(peer);
        self.tell_tracks(peer, &published, &ended);
        let others: Vec<_> = self.participants.keys().copied().filter(|&other| other != peer).collect();
        for track in ended {
            self.send(peer, Response::TrackUnpublished(track.sid.clone()));
            others.iter().for_each(|&other| self.unsubscribe(other, &track.sid));
        }
        for track in published {
            for &other in &others {
                if self.participants.get(&other).is_some_and(|other| other.auto_subscribe) {
                    self.subscribe(other, &track);
                }
            }
        }
        others.into_iter().for_each(|other| self.negotiate(other));
    }

    /// Tells of tracks that came and went; those of somebody who has not arrived yet are told with the arrival.
    pub(super) fn tell_tracks(&mut self, peer: PeerKey, published: &[TrackSid], ended: &[Track]) {
        let Some(participant) = self.participants.get(&peer).filter(|publisher| publisher.media != Media::Pending)
        else {
            return;
        };
        let publisher = participant.view();
        for track in ended {
            self.tell(Happening::TrackUnpublished(publisher.clone(), track.view()));
        }
        for track in publisher.tracks.iter().filter(|track| published.contains(&track.sid)) {
            self.tell(Happening::TrackPublished(publisher.clone(), track.clone()));
        }
    }

    /// Where a packet that `peer` sent on `mid` goes; the hops are appended to `hops`.
    pub fn forward(&mut self, peer: PeerKey, mid: Mid, head: Head, now: Duration, hops: &mut Vec<Hop>) {
        let Some(publisher) = self.participants.get_mut(&peer) else { return };
        let Some(index) = publisher.tracks.iter().position(|track| track.mid == Some(mid)) else { return };
        let track = &mut publisher.tracks[index];
        track.arrivals.observe(head.position, now);
        let left_out = head.padding || track.request.muted;
        if let Some(level) = head.level.filter(|_| !left_out) {
            track.meter.observe(level);
        }
        let (sid, receivers) = (track.sid.clone(), std::mem::take(&mut track.receivers));
        for &Receiver { peer: receiver, mid, paused } in &receivers {
            let Some(subscriber) = self.participants.get_mut(&receiver) else { continue };
            let outgoing = subscriber.outgoing.entry(mid).or_default();
            if left_out || paused || subscriber.media == Media::Pending {
                outgoing.leave_out(&sid, head.position.sequence);
            } else if let Some(position) = outgoing.place(&sid, head.position, now) {
                hops.push(Hop { peer: receiver, mid, position });
            }
        }
        if let Some(publisher) = self.participants.get_mut(&peer) {
            publisher.tracks[index].receivers = receivers;
        }
    }
}
