//! Who was removed: a token outlives the removal of its bearer, the bearer's place in the room must not.

use std::{collections::HashMap, time::Duration};

/// How many removals are remembered; beyond it the one whose tokens expire first is forgotten.
const REMEMBERED: usize = 10_000;

/// When a token was issued and when it ends, since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Its `nbf` or `iat`, whichever is later; zero where it has neither.
    pub issued: Duration,
    /// Its `exp`.
    pub expires: Duration,
}

/// The memory of removals.
#[derive(Debug, Default)]
pub struct Revocations {
    removed: HashMap<(String, String), Removal>,
}

#[derive(Debug)]
struct Removal {
    at: Duration,
    forget: Duration,
}

impl Revocations {
    /// Notes that `identity` was removed from `room`; none of its tokens is valid after `forget`.
    pub fn remove(&mut self, room: &str, identity: &str, now: Duration, forget: Duration) {
        self.removed.retain(|_, removal| removal.forget > now);
        if self.removed.len() >= REMEMBERED {
            let first = self.removed.iter().min_by_key(|(_, removal)| removal.forget).map(|(key, _)| key.clone());
            first.map(|key| self.removed.remove(&key));
        }
        self.removed.insert((room.to_owned(), identity.to_owned()), Removal { at: now, forget });
    }

    /// Whether a token of this validity was issued before its bearer was removed. Tokens count in whole seconds: one
    /// from the second of the removal is taken for an old one.
    pub fn covers(&self, room: &str, identity: &str, token: Validity) -> bool {
        let removal = self.removed.get(&(room.to_owned(), identity.to_owned()));
        removal.is_some_and(|removal| token.issued <= removal.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn issued(seconds: u64) -> Validity {
        Validity { issued: at(seconds), expires: at(seconds + 100) }
    }

    #[test]
    fn an_old_token_is_covered_and_a_new_one_is_not() {
        let mut revocations = Revocations::default();
        revocations.remove("r", "ann", at(50), at(150));
        assert!(revocations.covers("r", "ann", issued(40)));
        assert!(revocations.covers("r", "ann", issued(50)));
        assert!(!revocations.covers("r", "ann", issued(51)));
        assert!(!revocations.covers("r", "bob", issued(40)));
        assert!(!revocations.covers("s", "ann", issued(40)));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut revocations = Revocations::default();
        for n in 0..REMEMBERED as u64 + 1 {
            revocations.remove("r", &n.to_string(), at(1), at(1000 + n));
        }
        assert_eq!(revocations.removed.len(), REMEMBERED);
        assert!(!revocations.covers("r", "0", issued(0)));
        assert!(revocations.covers("r", "1", issued(0)));
        revocations.remove("r", "last", at(1_000_000), at(1_000_001));
        assert_eq!(revocations.removed.len(), 1);
    }
}
