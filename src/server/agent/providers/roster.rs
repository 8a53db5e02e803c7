//! Which provider is asked first: those that failed are put aside for a while, and then tried again.
//!
//! A pure machine: `now` is the time since it was made.

use std::time::Duration;

/// How long a provider is put aside when it fails; twice as long each further time in a row, up to the longest.
const ASIDE_FIRST: Duration = Duration::from_secs(5);
const ASIDE_LONGEST: Duration = Duration::from_secs(60);

/// The providers of one list, by their places in it.
#[derive(Debug)]
pub(in crate::server::agent) struct Roster(Vec<Breaker>);

#[derive(Clone, Debug, Default)]
struct Breaker {
    /// Failures in a row.
    failures: u32,
    /// Until when it is put aside.
    until: Duration,
}

impl Roster {
    /// Takes `count` providers, all of which are trusted.
    pub(in crate::server::agent) fn new(count: usize) -> Self {
        Self(vec![Breaker::default(); count])
    }

    /// Whom to ask, one after the other: those in service as they are listed, then those put aside, since a provider that
    /// may fail is better than none.
    pub(in crate::server::agent) fn order(&self, now: Duration) -> Vec<usize> {
        let (mut order, mut aside): (Vec<_>, Vec<_>) = (0..self.0.len()).partition(|at| self.0[*at].until <= now);
        aside.sort_by_key(|at| self.0[*at].until);
        order.append(&mut aside);
        order
    }

    /// The provider at `at` failed.
    pub(in crate::server::agent) fn failed(&mut self, at: usize, now: Duration) {
        if let Some(breaker) = self.0.get_mut(at) {
            let aside = ASIDE_FIRST.saturating_mul(2u32.saturating_pow(breaker.failures));
            breaker.failures += 1;
            breaker.until = now + aside.min(ASIDE_LONGEST);
        }
    }

    /// The provider at `at` did its work.
    pub(in crate::server::agent) fn worked(&mut self, at: usize) {
        if let Some(breaker) = self.0.get_mut(at) {
            *breaker = Breaker::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_provider_that_failed_is_put_aside_and_tried_again() {
        let mut roster = Roster::new(3);
        assert_eq!(roster.order(s(0)), [0, 1, 2]);
        roster.failed(0, s(10));
        assert_eq!(roster.order(s(14)), [1, 2, 0]);
        assert_eq!(roster.order(s(15)), [0, 1, 2]);
        roster.failed(0, s(15));
        assert_eq!(roster.order(s(24)), [1, 2, 0]);
        assert_eq!(roster.order(s(25)), [0, 1, 2]);
        roster.worked(0);
        roster.failed(0, s(30));
        assert_eq!(roster.order(s(35)), [0, 1, 2]);
    }

    #[test]
    fn where_all_are_put_aside_the_first_to_come_back_is_asked_first() {
        let mut roster = Roster::new(2);
        roster.failed(1, s(0));
        roster.failed(0, s(1));
        assert_eq!(roster.order(s(2)), [1, 0]);
    }

    #[test]
    fn nobody_is_put_aside_for_longer_than_a_minute() {
        let mut roster = Roster::new(2);
        (0..100).for_each(|_| roster.failed(0, s(0)));
        assert_eq!((roster.order(s(59)), roster.order(s(60))), (vec![1, 0], vec![0, 1]));
    }

    proptest! {
        #[test]
        fn everybody_is_asked_once(events in prop::collection::vec((0usize..4, any::<bool>(), 0u64..100), 0..40)) {
            let mut roster = Roster::new(4);
            for (at, has_worked, now) in events {
                if has_worked { roster.worked(at) } else { roster.failed(at, s(now)) }
                let mut order = roster.order(s(now));
                order.sort_unstable();
                prop_assert_eq!(order, [0, 1, 2, 3]);
            }
        }
    }
}
