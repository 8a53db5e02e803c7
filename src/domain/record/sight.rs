//! What a look at the rooms that stand tells of calls that are recorded as going on.
//!
//! It makes up for what was missed: while the server was down, where webhooks are not configured, when too much happened
//! at once.

use std::collections::BTreeSet;

use super::{Ending, Happened, Member, RoomFact, RoomLife};

/// A room server may tell of a change after it shows it: what is younger than this is left to it.
const SETTLED_MS: i64 = 5_000;
/// How long a call may be out of sight while the room server can still tell how it ended: longer than it tries to.
const OUT_OF_SIGHT_MS: i64 = 30_000;

/// A call that is recorded as going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// Its room.
    pub room: RoomLife,
    /// When it was last known to go on.
    pub seen_ms: i64,
    /// Who is in it.
    pub present: Vec<Member>,
}

/// A room that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingRoom {
    /// Which.
    pub room: RoomLife,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// When it was taken: before the room server was asked.
    pub at_ms: i64,
    /// Every call's room that stands.
    pub standing: Vec<StandingRoom>,
    /// Whether a room that is gone cannot be told of any more, and how its end is to be recorded.
    pub gone: Option<Ending>,
}

impl Sight {
    /// What follows for the calls that are recorded as `open`.
    pub fn facts(&self, open: &[OpenCall]) -> Vec<RoomFact> {
        let mut facts = Vec::new();
        for StandingRoom { room, members } in &self.standing {
            let fact = |what| RoomFact { room: room.clone(), at_ms: self.at_ms, what };
            let known = open.iter().find(|call| call.room.sid == room.sid);
            let present = known.map(|call| call.present.as_slice()).unwrap_or_default();
            facts.extend(known.is_none().then(|| fact(Happened::Opened)));
            let is_known = |member: &&Member| present.iter().any(|other| other.sid == member.sid);
            facts.extend(
                members.iter().filter(|member| !is_known(member)).cloned().map(|who| fact(Happened::Joined(who))),
            );
            let here: BTreeSet<&str> = members.iter().map(|member| member.sid.as_str()).collect();
            let has_left = |member: &&Member| {
                !here.contains(member.sid.as_str()) && self.at_ms.saturating_sub(member.joined_ms) > SETTLED_MS
            };
            facts.extend(present.iter().filter(has_left).cloned().map(|who| fact(Happened::Left(who, None))));
        }
        let stands = |call: &&OpenCall| self.standing.iter().any(|standing| standing.room.sid == call.room.sid);
        for call in open.iter().filter(|call| !stands(call)) {
            let is_overdue = self.at_ms.saturating_sub(call.seen_ms) > OUT_OF_SIGHT_MS;
            if let Some(ending) = self.gone.or(is_overdue.then_some(Ending::Unseen)) {
                let what = Happened::Closed(ending);
                facts.push(RoomFact { room: call.room.clone(), at_ms: call.seen_ms, what });
            }
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::MemberKind;

    fn room(n: u8) -> RoomLife {
        RoomLife { name: format!("support-{n}"), sid: format!("RM_{n}"), opened_ms: 1000 }
    }

    fn member(sid: &str, joined_ms: i64) -> Member {
        let kind = MemberKind::Person;
        Member { sid: sid.into(), identity: sid.to_lowercase(), name: String::new(), kind, joined_ms }
    }

    fn open(n: u8, seen_ms: i64, present: Vec<Member>) -> OpenCall {
        OpenCall { room: room(n), seen_ms, present }
    }

    fn fact(n: u8, at_ms: i64, what: Happened) -> RoomFact {
        RoomFact { room: room(n), at_ms, what }
    }

    #[test]
    fn who_came_and_went_unseen_is_found() {
        let standing = vec![
            StandingRoom { room: room(1), members: vec![member("PA_b", 2000)] },
            StandingRoom { room: room(2), members: vec![member("PA_c", 3000)] },
        ];
        let sight = Sight { at_ms: 60_000, standing, gone: None };
        let facts = sight.facts(&[open(1, 50_000, vec![member("PA_a", 1500)])]);
        let expected = [
            fact(1, 60_000, Happened::Joined(member("PA_b", 2000))),
            fact(1, 60_000, Happened::Left(member("PA_a", 1500), None)),
            fact(2, 60_000, Happened::Opened),
            fact(2, 60_000, Happened::Joined(member("PA_c", 3000))),
        ];
        assert_eq!(facts, expected);
    }

    #[test]
    fn who_has_just_come_may_not_be_shown_yet() {
        let standing = vec![StandingRoom { room: room(1), members: vec![] }];
        let sight = Sight { at_ms: 60_000, standing, gone: None };
        assert_eq!(sight.facts(&[open(1, 59_000, vec![member("PA_a", 58_000)])]), []);
    }

    #[test]
    fn a_room_that_is_gone_is_closed_at_the_last_time_it_was_seen() {
        let closed = |ending| [fact(1, 50_000, Happened::Closed(ending))];
        let look = |at_ms, gone| Sight { at_ms, standing: vec![], gone }.facts(&[open(1, 50_000, vec![])]);
        // The room server may still tell how it ended.
        assert_eq!(look(60_000, None), []);
        assert_eq!(look(80_001, None), closed(Ending::Unseen));
        // At a start it cannot.
        assert_eq!(look(50_000, Some(Ending::Lost)), closed(Ending::Lost));
        assert_eq!(look(50_000, Some(Ending::Unseen)), closed(Ending::Unseen));
    }
}
