//! Which connection a datagram belongs to, when all of them share one port.
//!
//! A connectivity check names its connection (RFC 8445, section 7.2.2); everything else is known by the address that it
//! comes from. The answer is a guess to be confirmed by the connection itself: an address can be forged.

use std::{collections::HashMap, net::SocketAddr};

use super::{ids::PeerKey, signal::Leg};

/// A participant's connection.
pub type LegKey = (PeerKey, Leg);

const STUN_HEADER_BYTES: usize = 20;
/// RFC 8489, section 5.
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// RFC 8489, section 18.3.
const USERNAME: u16 = 0x0006;

/// The address book of all connections.
#[derive(Debug, Default)]
pub struct Demux {
    names: HashMap<String, LegKey>,
    sources: HashMap<SocketAddr, LegKey>,
}

impl Demux {
    /// Notes the name of a connection; names that it had before stay.
    pub fn name(&mut self, ufrag: String, leg: LegKey) {
        self.names.insert(ufrag, leg);
    }

    /// Which connection a datagram may be for.
    pub fn guess(&self, source: SocketAddr, datagram: &[u8]) -> Option<LegKey> {
        if let Some(ufrag) = checked_ufrag(datagram) {
            return self.names.get(ufrag).copied();
        }
        self.sources.get(&source).copied()
    }

    /// Notes that a connection accepted a datagram from `source`.
    pub fn confirm(&mut self, source: SocketAddr, leg: LegKey) {
        self.sources.insert(source, leg);
    }

    /// Forgets a participant's connections.
    pub fn forget(&mut self, peer: PeerKey) {
        self.names.retain(|_, (owner, _)| *owner != peer);
        self.sources.retain(|_, (owner, _)| *owner != peer);
    }
}

/// The local half of the `USERNAME` of a STUN message.
fn checked_ufrag(datagram: &[u8]) -> Option<&str> {
    // The two top bits tell STUN from everything else on the port (RFC 7983).
    if datagram.len() < STUN_HEADER_BYTES || datagram[0] >= 4 || datagram[4..8] != STUN_COOKIE {
        return None;
    }
    let mut rest = &datagram[STUN_HEADER_BYTES..];
    while let [kind_high, kind_low, length_high, length_low, body @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*length_high, *length_low]));
        let value = body.get(..length)?;
        if u16::from_be_bytes([*kind_high, *kind_low]) == USERNAME {
            return std::str::from_utf8(value).ok()?.split(':').next();
        }
        rest = body.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCE: &str = "127.0.0.1:9";

    fn check(username: &str) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, 0];
        datagram.extend(STUN_COOKIE);
        datagram.extend([0; 12]);
        datagram.extend([0x80, 0x22, 0, 1, b'x', 0, 0, 0]);
        datagram.extend(USERNAME.to_be_bytes());
        datagram.extend((username.len() as u16).to_be_bytes());
        datagram.extend(username.as_bytes());
        datagram
    }

    #[test]
    fn a_check_names_its_connection() {
        let (mut demux, source) = (Demux::default(), SOURCE.parse().unwrap());
        let leg = (PeerKey(1), Leg::Publisher);
        demux.name("abcd".into(), leg);
        assert_eq!(demux.guess(source, &check("abcd:efgh")), Some(leg));
        assert_eq!(demux.guess(source, &check("other:efgh")), None);
        assert_eq!(demux.guess(source, &[0x80; 40]), None);
        demux.confirm(source, leg);
        assert_eq!(demux.guess(source, &[0x80; 40]), Some(leg));
        demux.forget(PeerKey(1));
        assert_eq!(demux.guess(source, &check("abcd:efgh")), None);
        assert_eq!(demux.guess(source, &[0x80; 40]), None);
    }

    proptest! {
        #[test]
        fn random_datagrams_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..100), stun in any::<bool>()) {
            let mut bytes = bytes;
            if stun && bytes.len() >= 8 {
                bytes[0] = 0;
                bytes[4..8].copy_from_slice(&STUN_COOKIE);
            }
            prop_assert_eq!(Demux::default().guess(SOURCE.parse().unwrap(), &bytes), None);
        }
    }
}
