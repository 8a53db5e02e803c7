//! The states of a call.

use std::time::Duration;

/// How the visitor takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// With the microphone.
    #[default]
    Voice,
    /// By keyboard; the assistant is still heard.
    Text,
    /// Hearing only, no microphone.
    Listen,
}

/// Who answers calls here, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answering {
    /// The assistant, aloud.
    #[default]
    Aloud,
    /// The assistant, which has neither ears nor voice on its machine.
    InWriting,
    /// The team alone.
    ByTeam,
}

impl Answering {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aloud => "aloud",
            Self::InWriting => "in-writing",
            Self::ByTeam => "by-team",
        }
    }

    /// Reads its word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "aloud" => Some(Self::Aloud),
            "in-writing" => Some(Self::InWriting),
            "by-team" => Some(Self::ByTeam),
            _ => None,
        }
    }
}

/// Where a call stands. Times are durations since the page's own epoch, as `performance.now()` gives them.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CallState {
    /// No call.
    #[default]
    Idle,
    /// The browser asks the visitor for the microphone; the token is fetched meanwhile.
    RequestingMicrophone,
    /// The room is being joined.
    Connecting,
    /// In the room; the assistant has not come yet.
    WaitingForAgent {
        /// When the room was joined.
        since: Duration,
    },
    /// In the room with the assistant.
    Connected {
        /// When the room was joined.
        since: Duration,
    },
    /// The network dropped; the LiveKit client is getting the call back.
    Reconnecting {
        /// When the room was joined.
        since: Duration,
    },
    /// Over, as somebody meant it to be.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// How long the call stood.
        length: Duration,
    },
    /// Over or never begun, as nobody meant it to be.
    Failed(Problem),
}

impl CallState {
    /// How long the call stood, once it has ended.
    pub fn length(&self) -> Option<Duration> {
        if let Self::Ended { length, .. } = self { Some(*length) } else { None }
    }

    /// Why it could not begin or go on, where it has failed.
    pub fn problem(&self) -> Option<&Problem> {
        if let Self::Failed(problem) = self { Some(problem) } else { None }
    }
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// The visitor hung up.
    Visitor,
    /// The assistant said goodbye, or the team closed the room.
    Desk,
    /// The room type's longest call was reached.
    TimeLimit,
    /// The same call was taken over by another page of this visitor.
    OtherPage,
}

/// Why a call could not begin or go on; the panel says for each what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The visitor or the browser's settings said no to the microphone.
    MicrophoneDenied,
    /// The device has no microphone.
    MicrophoneMissing,
    /// Another program holds the microphone.
    MicrophoneBusy,
    /// The room did not take what the microphone hears.
    MicrophoneUnheard,
    /// The page is not served over HTTPS, so that browsers refuse the microphone.
    InsecurePage,
    /// The page sits in a frame that was not allowed the microphone.
    BlockedFrame,
    /// The server would not give a token; its own words.
    TokenRefused(String),
    /// Too many calls from here.
    RateLimited {
        /// When to try again.
        retry_after: Duration,
    },
    /// Neither the page's server nor the room server answered.
    ServerUnreachable,
    /// In the room, but no assistant came within 20 s.
    AgentNeverJoined,
    /// The connection was lost and did not come back.
    ConnectionLost,
}

/// What the assistant is doing; [`wire`](super::wire) has the words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Joining.
    Initializing,
    /// In the room, not listening yet.
    Idle,
    /// Hearing the visitor.
    Listening,
    /// Finding an answer.
    Thinking,
    /// Talking.
    Speaking,
}

/// The connection's quality as the room server judges it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// Not judged yet.
    #[default]
    Unknown,
    /// As good as it gets.
    Excellent,
    /// Fine.
    Good,
    /// Words may be lost.
    Poor,
    /// Nothing arrives.
    Lost,
}

impl Quality {
    /// The quality by LiveKit's word for it.
    pub fn parse(word: &str) -> Self {
        match word {
            "excellent" => Self::Excellent,
            "good" => Self::Good,
            "poor" => Self::Poor,
            "lost" => Self::Lost,
            _ => Self::Unknown,
        }
    }

    /// What either end's voice may take of such a connection, in bits a second. It is Opus in wide band: as good as a
    /// voice gets, good, and intelligible.
    pub fn bitrate_bps(self) -> u32 {
        match self {
            Self::Unknown | Self::Excellent => 32_000,
            Self::Good => 24_000,
            Self::Poor | Self::Lost => 16_000,
        }
    }
}
