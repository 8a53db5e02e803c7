//! Everybody else in the room: the server's updates in, who came and left and what changed about them out.

use std::collections::{BTreeMap, HashMap};

use livekit_protocol::{AudioTrackFeature, ParticipantInfo, TrackInfo, TrackSource, participant_info};

use super::{Kind, RoomEvent};

/// The others, by the sid of their stay.
#[derive(Debug, Default)]
pub(super) struct Others {
    others: HashMap<String, Other>,
}

#[derive(Debug)]
struct Other {
    identity: String,
    is_present: bool,
    /// Whether it was told that their microphone was recorded.
    is_recorded: bool,
    attributes: BTreeMap<String, String>,
}

impl Others {
    /// The identity of the one of this sid.
    pub(super) fn identity(&self, sid: &str) -> Option<&str> {
        self.others.get(sid).map(|other| other.identity.as_str())
    }

    /// Takes what the server says of one of them.
    pub(super) fn on(&mut self, info: ParticipantInfo) -> Vec<RoomEvent> {
        let identity = info.identity.clone();
        let known = self.others.remove(&info.sid);
        let was_present = known.as_ref().is_some_and(|other| other.is_present);
        if info.state() == participant_info::State::Disconnected {
            return was_present.then_some(RoomEvent::Left { identity }).into_iter().collect();
        }
        let mut events = Vec::new();
        let is_present = was_present || info.state() == participant_info::State::Active;
        let attributes: BTreeMap<_, _> = info.attributes.clone().into_iter().collect();
        let has_changed = known.as_ref().is_none_or(|other| other.attributes != attributes);
        let microphone = info.tracks.iter().find(|track| track.source() == TrackSource::Microphone);
        let was_recorded = known.is_some_and(|other| other.is_recorded);
        let recorded = |track: &TrackInfo| track.audio_features().any(|it| it == AudioTrackFeature::TfPreconnectBuffer);
        let recorded = microphone.filter(|track| is_present && recorded(track));
        let is_recorded = recorded.is_some();
        let other = Other { identity: identity.clone(), is_present, is_recorded, attributes: attributes.clone() };
        self.others.insert(info.sid.clone(), other);
        if is_present && !was_present {
            events.push(RoomEvent::Arrived { identity: identity.clone(), kind: kind_of(&info) });
        }
        if has_changed && !attributes.is_empty() {
            events.push(RoomEvent::Attributes { identity: identity.clone(), attributes });
        }
        if let Some(track) = recorded.filter(|_| !was_recorded) {
            events.push(RoomEvent::Recorded { identity: identity.clone(), track: track.sid.clone() });
        }
        if microphone.is_some_and(|track| track.muted) {
            events.push(RoomEvent::Muted { identity });
        }
        events
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
fn kind_of(info: &ParticipantInfo) -> Kind {
    match info.kind() {
        participant_info::Kind::Standard => Kind::Person,
        participant_info::Kind::Agent => Kind::Agent,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use participant_info::State;

    use super::*;

    fn ada(state: State) -> ParticipantInfo {
        let (sid, identity) = ("PA_a".to_owned(), "ada".to_owned());
        ParticipantInfo { sid, identity, state: state as i32, ..Default::default() }
    }

    fn left() -> RoomEvent {
        RoomEvent::Left { identity: "ada".into() }
    }

    #[test]
    fn they_arrive_with_their_media_and_leave_once() {
        let mut others = Others::default();
        let arrived = RoomEvent::Arrived { identity: "ada".into(), kind: Kind::Person };
        assert_eq!(others.on(ada(State::Joined)), []);
        assert_eq!(others.identity("PA_a"), Some("ada"));
        assert_eq!(others.on(ada(State::Active)), [arrived]);
        assert_eq!(others.on(ada(State::Active)), []);
        assert_eq!(others.on(ada(State::Disconnected)), [left()]);
        assert_eq!(others.on(ada(State::Disconnected)), []);
        assert_eq!(others.identity("PA_a"), None);
    }

    #[test]
    fn who_never_had_media_never_left() {
        let mut others = Others::default();
        assert_eq!(others.on(ada(State::Joined)), []);
        assert_eq!(others.on(ada(State::Disconnected)), []);
    }

    #[test]
    fn attributes_are_told_when_they_change_and_a_muted_microphone_each_time() {
        let mut others = Others::default();
        let mut info = ada(State::Joined);
        info.attributes.insert("mood".into(), "good".into());
        let attributes = BTreeMap::from([("mood".to_owned(), "good".to_owned())]);
        assert_eq!(others.on(info.clone()), [RoomEvent::Attributes { identity: "ada".into(), attributes }]);
        info.tracks = vec![TrackInfo { source: TrackSource::Microphone as i32, muted: true, ..Default::default() }];
        assert_eq!(others.on(info), [RoomEvent::Muted { identity: "ada".into() }]);
    }

    #[test]
    fn a_recorded_microphone_is_told_once() {
        let mut others = Others::default();
        let mut info = ada(State::Active);
        let features = vec![AudioTrackFeature::TfPreconnectBuffer as i32];
        let source = TrackSource::Microphone as i32;
        info.tracks = vec![TrackInfo { sid: "TR_a".into(), source, audio_features: features, ..Default::default() }];
        let identity = || "ada".to_owned();
        let arrived = RoomEvent::Arrived { identity: identity(), kind: Kind::Person };
        assert_eq!(
            others.on(info.clone()),
            [arrived, RoomEvent::Recorded { identity: identity(), track: "TR_a".into() }]
        );
        assert_eq!(others.on(info), []);
    }
}
