//! Which connection a datagram belongs to, when all of them share one port.
//!
//! A connectivity check names its connection (RFC 8445, section 7.2.2); everything else is known by the address that it
//! comes from. The answer is a guess to be confirmed by the connection itself: an address can be forged.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::SocketAddr,
};

use super::{ids::PeerKey, signal::Leg, stun};

/// A participant's connection.
pub type LegKey = (PeerKey, Leg);

/// How many names of one connection are known: the present one, and those before it, by which checks may be under way.
const NAMES_MAX: usize = 4;
/// How many addresses of one connection are known: a client has one for each of its networks and relays.
const SOURCES_MAX: usize = 16;

/// The address book of all connections.
#[derive(Debug, Default)]
pub struct Demux {
    names: Book<String, NAMES_MAX>,
    sources: Book<SocketAddr, SOURCES_MAX>,
}

impl Demux {
    /// Notes the name of a connection; those that it had lately stay.
    pub fn name(&mut self, ufrag: String, leg: LegKey) {
        self.names.note(ufrag, leg);
    }

    /// Which connection a datagram may be for.
    pub fn guess(&self, source: SocketAddr, datagram: &[u8]) -> Option<LegKey> {
        if let Some(ufrag) = stun::local_ufrag(datagram) {
            return self.names.legs.get(ufrag).copied();
        }
        self.sources.legs.get(&source).copied()
    }

    /// Notes that a connection accepted a datagram from `source`.
    pub fn confirm(&mut self, source: SocketAddr, leg: LegKey) {
        self.sources.note(source, leg);
    }

    /// Forgets a participant's connections.
    pub fn forget(&mut self, peer: PeerKey) {
        for leg in [Leg::Publisher, Leg::Subscriber] {
            self.names.forget((peer, leg));
            self.sources.forget((peer, leg));
        }
    }

    /// How many names and addresses are known.
    pub fn len(&self) -> usize {
        self.names.legs.len() + self.sources.legs.len()
    }
}

/// Connections by something that they are known by, of which each has its last `MAX`.
#[derive(Debug)]
struct Book<K, const MAX: usize> {
    legs: HashMap<K, LegKey>,
    known_by: HashMap<LegKey, VecDeque<K>>,
}

impl<K, const MAX: usize> Default for Book<K, MAX> {
    fn default() -> Self {
        Self { legs: HashMap::new(), known_by: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, const MAX: usize> Book<K, MAX> {
    fn note(&mut self, key: K, leg: LegKey) {
        if self.legs.get(&key) == Some(&leg) {
            return;
        }
        if let Some(before) = self.legs.insert(key.clone(), leg)
            && let Some(keys) = self.known_by.get_mut(&before)
        {
            keys.retain(|known| *known != key);
        }
        let keys = self.known_by.entry(leg).or_default();
        keys.push_back(key);
        if keys.len() > MAX
            && let Some(oldest) = keys.pop_front()
        {
            self.legs.remove(&oldest);
        }
    }

    fn forget(&mut self, leg: LegKey) {
        for key in self.known_by.remove(&leg).unwrap_or_default() {
            self.legs.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::stun::tests::check, *};

    const SOURCE: &str = "127.0.0.1:9";

    #[test]
    fn a_check_names_its_connection() {
        let (mut demux, source) = (Demux::default(), SOURCE.parse().unwrap());
        let leg = (PeerKey(1), Leg::Publisher);
        demux.name("abcd".into(), leg);
        assert_eq!(demux.guess(source, &check(false, "abcd:efgh")), Some(leg));
        assert_eq!(demux.guess(source, &check(false, "other:efgh")), None);
        assert_eq!(demux.guess(source, &[0x80; 40]), None);
        demux.confirm(source, leg);
        assert_eq!(demux.guess(source, &[0x80; 40]), Some(leg));
        demux.forget(PeerKey(1));
        assert_eq!(demux.guess(source, &check(false, "abcd:efgh")), None);
        assert_eq!(demux.guess(source, &[0x80; 40]), None);
    }

    #[test]
    fn a_connection_is_known_by_its_last_addresses_and_names() {
        let mut demux = Demux::default();
        let (ann, bob) = ((PeerKey(1), Leg::Publisher), (PeerKey(2), Leg::Subscriber));
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        for number in 1..=1_000 {
            demux.confirm(address(number), ann);
            demux.name(number.to_string(), ann);
        }
        assert_eq!(demux.len(), SOURCES_MAX + NAMES_MAX);
        assert_eq!(demux.guess(address(1_000), &[0x80; 40]), Some(ann));
        assert_eq!(demux.guess(address(1_000 - SOURCES_MAX as u16), &[0x80; 40]), None);
        assert_eq!(demux.guess(address(1), &check(false, "997:x")), Some(ann));
        assert_eq!(demux.guess(address(1), &check(false, "996:x")), None);
        demux.confirm(address(1_000), bob);
        demux.forget(PeerKey(1));
        assert_eq!((demux.len(), demux.guess(address(1_000), &[0x80; 40])), (1, Some(bob)));
        demux.forget(PeerKey(2));
        assert_eq!(demux.len(), 0);
    }

    proptest! {
        #[test]
        fn random_datagrams_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), stun in any::<bool>()) {
            let mut bytes = bytes;
            if stun && bytes.len() >= 8 {
                bytes[0] = 0;
                bytes[4..8].copy_from_slice(&stun::COOKIE);
            }
            prop_assert_eq!(Demux::default().guess(SOURCE.parse().unwrap(), &bytes), None);
        }
    }
}
