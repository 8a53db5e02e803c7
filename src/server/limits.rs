//! How often a visitor may ask, in memory that does not grow with the number of visitors.
//!
//! It knows nothing of HTTP: the visitor goes in, yes or how long to wait comes out.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};

use super::visitor::Visitor;

/// Visitors are folded into this many counters, 16 bytes each, by a hash keyed at start: memory stays below 4 MiB
/// whatever is thrown at it, and two visitors share a counter once in 131,072 times, where nobody can aim.
const COUNTERS: u64 = 1 << 17;

/// A limit on each visitor: so many in a minute, which may all come at once.
pub struct VisitorLimit<C: Clock = MonotonicClock> {
    limiter: RateLimiter<u32, DashMapStateStore<u32>, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    hasher: RandomState,
}

impl VisitorLimit {
    /// Allows each visitor `per_minute`.
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self::with_clock(per_minute, MonotonicClock)
    }
}

impl<C: Clock + Clone> VisitorLimit<C> {
    fn with_clock(per_minute: NonZeroU32, clock: C) -> Self {
        let quota = Quota::per_minute(per_minute);
        Self { limiter: RateLimiter::dashmap_with_clock(quota, clock.clone()), clock, hasher: RandomState::new() }
    }

    /// Counts one request of `visitor`.
    ///
    /// # Errors
    /// How long to wait, where it is one too many.
    pub fn check(&self, visitor: Visitor) -> Result<(), Duration> {
        let counter = (self.hasher.hash_one(visitor) % COUNTERS) as u32;
        self.limiter.check_key(&counter).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets the visitors who have their whole allowance again.
    pub fn forget_the_rested(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn visitor(n: u32) -> Visitor {
        Visitor::from(std::net::IpAddr::from(Ipv4Addr::from_bits(n)))
    }

    fn limit(per_minute: u32) -> (VisitorLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (VisitorLimit::with_clock(NonZeroU32::new(per_minute).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn one_too_many_waits_and_others_do_not() {
        let (limit, clock) = limit(6);
        for _ in 0..6 {
            assert_eq!(limit.check(visitor(1)), Ok(()));
        }
        assert_eq!(limit.check(visitor(1)), Err(Duration::from_secs(10)));
        assert_eq!(limit.check(visitor(2)), Ok(()));
        clock.advance(Duration::from_secs(10));
        assert_eq!(limit.check(visitor(1)), Ok(()));
        assert_eq!(limit.check(visitor(1)), Err(Duration::from_secs(10)));
    }

    #[test]
    fn memory_is_bounded_and_given_back() {
        let (limit, clock) = limit(60);
        for n in 0..400_000 {
            let _ = limit.check(visitor(n));
        }
        assert!(limit.limiter.len() <= COUNTERS as usize);
        clock.advance(Duration::from_secs(61));
        limit.forget_the_rested();
        assert_eq!(limit.limiter.len(), 0);
    }
}
