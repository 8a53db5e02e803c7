//! Negotiation of v1: one connection, always offered by the client. The server asks for sections
//! (`MediaSectionsRequirement`) and fills those that an offer brings.

use std::collections::{BTreeMap, BTreeSet};

use str0m::media::Mid;

use super::{
    Step,
    sdp::{Section, SectionDirection},
};
use crate::server::sfu::track::{Place, Stream, Subscription};

/// Which track each section of an answer carries.
pub type Plan = BTreeMap<Mid, Stream>;

/// The state of a single-connection negotiation.
#[derive(Debug, Default)]
pub struct Single {
    /// The client's audio sections of its last offer that can carry a track to it.
    receiving: Vec<Mid>,
    /// Sections on which the client has published; their numbering is its own.
    published: BTreeSet<Mid>,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// The client has not connected: an offer of its own comes first.
    #[default]
    Connecting,
    /// Client and server agree.
    Settled,
    /// Subscriptions changed since the last answer.
    Changed,
    /// The client was asked for an offer.
    Asked,
}

impl Single {
    /// Notes that subscriptions changed; the answer to an offer that is asked for already will show it.
    pub fn change(&mut self) {
        if self.state == State::Settled {
            self.state = State::Changed;
        }
    }

    /// Notes that the client is connected and may be asked.
    pub fn connected(&mut self, subscriptions: &[Subscription]) {
        if self.state == State::Connecting {
            self.state = State::after_answer(subscriptions);
        }
    }

    /// Forgets an unanswered request.
    pub fn restart(&mut self) {
        if self.state == State::Asked {
            self.state = State::Changed;
        }
    }

    /// Assigns subscriptions that wait to the free sections of an offer; those that have a section keep it.
    pub fn plan(&self, sections: &[Section], subscriptions: &[Subscription]) -> Plan {
        let mut plan: Plan = subscriptions
            .iter()
            .filter_map(|subscription| Some((subscription.place.mid()?, subscription.stream.clone())))
            .collect();
        let free: Vec<Mid> = self.usable(sections).into_iter().filter(|mid| !plan.contains_key(mid)).collect();
        let waiting = subscriptions.iter().filter(|subscription| subscription.place == Place::Waiting);
        plan.extend(free.into_iter().zip(waiting.map(|subscription| subscription.stream.clone())));
        plan
    }

    /// Notes that an offer was answered, after the plan was carried out.
    pub fn answered(&mut self, sections: &[Section], subscriptions: &[Subscription]) {
        self.published.extend(sections.iter().filter(|section| section.sends()).map(|section| section.mid));
        self.receiving = self.usable(sections);
        if self.state != State::Connecting {
            self.state = State::after_answer(subscriptions);
        }
    }

    /// What to ask for.
    pub fn step(&mut self, subscriptions: &[Subscription]) -> Option<Step> {
        if self.state != State::Changed {
            return None;
        }
        let taken: BTreeSet<Mid> = subscriptions.iter().filter_map(|subscription| subscription.place.mid()).collect();
        let waiting = subscriptions.iter().filter(|subscription| subscription.place == Place::Waiting).count();
        let free = self.receiving.iter().filter(|mid| !taken.contains(mid)).count();
        self.state = State::Asked;
        Some(Step::Ask { audio: waiting.saturating_sub(free) as u32 })
    }

    fn usable(&self, sections: &[Section]) -> Vec<Mid> {
        let usable = sections.iter().filter(|section| section.audio && section.direction == SectionDirection::RecvOnly);
        usable.map(|section| section.mid).filter(|mid| !self.published.contains(mid)).collect()
    }
}

impl State {
    fn after_answer(subscriptions: &[Subscription]) -> Self {
        let waiting = subscriptions.iter().any(|subscription| subscription.place == Place::Waiting);
        if waiting { Self::Changed } else { Self::Settled }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::sfu::ids::{ParticipantSid, PeerKey, TrackSid};

    fn subscription(track: &str, place: Place) -> Subscription {
        let stream =
            Stream { publisher: ParticipantSid::try_from("PA_p").unwrap(), track: TrackSid::try_from(track).unwrap() };
        Subscription { publisher: PeerKey(9), stream, place, paused: false }
    }

    fn section(mid: &str, direction: SectionDirection) -> Section {
        Section { mid: Mid::from(mid), audio: true, direction, track: None }
    }

    fn planned(plan: &Plan) -> Vec<(String, String)> {
        plan.iter().map(|(mid, stream)| (mid.to_string(), stream.track.to_string())).collect()
    }

    #[test]
    fn an_offer_is_filled_and_only_what_is_missing_is_asked_for() {
        let mut single = Single::default();
        let offer = [section("0", SectionDirection::RecvOnly), section("1", SectionDirection::SendOnly)];
        let mut wanted = vec![subscription("TR_a", Place::Waiting), subscription("TR_b", Place::Waiting)];
        let plan = single.plan(&offer, &wanted);
        assert_eq!(planned(&plan), [("0".to_owned(), "TR_a".to_owned())]);
        wanted[0].place = Place::Live(Mid::from("0"));
        single.answered(&offer, &wanted);
        assert_eq!(single.step(&wanted), None);
        single.connected(&wanted);
        assert_eq!(single.step(&wanted), Some(Step::Ask { audio: 1 }));
        assert_eq!(single.step(&wanted), None);
    }

    #[test]
    fn an_answer_that_serves_everyone_settles() {
        let mut single = Single::default();
        single.connected(&[]);
        assert_eq!(single.step(&[]), None);
        single.change();
        assert_eq!(single.step(&[]), Some(Step::Ask { audio: 0 }));
        single.answered(&[], &[]);
        assert_eq!(single.step(&[]), None);
    }

    #[test]
    fn a_section_that_was_published_on_is_not_used() {
        let mut single = Single::default();
        single.answered(&[section("0", SectionDirection::SendOnly)], &[]);
        let plan = single.plan(&[section("0", SectionDirection::RecvOnly)], &[subscription("TR_a", Place::Waiting)]);
        assert!(plan.is_empty());
    }

    #[test]
    fn a_request_that_got_lost_is_made_again() {
        let mut single = Single::default();
        let wanted = [subscription("TR_a", Place::Waiting)];
        single.connected(&wanted);
        assert_eq!(single.step(&wanted), Some(Step::Ask { audio: 1 }));
        single.restart();
        assert_eq!(single.step(&wanted), Some(Step::Ask { audio: 1 }));
    }
}
