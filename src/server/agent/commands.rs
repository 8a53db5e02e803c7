//! What a front end asks of the assistant beside talking, by data packets or by RPC, and what it is told of a turn.
//!
//! Pure: JSON in, JSON out. A command is `{"type": "command", "payload": {"command": "help"}}`.

use serde::{Deserialize, Serialize};

/// LiveKit's codes for calls that cannot be answered.
const UNSUPPORTED_METHOD: u32 = 1400;
const UNSUPPORTED_VERSION: u32 = 1404;

/// The version of LiveKit's RPC that is spoken here.
const RPC_VERSION: u32 = 1;

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Command {
    /// Says what can be asked.
    Help,
    /// Forgets what was said, and falls silent.
    Clear,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "lowercase")]
enum Wire {
    Command { command: Command },
}

/// Why a method is not carried out, as LiveKit's RPC says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcFailure {
    /// LiveKit's number for it.
    pub code: u32,
    /// In words.
    pub message: &'static str,
}

impl Command {
    /// Reads a data packet's command; none where it is anything else.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let Wire::Command { command } = serde_json::from_slice(payload).ok()?;
        Some(command)
    }

    /// The command that a method of this name is.
    ///
    /// # Errors
    /// A method that nobody knows, or a call in another version of the protocol.
    pub(super) fn called(method: &str, version: u32) -> Result<Self, RpcFailure> {
        if version != RPC_VERSION {
            return Err(RpcFailure { code: UNSUPPORTED_VERSION, message: "Unsupported RPC version" });
        }
        match method {
            "help" => Ok(Self::Help),
            "clear" => Ok(Self::Clear),
            _ => Err(RpcFailure { code: UNSUPPORTED_METHOD, message: "Method not supported at destination" }),
        }
    }
}

/// What front ends are told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "payload", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Event<'a> {
    /// The visitor's words are understood.
    TranscriptionReady {
        /// Whose.
        identity: &'a str,
        /// The words.
        text: &'a str,
    },
    /// A command is carried out.
    CommandRecognized {
        /// Which.
        command: Command,
    },
    /// The first sound of an answer is on its way.
    TtsReady {},
}

impl Event<'_> {
    /// As it is sent.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_nothing_else_is() {
        let read = |text: &str| Command::read(text.as_bytes());
        assert_eq!(read(r#"{"type":"command","payload":{"command":"help"}}"#), Some(Command::Help));
        assert_eq!(read(r#"{"payload":{"command":"clear","by":"Ada"},"type":"command"}"#), Some(Command::Clear));
        for other in [
            r#"{"type":"command","payload":{"command":"sudo"}}"#,
            r#"{"type":"command","payload":{}}"#,
            r#"{"type":"COMMAND_RECOGNIZED","payload":{"command":"help"}}"#,
            r#""help""#,
            "\u{0}",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn methods_are_commands_and_what_is_unknown_has_livekits_number() {
        assert_eq!(Command::called("help", 1), Ok(Command::Help));
        assert_eq!(Command::called("clear", 1), Ok(Command::Clear));
        let code = |method, version| Command::called(method, version).map_err(|failure| failure.code);
        assert_eq!((code("sudo", 1), code("help", 2)), (Err(1400), Err(1404)));
    }

    #[test]
    fn events_are_told_by_their_names() {
        let events = [
            Event::TranscriptionReady { identity: "ada", text: "Are you \"free\"?" },
            Event::CommandRecognized { command: Command::Clear },
            Event::TtsReady {},
        ];
        assert_eq!(
            events.map(|event| event.json()),
            [
                r#"{"type":"TRANSCRIPTION_READY","payload":{"identity":"ada","text":"Are you \"free\"?"}}"#,
                r#"{"type":"COMMAND_RECOGNIZED","payload":{"command":"clear"}}"#,
                r#"{"type":"TTS_READY","payload":{}}"#,
            ]
        );
    }
}
