//! Who receives what.

use str0m::media::Mid;

use super::Room;
use crate::server::sfu::{
    ids::{PeerKey, TrackSid},
    negotiation::Negotiation,
    signal::Response,
    track::{Place, Receiver, Stream, Subscription, Track},
};

impl Room {
    pub(super) fn subscribe_to_all(&mut self, peer: PeerKey) {
        if !self.participants.get(&peer).is_some_and(|participant| participant.auto_subscribe) {
            return;
        }
        let others = self.participants.values().filter(|other| other.key != peer);
        let tracks: Vec<_> = others.flat_map(|other| other.published().map(|track| track.sid.clone())).collect();
        tracks.iter().for_each(|track| self.subscribe(peer, track));
    }

    pub(super) fn choose(&mut self, peer: PeerKey, tracks: &[TrackSid], wanted: bool) {
        for track in tracks {
            if wanted { self.subscribe(peer, track) } else { self.unsubscribe(peer, track) }
        }
        self.negotiate(peer);
    }

    /// Stops tracks on their way to one subscriber, or lets them go on.
    pub(super) fn pause(&mut self, peer: PeerKey, tracks: &[TrackSid], paused: bool) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let mut held = Vec::new();
        for subscription in &mut participant.subscriptions {
            if tracks.contains(&subscription.stream.track) {
                subscription.paused = paused;
                held.push((subscription.publisher, subscription.stream.track.clone()));
            }
        }
        for (publisher, track) in held {
            let track = self.participants.get_mut(&publisher).and_then(|publisher| publisher.track_mut(&track));
            let receiver = track.and_then(|track| track.receivers.iter_mut().find(|receiver| receiver.peer == peer));
            if let Some(receiver) = receiver {
                receiver.paused = paused;
            }
        }
    }

    pub(super) fn subscribe(&mut self, peer: PeerKey, track: &TrackSid) {
        let holds = |track_of: &Track| track_of.sid == *track;
        let publisher = self.participants.values().find(|other| other.key != peer && other.published().any(holds));
        let Some((publisher, sid)) = publisher.map(|publisher| (publisher.key, publisher.sid.clone())) else { return };
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let has = participant.subscriptions.iter().any(|subscription| subscription.stream.track == *track);
        if has || !participant.permission.subscribe {
            return;
        }
        let stream = Stream { publisher: sid, track: track.clone() };
        participant.subscriptions.push(Subscription { publisher, stream, place: Place::Waiting, paused: false });
        participant.negotiation.change(None);
    }

    pub(super) fn unsubscribe(&mut self, peer: PeerKey, track: &TrackSid) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let subscriptions = &mut participant.subscriptions;
        let Some(index) = subscriptions.iter().position(|subscription| subscription.stream.track == *track) else {
            return;
        };
        let ended = subscriptions.remove(index);
        participant.negotiation.change(ended.place.mid());
        if let Some(publisher) = self.participants.get_mut(&ended.publisher)
            && let Some(track) = publisher.track_mut(track)
        {
            track.receivers.retain(|receiver| receiver.peer != peer);
        }
    }

    pub(super) fn offered(&mut self, peer: PeerKey, sections: &[(Mid, TrackSid)]) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        for subscription in &mut participant.subscriptions {
            let section = sections.iter().find(|(_, track)| *track == subscription.stream.track);
            if let (Place::Waiting, Some(&(mid, _))) = (subscription.place, section) {
                subscription.place = Place::Offered(mid);
            }
        }
    }

    pub(super) fn answer_taken(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        if let Negotiation::Dual(dual) = &mut participant.negotiation {
            dual.answered();
        }
        self.go_live(peer);
        self.negotiate(peer);
    }

    pub(super) fn offer_failed(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        for subscription in &mut participant.subscriptions {
            if let Place::Offered(_) = subscription.place {
                subscription.place = Place::Waiting;
            }
        }
        if let Negotiation::Dual(dual) = &mut participant.negotiation {
            dual.failed();
        }
    }

    /// Lets packets flow into the sections that were agreed.
    pub(super) fn go_live(&mut self, peer: PeerKey) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let mut live = Vec::new();
        for subscription in &mut participant.subscriptions {
            if let Place::Offered(mid) = subscription.place {
                subscription.place = Place::Live(mid);
                let receiver = Receiver { peer, mid, paused: subscription.paused };
                live.push((subscription.publisher, subscription.stream.track.clone(), receiver));
            }
        }
        for (publisher, track, receiver) in live {
            let Some(published) = self.participants.get_mut(&publisher).and_then(|p| p.track_mut(&track)) else {
                continue;
            };
            published.receivers.push(receiver);
            self.send(publisher, Response::TrackSubscribed(track));
        }
    }
}
