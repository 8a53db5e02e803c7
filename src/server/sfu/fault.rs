//! Faults that a token asks for, so that a client can be shown each way in which a server may fail it. LiveKit's own test
//! server has them by the same names, in the attribute `lk.mock`: `{"signal": "no_pong", "leaveAction": "RECONNECT"}`.
//!
//! No setting turns them on: only a program that starts the room server itself can, as the tests do.

use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use serde::Deserialize;

use super::signal::{Action, Reason, Response};

/// The attribute that asks.
const ATTRIBUTE: &str = "lk.mock";
/// How long after its join a client is left in peace: LiveKit's test server gives it as long to notice.
pub const CONNECTED_DELAY: Duration = Duration::from_millis(200);

/// A way to fail a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not let in, and told so in these words.
    Shut(StatusCode, &'static str),
    /// It is let in and never greeted.
    Silent,
    /// It is let in and its socket closed.
    CloseBeforeJoin,
    /// The first thing that it hears is that it shall leave.
    LeaveFirst(Action),
    /// The same, if it comes back to a session.
    LeaveDuringReconnect(Action),
    /// Its pings are not answered.
    NoPong,
    /// It joins, and its socket closes.
    CloseWhenConnected,
    /// It joins, and its socket is dropped without a word.
    DropWhenConnected,
    /// It joins, and shall leave.
    LeaveWhenConnected(Action),
}

/// What a socket does out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Says nothing, for as long as a client may wait.
    Nothing,
    /// Tells the client to leave.
    Leave(Action),
    /// Closes, with a code that means that the server failed.
    Close,
    /// Ends without a word.
    Drop,
}

impl Fault {
    /// Reads what a token asks for.
    pub fn of(attributes: &BTreeMap<String, String>) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wanted {
            signal: String,
            #[serde(default)]
            leave_action: serde_json::Value,
        }
        let Wanted { signal, leave_action } = serde_json::from_str(attributes.get(ATTRIBUTE)?).ok()?;
        let action = action(&leave_action);
        Some(match signal.as_str() {
            "validate_401" => Self::Shut(StatusCode::UNAUTHORIZED, "invalid token"),
            "validate_500" => Self::Shut(StatusCode::INTERNAL_SERVER_ERROR, "internal server error"),
            "validate_service_not_found" => Self::Shut(StatusCode::NOT_FOUND, "404 page not found"),
            "room_not_found" => Self::Shut(StatusCode::NOT_FOUND, "requested room does not exist"),
            "no_first_message" => Self::Silent,
            "close_before_join" => Self::CloseBeforeJoin,
            "leave_first_message" => Self::LeaveFirst(action),
            "leave_during_reconnect" => Self::LeaveDuringReconnect(action),
            "no_pong" => Self::NoPong,
            "close_when_connected" => Self::CloseWhenConnected,
            "drop_when_connected" => Self::DropWhenConnected,
            "leave_when_connected" => Self::LeaveWhenConnected(action),
            _ => return None,
        })
    }

    /// What the door answers.
    pub fn at_the_door(self) -> Option<(StatusCode, &'static str)> {
        if let Self::Shut(status, words) = self { Some((status, words)) } else { None }
    }

    /// What the socket does in place of joining, or of coming back.
    pub fn at_first(self, comes_back: bool) -> Option<Act> {
        match self {
            Self::Silent => Some(Act::Nothing),
            Self::CloseBeforeJoin => Some(Act::Close),
            Self::LeaveFirst(action) => Some(Act::Leave(action)),
            Self::LeaveDuringReconnect(action) => comes_back.then_some(Act::Leave(action)),
            Self::Shut(..)
            | Self::NoPong
            | Self::CloseWhenConnected
            | Self::DropWhenConnected
            | Self::LeaveWhenConnected(_) => None,
        }
    }

    /// What the socket does [`CONNECTED_DELAY`] after it was opened.
    pub fn once_connected(self) -> Option<Act> {
        match self {
            Self::CloseWhenConnected => Some(Act::Close),
            Self::DropWhenConnected => Some(Act::Drop),
            Self::LeaveWhenConnected(action) => Some(Act::Leave(action)),
            Self::Shut(..)
            | Self::Silent
            | Self::CloseBeforeJoin
            | Self::LeaveFirst(_)
            | Self::LeaveDuringReconnect(_)
            | Self::NoPong => None,
        }
    }

    /// Whether the client does not get a message.
    pub fn swallows(self, response: &Response) -> bool {
        self == Self::NoPong && matches!(response, Response::Pong { .. } | Response::TimedPong { .. })
    }
}

/// The farewell that goes with an action.
pub fn leave(action: Action) -> Response {
    Response::Leave { reason: Reason::ServerShutdown, action }
}

/// LiveKit's number of an action, or its name; everything else means that the client shall stop.
fn action(value: &serde_json::Value) -> Action {
    let name = value.as_str().map(str::to_uppercase);
    match (value.as_i64(), name.as_deref()) {
        (Some(1), _) | (_, Some("RESUME")) => Action::Resume,
        (Some(2), _) | (_, Some("RECONNECT")) => Action::Reconnect,
        _ => Action::Disconnect,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(value: &str) -> Option<Fault> {
        Fault::of(&BTreeMap::from([(ATTRIBUTE.to_owned(), value.to_owned())]))
    }

    #[test]
    fn tokens_ask_as_livekit_s_test_server_reads_them() {
        assert_eq!(wanted(r#"{"signal":"no_pong"}"#), Some(Fault::NoPong));
        let leave = |action: &str| wanted(&format!(r#"{{"signal":"leave_when_connected"{action}}}"#));
        assert_eq!(leave(""), Some(Fault::LeaveWhenConnected(Action::Disconnect)));
        assert_eq!(leave(r#","leaveAction":1"#), Some(Fault::LeaveWhenConnected(Action::Resume)));
        assert_eq!(leave(r#","leaveAction":"reconnect""#), Some(Fault::LeaveWhenConnected(Action::Reconnect)));
        for happy in ["", "rubbish", "{}", r#"{"signal":"happy"}"#] {
            assert_eq!(wanted(happy), None, "{happy}");
        }
        assert_eq!(Fault::of(&BTreeMap::new()), None);
    }

    #[test]
    fn a_fault_shows_once() {
        let door = Fault::Shut(StatusCode::NOT_FOUND, "x");
        assert_eq!((door.at_the_door(), door.at_first(false)), (Some((StatusCode::NOT_FOUND, "x")), None));
        let back = Fault::LeaveDuringReconnect(Action::Resume);
        assert_eq!((back.at_first(false), back.at_first(true)), (None, Some(Act::Leave(Action::Resume))));
        assert_eq!(Fault::DropWhenConnected.once_connected(), Some(Act::Drop));
        assert!(Fault::NoPong.swallows(&Response::Pong { now: Duration::ZERO }));
        assert!(!Fault::Silent.swallows(&Response::Pong { now: Duration::ZERO }));
    }
}
