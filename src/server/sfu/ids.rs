//! The server's own identifiers: LiveKit's prefixed session ids and the small keys that index its maps.

use std::{fmt, sync::Arc};

use rand::Rng;

/// What follows the prefix: 12 characters without look-alikes, as LiveKit's `guid` package draws them.
const LENGTH: usize = 12;
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The text is not an identifier of the kind that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier that starts with {0}")]
pub struct WrongPrefix(&'static str);

fn draw(prefix: &str, rng: &mut impl Rng) -> Arc<str> {
    let mut text = String::with_capacity(prefix.len() + LENGTH);
    text.push_str(prefix);
    text.extend((0..LENGTH).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])));
    text.into()
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident, $accepts:literal, $draws:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Draws a fresh one.
            pub fn random(rng: &mut impl Rng) -> Self {
                Self(draw($draws, rng))
            }

            /// The text as it stands in messages.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = WrongPrefix;

            fn try_from(text: &str) -> Result<Self, WrongPrefix> {
                if text.starts_with($accepts) { Ok(Self(text.into())) } else { Err(WrongPrefix($accepts)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

sid!(
    /// One life of a room; a room that finishes and starts again gets another.
    RoomSid, "RM_", "RM_"
);
sid!(
    /// One session of a participant; it survives resumes, not full reconnects.
    ParticipantSid, "PA_", "PA_"
);
sid!(
    /// One publication of an audio track.
    TrackSid, "TR_", "TR_AM"
);

/// Indexes a participant for as long as the server runs; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey(pub u64);

/// Indexes one signal socket, so that a late close of an old one cannot touch its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u64);

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_sid_has_its_prefix_and_is_read_back() {
        let sid = TrackSid::random(&mut StdRng::seed_from_u64(1));
        assert!(sid.as_str().starts_with("TR_AM"));
        assert_eq!(sid.as_str().len(), 17);
        assert_eq!(TrackSid::try_from(sid.as_str()), Ok(sid));
    }

    #[test]
    fn a_sid_of_another_kind_is_refused() {
        assert_eq!(ParticipantSid::try_from("TR_AMxyz"), Err(WrongPrefix("PA_")));
    }
}
