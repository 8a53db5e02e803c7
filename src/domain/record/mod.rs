//! The record of a call: what is told of it, and what follows from that.
//!
//! Pure, and the same on both targets. Times are milliseconds since the Unix epoch (`_ms`) unless a name says that they
//! count from the call's start. Facts may come in any order and more than once: what follows from them is the same.

mod message;
mod recorded;
mod report;
mod room;
mod sight;
mod standing;
mod status;

pub use message::{BadPhone, Message, PhoneNumber};
pub use recorded::{CallRecord, RecordedCall, RecordedMember, RecordedNote, RecordedSegment};
pub use report::{Report, Sample, Segment, Told};
pub use room::{Departure, Ending, Happened, Member, MemberKind, RoomFact, RoomLife};
pub use sight::{OpenCall, Sight, StandingRoom};
pub use standing::{Answer, Closing, EndReason, Standing, Stay, standing};
pub use status::CallStatus;

/// An enum whose variants are stored and sent as words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one of this word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}
use words;
