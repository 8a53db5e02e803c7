//! The names under which the assistant and the panel find each other in a room: LiveKit's own, which its front ends
//! know, and ours.

use super::AgentState;

/// The topic of chat messages.
pub const CHAT_TOPIC: &str = "lk.chat";

/// The topic of what was said.
pub const WORDS_TOPIC: &str = "lk.transcription";

/// The topic of a byte stream: what a microphone heard before the assistant did.
pub const RECORDING_TOPIC: &str = "lk.agent.pre-connect-audio-buffer";

/// The topic of data packets with commands for the assistant, and of those in which it tells of a turn.
pub const COMMAND_TOPIC: &str = "frontdesk.command";
/// See [`COMMAND_TOPIC`].
pub const EVENT_TOPIC: &str = "frontdesk.event";

/// A text stream's attribute: the segment that it says anew.
pub const SEGMENT_ID: &str = "lk.segment_id";

/// A text stream's attribute: whether the segment's words are settled, `true` or `false`.
pub const IS_FINAL: &str = "lk.transcription_final";

/// A text stream's attribute: `true` where the assistant was cut short.
pub const INTERRUPTED: &str = "frontdesk.interrupted";

/// The assistant's attribute: an [`AgentState`].
pub const AGENT_STATE: &str = "lk.agent.state";

/// The assistant's attribute: whether the call works aloud, `voice` or `text`.
pub const SPEECH: &str = "frontdesk.speech";

impl AgentState {
    const ALL: [Self; 5] = [Self::Initializing, Self::Idle, Self::Listening, Self::Thinking, Self::Speaking];

    /// The state as LiveKit's front ends spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Idle => "idle",
            Self::Listening => "listening",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
        }
    }

    /// Reads [`AGENT_STATE`]; what later versions may add counts as not ready.
    pub fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Initializing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_written() {
        for state in AgentState::ALL {
            assert_eq!(AgentState::parse(state.as_str()), state);
        }
        assert_eq!(AgentState::parse("pondering"), AgentState::Initializing);
    }
}
