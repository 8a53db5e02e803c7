//! What has to be agreed with a client before a track can flow to it. Pure: it says what to offer or to ask for; the
//! peer connection itself is the transport's.

pub mod dual;
pub mod sdp;
pub mod single;

use str0m::media::Mid;

use self::{dual::Dual, single::Single};
use super::track::{Stream, Subscription};

/// One participant's negotiation.
#[derive(Debug)]
pub enum Negotiation {
    /// v1: the client always offers.
    Single(Single),
    /// v0: the server offers a second connection.
    Dual(Dual),
}

/// The next thing to say to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask it to offer again, with so many more audio sections.
    Ask {
        /// How many more; 0 is valid.
        audio: u32,
    },
    /// Offer it a change.
    Offer {
        /// Tracks that get new sections.
        add: Vec<Stream>,
        /// Sections that stop.
        remove: Vec<Mid>,
    },
}

impl Negotiation {
    /// Notes that subscriptions changed; `freed` is the section of one that ended.
    pub fn change(&mut self, freed: Option<Mid>) {
        match self {
            Self::Single(single) => single.change(),
            Self::Dual(dual) => dual.change(freed),
        }
    }

    /// What to say now, given what the participant subscribes to.
    pub fn step(&mut self, subscriptions: &[Subscription]) -> Option<Step> {
        match self {
            Self::Single(single) => single.step(subscriptions),
            Self::Dual(dual) => dual.step(subscriptions),
        }
    }

    /// Forgets what was under way: the socket that it went over is gone.
    pub fn restart(&mut self) {
        match self {
            Self::Single(single) => single.restart(),
            Self::Dual(dual) => dual.restart(),
        }
    }
}
