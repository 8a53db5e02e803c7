//! Negotiation of v0: the server offers the connection on which the client subscribes.

use str0m::media::Mid;

use super::Step;
use crate::server::sfu::track::{Place, Subscription};

/// The state of the server's offers to one client.
#[derive(Debug, Default)]
pub struct Dual {
    /// Sections to stop with the next offer.
    stopping: Vec<Mid>,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was offered; the first offer goes out whatever it holds, since it brings the data channels.
    #[default]
    Fresh,
    /// Client and server agree.
    Settled,
    /// Subscriptions changed since the last offer.
    Changed,
    /// An offer waits for its answer.
    Offered {
        /// Subscriptions changed since.
        changed: bool,
    },
}

impl Dual {
    /// Notes that subscriptions changed; `freed` is the section of one that ended.
    pub fn change(&mut self, freed: Option<Mid>) {
        self.stopping.extend(freed);
        self.state = match self.state {
            State::Fresh => State::Fresh,
            State::Settled | State::Changed => State::Changed,
            State::Offered { .. } => State::Offered { changed: true },
        };
    }

    /// Notes that the client answered.
    pub fn answered(&mut self) {
        if let State::Offered { changed } = self.state {
            self.state = if changed { State::Changed } else { State::Settled };
        }
    }

    /// Notes that the client's answer was no use: what was offered never came to be, and is offered again with the next
    /// change, lest a client that never answers well be asked without end.
    pub fn failed(&mut self) {
        if let State::Offered { .. } = self.state {
            self.state = State::Settled;
        }
    }

    /// Notes that the resumed client is offered a restart of ICE, which replaces an offer that got lost.
    pub fn restart(&mut self) {
        self.state = State::Offered { changed: true };
    }

    /// What to offer; one offer at a time.
    pub fn step(&mut self, subscriptions: &[Subscription]) -> Option<Step> {
        let fresh = self.state == State::Fresh;
        if !fresh && self.state != State::Changed {
            return None;
        }
        let waiting = subscriptions.iter().filter(|subscription| subscription.place == Place::Waiting);
        let add: Vec<_> = waiting.map(|subscription| subscription.stream.clone()).collect();
        let remove = std::mem::take(&mut self.stopping);
        if !fresh && add.is_empty() && remove.is_empty() {
            self.state = State::Settled;
            return None;
        }
        self.state = State::Offered { changed: false };
        Some(Step::Offer { add, remove })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::sfu::{
        ids::{ParticipantSid, PeerKey, TrackSid},
        track::Stream,
    };

    fn waiting() -> Subscription {
        let stream =
            Stream { publisher: ParticipantSid::try_from("PA_p").unwrap(), track: TrackSid::try_from("TR_a").unwrap() };
        Subscription { publisher: PeerKey(9), stream, place: Place::Waiting, paused: false }
    }

    #[test]
    fn the_first_offer_goes_out_empty() {
        let mut dual = Dual::default();
        assert_eq!(dual.step(&[]), Some(Step::Offer { add: vec![], remove: vec![] }));
        assert_eq!(dual.step(&[]), None);
        dual.answered();
        assert_eq!(dual.step(&[]), None);
    }

    #[test]
    fn changes_wait_for_the_answer() {
        let mut dual = Dual::default();
        dual.step(&[]);
        dual.change(None);
        assert_eq!(dual.step(&[waiting()]), None);
        dual.answered();
        assert_eq!(dual.step(&[waiting()]), Some(Step::Offer { add: vec![waiting().stream], remove: vec![] }));
    }

    #[test]
    fn a_freed_section_stops_with_the_next_offer() {
        let mut dual = Dual::default();
        dual.step(&[]);
        dual.change(Some(Mid::from("m1")));
        dual.answered();
        assert_eq!(dual.step(&[]), Some(Step::Offer { add: vec![], remove: vec![Mid::from("m1")] }));
    }
}
