//! What administrators change while a room is open.

use std::{collections::BTreeMap, time::Duration};

use super::{Output, Room};
use crate::server::sfu::{
    admin::{AdminError, Change},
    ids::{PeerKey, TrackSid},
    limits,
    participant::Permission,
    signal::{ParticipantView, Reason, Response, Stage},
};

impl Room {
    /// Whether a change can be made.
    ///
    /// # Errors
    /// Whom it concerns is not here, or it is too large.
    pub fn would_take(&self, change: &Change) -> Result<(), AdminError> {
        let concerned = match change.identity() {
            Some(identity) => Some(self.by_identity(identity).ok_or(AdminError::NoParticipant)?),
            None => None,
        };
        match change {
            Change::Participant { name, metadata, attributes, .. } => {
                if !limits::name_fits(name) {
                    return Err(AdminError::LongName);
                }
                let mut all = concerned
                    .and_then(|peer| self.participants.get(&peer))
                    .map(|participant| participant.claims.attributes.clone())
                    .unwrap_or_default();
                all.extend(attributes.clone());
                limits::metadata_fits(metadata, &all).then_some(()).ok_or(AdminError::TooMuch)
            }
            Change::Metadata(metadata) => {
                limits::metadata_fits(metadata, &BTreeMap::new()).then_some(()).ok_or(AdminError::TooMuch)
            }
            Change::Mute { .. } | Change::Subscriptions { .. } | Change::Data { .. } => Ok(()),
        }
    }

    pub(super) fn change(&mut self, change: Change, now: Duration) {
        let concerned = change.identity().and_then(|identity| self.by_identity(identity));
        match (change, concerned) {
            (Change::Participant { name, metadata, attributes, permission, .. }, Some(peer)) => {
                if let Some(participant) = self.participants.get_mut(&peer) {
                    participant.rename(name, metadata, attributes);
                }
                match permission {
                    Some(permission) => self.permit(peer, permission, now),
                    None => self.announce(peer),
                }
            }
            (Change::Mute { track, .. }, Some(peer)) => self.silence(peer, &track),
            (Change::Subscriptions { tracks, wanted, .. }, Some(peer)) => self.choose(peer, &tracks, wanted),
            (Change::Metadata(metadata), _) => {
                self.options.metadata = metadata;
                self.tell_room();
            }
            (Change::Data { packet, channel }, _) => {
                let all = self.participants.values();
                let receivers = all.filter(|other| packet.is_for(&other.claims.identity, &other.sid));
                let receivers: Vec<_> = receivers.map(|receiver| receiver.key).collect();
                let packet = packet.sent_by_server();
                let deliver = |peer| Output::Deliver { peer, channel, packet: packet.clone() };
                self.out.extend(receivers.into_iter().map(deliver));
            }
            (Change::Participant { .. } | Change::Mute { .. } | Change::Subscriptions { .. }, None) => {}
        }
    }

    /// Mutes a track and tells its publisher to stop sending.
    fn silence(&mut self, peer: PeerKey, track: &TrackSid) {
        let known = self.participants.get(&peer).is_some_and(|owner| owner.tracks.iter().any(|own| own.sid == *track));
        if known {
            self.send(peer, Response::Mute { track: track.clone(), muted: true });
            self.mute(peer, track, true);
        }
    }

    /// Puts new permissions in force: what is no longer allowed ends at once.
    fn permit(&mut self, peer: PeerKey, permission: Permission, now: Duration) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        let before = std::mem::replace(&mut participant.permission, permission.clone());
        // A refreshed token says what is allowed now.
        permission.write(&mut participant.claims.video);
        let (ended, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut participant.tracks)
            .into_iter()
            .partition(|track| !permission.may_publish(track.request.source));
        participant.tracks = kept;
        let received: Vec<_> = participant.subscriptions.iter().map(|held| held.stream.track.clone()).collect();
        if permission.hidden && !before.hidden {
            self.tell_gone(peer, Reason::Hidden, now);
        }
        self.announce(peer);
        self.tell_tracks(peer, &[], &ended);
        let others: Vec<_> = self.participants.keys().copied().filter(|&other| other != peer).collect();
        for track in ended {
            self.send(peer, Response::TrackUnpublished(track.sid.clone()));
            others.iter().for_each(|&other| self.unsubscribe(other, &track.sid));
        }
        if !permission.subscribe {
            received.iter().for_each(|track| self.unsubscribe(peer, track));
        } else if !before.subscribe {
            self.subscribe_to_all(peer);
        }
        others.into_iter().for_each(|other| self.negotiate(other));
        self.negotiate(peer);
    }

    /// Tells the others that somebody is no longer to be seen.
    fn tell_gone(&mut self, peer: PeerKey, reason: Reason, now: Duration) {
        let Some(participant) = self.participants.get_mut(&peer) else { return };
        participant.version += 1;
        let stage = Stage::Disconnected(reason);
        let gone = ParticipantView { stage, tracks: Vec::new(), ..participant.view() };
        let others: Vec<_> = self.participants.keys().copied().filter(|&other| other != peer).collect();
        others.into_iter().for_each(|other| self.send(other, Response::Update(vec![gone.clone()])));
        self.remember(gone, now);
    }

    /// Tells everybody how the room stands.
    pub(super) fn tell_room(&mut self) {
        let view = self.view();
        self.told = (view.participants, view.publishers);
        let everybody: Vec<_> = self.participants.keys().copied().collect();
        everybody.into_iter().for_each(|peer| self.send(peer, Response::Room(Box::new(view.clone()))));
    }
}
