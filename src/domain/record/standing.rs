//! Where a call stands: what follows from who was in its room when, and from how the room ended.
//!
//! It depends on the facts alone, not on the order in which they came, so that late ones correct what early ones left open.

use super::{CallStatus, Departure, Ending, MemberKind, words};

/// One stay of somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Whose.
    pub identity: String,
    /// What they are.
    pub kind: MemberKind,
    /// When it began.
    pub joined_ms: i64,
    /// When it ended.
    pub left_ms: Option<i64>,
    /// Why, if it was said.
    pub departure: Option<Departure>,
}

/// The end of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// How it is known.
    pub ending: Ending,
    /// When it was, or the last time before it that is known.
    pub at_ms: i64,
}

impl Closing {
    /// Which of two reports of the end counts: what the room server told wins over what was inferred, then the earlier.
    pub fn or(self, other: Option<Self>) -> Self {
        let rank = |closing: &Self| (closing.ending != Ending::Told, closing.at_ms, closing.ending == Ending::Lost);
        other.filter(|other| rank(other) < rank(&self)).unwrap_or(self)
    }
}

/// What follows from the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub status: CallStatus,
    /// The answer, if there was one.
    pub answer: Option<Answer>,
    /// When the call ended: when the last person left, where that is known.
    pub ended_ms: Option<i64>,
    /// Why.
    pub reason: Option<EndReason>,
}

/// When a call was answered, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// When two were there to talk.
    pub at_ms: i64,
    /// Whether it was the team that answered, and not the assistant.
    pub by_team: bool,
}

words! {
    /// Why a call ended.
    EndReason {
        /// The caller hung up.
        CallerLeft = "caller_left",
        /// The assistant said goodbye and left first.
        AssistantLeft = "assistant_left",
        /// The caller's connection was lost and did not come back.
        ConnectionLost = "connection_lost",
        /// The room was closed, or its last person removed.
        Closed = "closed",
        /// The server was stopped in good order.
        ServerStopped = "server_stopped",
        /// The server died; found at its next start.
        ServerLost = "server_lost",
        /// The room had ended while nobody watched.
        Unseen = "unseen",
        /// No person ever came.
        NobodyCame = "nobody_came",
    }
}

/// Where the call of a room stands after these stays, in any order, and this end.
pub fn standing(stays: &[Stay], closing: Option<Closing>) -> Standing {
    let answer = answer(stays);
    let Some(closing) = closing else {
        let status = if answer.is_some() { CallStatus::InProgress } else { CallStatus::Ringing };
        return Standing { status, answer, ended_ms: None, reason: None };
    };
    let Some(last) = last_person(stays) else {
        let reason = Some(EndReason::NobodyCame);
        return Standing { status: CallStatus::Canceled, answer, ended_ms: Some(closing.at_ms), reason };
    };
    let reason = reason(stays, last, closing.ending);
    let status = match reason {
        EndReason::ServerLost | EndReason::ServerStopped => CallStatus::Failed,
        EndReason::CallerLeft
        | EndReason::AssistantLeft
        | EndReason::ConnectionLost
        | EndReason::Closed
        | EndReason::Unseen
        | EndReason::NobodyCame => match answer {
            Some(_) => CallStatus::Completed,
            None => CallStatus::NoAnswer,
        },
    };
    // Who is said to have stayed beyond the end left with it.
    let ended_ms = last.left_ms.unwrap_or(closing.at_ms).min(closing.at_ms).max(last.joined_ms);
    Standing { status, answer, ended_ms: Some(ended_ms), reason: Some(reason) }
}

/// The first moment at which a person and somebody else who can talk were there at once.
fn answer(stays: &[Stay]) -> Option<Answer> {
    let talkers = || stays.iter().filter(|stay| stay.kind.talks());
    let persons = || talkers().filter(|stay| stay.kind == MemberKind::Person);
    let meetings = persons().flat_map(|person| {
        talkers().filter(|other| other.identity != person.identity).filter_map(move |other| {
            let at_ms = person.joined_ms.max(other.joined_ms);
            let until = |stay: &Stay| stay.left_ms.unwrap_or(i64::MAX);
            let by_team = other.kind == MemberKind::Person;
            (at_ms < until(person).min(until(other))).then_some(Answer { at_ms, by_team })
        })
    });
    meetings.min()
}

/// The person's stay that ended last; one that has not ended is the last of all.
fn last_person(stays: &[Stay]) -> Option<&Stay> {
    let persons = stays.iter().filter(|stay| stay.kind == MemberKind::Person);
    persons.max_by_key(|stay| (stay.left_ms.unwrap_or(i64::MAX), stay.joined_ms, stay.departure.map(Departure::as_str)))
}

fn reason(stays: &[Stay], last: &Stay, ending: Ending) -> EndReason {
    let Some(left_ms) = last.left_ms else {
        return match ending {
            Ending::Told => EndReason::Closed,
            Ending::Lost => EndReason::ServerLost,
            Ending::Unseen => EndReason::Unseen,
        };
    };
    match last.departure {
        Some(Departure::ConnectionLost) => EndReason::ConnectionLost,
        Some(Departure::Removed) => EndReason::Closed,
        Some(Departure::ServerStopped) => EndReason::ServerStopped,
        Some(Departure::HungUp | Departure::Replaced) | None => {
            let mut assistants = stays.iter().filter(|stay| stay.kind == MemberKind::Assistant).peekable();
            let is_alone =
                assistants.peek().is_some() && assistants.all(|stay| stay.left_ms.is_some_and(|at| at < left_ms));
            if is_alone { EndReason::AssistantLeft } else { EndReason::CallerLeft }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stay(identity: &str, kind: MemberKind, joined_ms: i64, left: Option<(i64, Departure)>) -> Stay {
        let (left_ms, departure) = left.unzip();
        Stay { identity: identity.into(), kind, joined_ms, left_ms, departure }
    }

    fn told(at_ms: i64) -> Option<Closing> {
        Some(Closing { ending: Ending::Told, at_ms })
    }

    fn ended(status: CallStatus, answered: Option<i64>, ended_ms: i64, reason: EndReason) -> Standing {
        let answer = answered.map(|at_ms| Answer { at_ms, by_team: false });
        Standing { status, answer, ended_ms: Some(ended_ms), reason: Some(reason) }
    }

    use Departure::{ConnectionLost, HungUp, Removed, ServerStopped};
    use MemberKind::{Assistant, Machine, Person};

    #[test]
    fn a_call_rings_until_two_can_talk() {
        let ada = stay("ada", Person, 1000, None);
        let again = stay("ada", Person, 3000, None);
        let ringing = Standing { status: CallStatus::Ringing, answer: None, ended_ms: None, reason: None };
        assert_eq!(standing(&[], None), ringing);
        assert_eq!(standing(&[ada.clone(), again.clone(), stay("rec", Machine, 1500, None)], None), ringing);
        for (other, by_team) in [(stay("bot", Assistant, 500, None), false), (stay("bob", Person, 500, None), true)] {
            let answer = Some(Answer { at_ms: 1000, by_team });
            let expected = Standing { status: CallStatus::InProgress, answer, ended_ms: None, reason: None };
            assert_eq!(standing(&[ada.clone(), other], None), expected);
        }
        // One who left before the other came did not talk.
        let gone = stay("bot", Assistant, 500, Some((900, HungUp)));
        assert_eq!(standing(&[ada, gone], None), ringing);
    }

    #[test]
    fn the_end_says_who_ended_it() {
        let bot = |left| stay("bot", Assistant, 500, left);
        let cases = [
            (Some((9000, HungUp)), Some((24_000, HungUp)), CallStatus::Completed, 9000, EndReason::CallerLeft),
            (Some((9000, HungUp)), Some((8000, HungUp)), CallStatus::Completed, 9000, EndReason::AssistantLeft),
            (Some((9000, ConnectionLost)), None, CallStatus::Completed, 9000, EndReason::ConnectionLost),
            (Some((9000, Removed)), None, CallStatus::Completed, 9000, EndReason::Closed),
            (Some((9000, ServerStopped)), None, CallStatus::Failed, 9000, EndReason::ServerStopped),
            (None, None, CallStatus::Completed, 30_000, EndReason::Closed),
        ];
        for (ada, bots, status, at, reason) in cases {
            let stays = [stay("ada", Person, 1000, ada), bot(bots)];
            assert_eq!(standing(&stays, told(30_000)), ended(status, Some(1000), at, reason));
        }
    }

    #[test]
    fn who_waited_in_vain_was_not_answered_and_who_never_came_cancelled() {
        let ada = stay("ada", Person, 1000, Some((9000, HungUp)));
        assert_eq!(standing(&[ada], told(9500)), ended(CallStatus::NoAnswer, None, 9000, EndReason::CallerLeft));
        let bot = stay("bot", Assistant, 500, Some((9000, HungUp)));
        assert_eq!(standing(&[bot], told(9500)), ended(CallStatus::Canceled, None, 9500, EndReason::NobodyCame));
    }

    #[test]
    fn a_call_that_a_dead_server_carried_failed_unless_its_caller_had_gone() {
        let lost = Some(Closing { ending: Ending::Lost, at_ms: 7000 });
        let bot = || stay("bot", Assistant, 500, None);
        let talking = [stay("ada", Person, 1000, None), bot()];
        assert_eq!(standing(&talking, lost), ended(CallStatus::Failed, Some(1000), 7000, EndReason::ServerLost));
        let gone = [stay("ada", Person, 1000, Some((4000, HungUp))), bot()];
        assert_eq!(standing(&gone, lost), ended(CallStatus::Completed, Some(1000), 4000, EndReason::CallerLeft));
        let unseen = Some(Closing { ending: Ending::Unseen, at_ms: 7000 });
        assert_eq!(standing(&talking, unseen), ended(CallStatus::Completed, Some(1000), 7000, EndReason::Unseen));
    }

    #[test]
    fn what_the_server_told_of_the_end_counts() {
        let closing = |ending, at_ms| Closing { ending, at_ms };
        let (told, lost) = (closing(Ending::Told, 9000), closing(Ending::Lost, 7000));
        assert_eq!((told.or(Some(lost)), lost.or(Some(told)), lost.or(None)), (told, told, lost));
        let later = closing(Ending::Told, 9900);
        assert_eq!((later.or(Some(told)), told.or(Some(later))), (told, told));
    }

    fn stays() -> impl Strategy<Value = Vec<Stay>> {
        let left = prop::option::of((0_i64..50, prop::sample::select(Departure::ALL)));
        let kind = prop::sample::select(MemberKind::ALL);
        let one = (0_u8..4, kind, 0_i64..50, left);
        let one = one.prop_map(|(who, kind, joined_ms, left)| {
            let left = left.map(|(after, why)| (joined_ms + after, why));
            stay(&who.to_string(), kind, joined_ms, left)
        });
        prop::collection::vec(one, 0..6)
    }

    proptest! {
        #[test]
        fn the_order_of_what_is_known_does_not_matter(
            (stays, shuffled) in stays().prop_flat_map(|stays| (Just(stays.clone()), Just(stays).prop_shuffle())),
            closing in prop::option::of((prop::sample::select(Ending::ALL), 0_i64..100)),
        ) {
            let closing = closing.map(|(ending, at_ms)| Closing { ending, at_ms });
            prop_assert_eq!(standing(&stays, closing), standing(&shuffled, closing));
        }

        #[test]
        fn a_call_is_over_when_its_room_is_and_never_before(stays in stays(), at_ms in 0_i64..100) {
            prop_assert!(!standing(&stays, None).status.is_terminal());
            let over = standing(&stays, told(at_ms));
            prop_assert!(over.status.is_terminal() && over.reason.is_some() && over.ended_ms.is_some());
        }
    }
}
