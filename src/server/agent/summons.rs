//! How an assistant is called into a room, and how it tells where it is.

use tokio_util::sync::CancellationToken;

/// Asks for the assistant in a room.
#[derive(Clone, Debug)]
pub struct Summons {
    /// The room's name.
    pub room: String,
    /// The identity that it is expected under; one of its own making where nobody expects any.
    pub identity: Option<String>,
    /// Whether an assistant that whoever is there has talked with was lost: the newcomer apologises, and does not greet.
    pub is_back: bool,
    /// Cancelled when the assistant is to leave.
    pub until: CancellationToken,
}

impl Summons {
    /// To a room that has had no assistant, for as long as the call goes on.
    pub fn to(room: impl Into<String>) -> Self {
        Self { room: room.into(), identity: None, is_back: false, until: CancellationToken::new() }
    }
}

/// Where an assistant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It is in a room.
    In {
        /// The room's name.
        room: String,
        /// Its identity there.
        identity: String,
    },
    /// It has left a room, or could not come.
    Out {
        /// The room's name.
        room: String,
    },
}
