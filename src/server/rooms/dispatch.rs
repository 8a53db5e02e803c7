//! Which rooms of the embedded server an assistant has to be sent to: decided by who is there.
//!
//! A pure machine: what happens in the support rooms goes in, with the time since the Unix epoch; whether an assistant
//! is to be sent comes out. An opening room gets one before its visitor has come, and a room that somebody joins gets
//! one if none is there and none is on its way.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use crate::server::sfu::{ParticipantSid, RoomSid};

/// How long an assistant that was sent may take to join: it gives up trying before that.
const ON_ITS_WAY_MAX: Duration = Duration::from_secs(10);

/// The support rooms that are open, by name.
#[derive(Debug, Default)]
pub(super) struct Dispatch {
    rooms: HashMap<String, Attended>,
}

/// One life of a room.
#[derive(Debug)]
struct Attended {
    sid: RoomSid,
    assistants: BTreeSet<ParticipantSid>,
    /// When an assistant was sent that has not joined.
    sent: Option<Duration>,
}

impl Dispatch {
    /// A room has opened; whether to send an assistant.
    pub(super) fn opened(&mut self, name: &str, sid: &RoomSid, now: Duration) -> bool {
        if self.rooms.get(name).is_some_and(|room| room.sid == *sid) {
            return false;
        }
        self.attended(name, sid).sent = Some(now);
        true
    }

    /// A room has closed, unless it is another life of it that is open.
    pub(super) fn closed(&mut self, name: &str, sid: &RoomSid) {
        if self.rooms.get(name).is_some_and(|room| room.sid == *sid) {
            self.rooms.remove(name);
        }
    }

    /// A person's media came up; whether to send an assistant.
    pub(super) fn person_joined(&mut self, name: &str, sid: &RoomSid, now: Duration) -> bool {
        let room = self.attended(name, sid);
        let is_on_its_way = room.sent.is_some_and(|sent| now.saturating_sub(sent) < ON_ITS_WAY_MAX);
        let is_wanted = room.assistants.is_empty() && !is_on_its_way;
        if is_wanted {
            room.sent = Some(now);
        }
        is_wanted
    }

    /// An assistant's media came up.
    pub(super) fn assistant_joined(&mut self, name: &str, sid: &RoomSid, assistant: &ParticipantSid) {
        let room = self.attended(name, sid);
        room.sent = None;
        room.assistants.insert(assistant.clone());
    }

    /// An assistant has left.
    pub(super) fn assistant_left(&mut self, name: &str, assistant: &ParticipantSid) {
        if let Some(room) = self.rooms.get_mut(name) {
            room.assistants.remove(assistant);
        }
    }

    /// Who is in a room, for one who missed what happened; whether to send an assistant.
    pub(super) fn seen(&mut self, name: &str, sid: &RoomSid, there: Present, now: Duration) -> bool {
        let is_new = self.rooms.get(name).is_none_or(|room| room.sid != *sid);
        let room = self.attended(name, sid);
        room.assistants = there.assistants;
        if !room.assistants.is_empty() {
            room.sent = None;
        }
        (is_new || there.has_person) && self.person_joined(name, sid, now)
    }

    /// Forgets the rooms that are not among `open`.
    pub(super) fn retain(&mut self, open: &HashSet<RoomSid>) {
        self.rooms.retain(|_, room| open.contains(&room.sid));
    }

    /// This life of the room; one with another sid is over.
    fn attended(&mut self, name: &str, sid: &RoomSid) -> &mut Attended {
        let new = || Attended { sid: sid.clone(), assistants: BTreeSet::new(), sent: None };
        let room = self.rooms.entry(name.to_owned()).or_insert_with(new);
        if room.sid != *sid {
            *room = new();
        }
        room
    }
}

/// Who is in a room.
#[derive(Debug, Default)]
pub(super) struct Present {
    /// Whether a person is.
    pub(super) has_person: bool,
    /// The assistants that are.
    pub(super) assistants: BTreeSet<ParticipantSid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(n: u32) -> RoomSid {
        RoomSid::try_from(format!("RM_{n}").as_str()).unwrap()
    }

    fn assistant(n: u32) -> ParticipantSid {
        ParticipantSid::try_from(format!("PA_{n}").as_str()).unwrap()
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn an_assistant_is_sent_as_a_room_opens_and_once() {
        let mut dispatch = Dispatch::default();
        assert!(dispatch.opened("a", &life(1), s(0)));
        assert!(!dispatch.opened("a", &life(1), s(0)));
        assert!(!dispatch.person_joined("a", &life(1), s(1)));
        dispatch.assistant_joined("a", &life(1), &assistant(1));
        assert!(!dispatch.person_joined("a", &life(1), s(60)));
    }

    #[test]
    fn who_returns_after_the_assistant_left_gets_one() {
        let mut dispatch = Dispatch::default();
        assert!(dispatch.opened("a", &life(1), s(0)));
        dispatch.assistant_joined("a", &life(1), &assistant(1));
        dispatch.assistant_left("a", &assistant(1));
        assert!(dispatch.person_joined("a", &life(1), s(3)));
        assert!(!dispatch.person_joined("a", &life(1), s(4)));
    }

    #[test]
    fn an_assistant_that_could_not_join_is_sent_again() {
        let mut dispatch = Dispatch::default();
        assert!(dispatch.opened("a", &life(1), s(0)));
        assert!(!dispatch.person_joined("a", &life(1), s(9)));
        assert!(dispatch.person_joined("a", &life(1), s(10)));
    }

    #[test]
    fn the_lives_of_a_room_are_apart() {
        let mut dispatch = Dispatch::default();
        assert!(dispatch.opened("a", &life(1), s(0)));
        dispatch.assistant_joined("a", &life(1), &assistant(1));
        assert!(dispatch.opened("a", &life(2), s(1)));
        dispatch.closed("a", &life(1));
        assert!(!dispatch.opened("a", &life(2), s(1)));
        dispatch.closed("a", &life(2));
        assert!(dispatch.rooms.is_empty());
    }

    #[test]
    fn what_was_missed_is_read_from_who_is_there() {
        let mut dispatch = Dispatch::default();
        assert!(dispatch.opened("a", &life(1), s(0)) && dispatch.opened("b", &life(2), s(0)));
        dispatch.assistant_joined("a", &life(1), &assistant(1));
        let person = || Present { has_person: true, ..Present::default() };
        let both = || Present { has_person: true, assistants: [assistant(3)].into() };
        // The same life, whose assistant has left; one that began meanwhile; one that is served.
        assert!(dispatch.seen("a", &life(1), person(), s(20)));
        assert!(dispatch.seen("c", &life(3), Present::default(), s(20)));
        assert!(!dispatch.seen("d", &life(4), both(), s(20)));
        // Another life under the name of one that is over.
        assert!(dispatch.seen("b", &life(5), Present::default(), s(20)));
        dispatch.retain(&[life(1), life(5)].into());
        let mut names: Vec<_> = dispatch.rooms.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b"]);
    }
}
