//! Asking for a call: what the panel sends, and the ticket it gets.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr, server},
    server_fn::codec::Post,
};
use serde::{Deserialize, Serialize};

use super::codec::CallJson;

/// Asks for the ticket of a new call.
///
/// # Errors
/// Why there is none.
#[server(prefix = "/api", endpoint = "call", input = Post<CallJson>, output = Post<CallJson>)]
pub async fn request_call(
    /// What the visitor asks for.
    request: CallRequest,
) -> Result<CallTicket, CallRefused> {
    crate::server::calls::http::request_call(request).await
}

/// What a visitor asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRequest {
    /// The name that the other side sees, 1-64 characters; made by the server where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant_name: Option<String>,
    /// `support` (the default) or `admin-assistant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_type: Option<String>,
}

/// Everything that joins a room.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallTicket {
    /// The access token.
    pub token: String,
    /// The room's name, unique for each call.
    pub room_name: String,
    /// The name that the other side sees.
    pub participant_name: String,
    /// The room server's address, `ws://` or `wss://`.
    pub livekit_host: String,
}

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum CallRefused {
    /// A field of the request is not acceptable.
    #[error("{field}: {reason}")]
    BadField {
        /// The field, as the JSON names it.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// This visitor may not have such a call.
    #[error("{reason}")]
    Forbidden {
        /// Why not, for the visitor to read.
        reason: String,
    },
    /// Too many calls from this visitor.
    #[error("too many calls; try again in {retry_after_s} s")]
    RateLimited {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The server could not do it; its log says why.
    #[error("the server could not start the call")]
    Unavailable,
    /// The answer never came, or was not an answer.
    #[error("the server could not be reached")]
    Unreachable,
}

impl FromServerFnError for CallRefused {
    type Encoder = CallJson;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::Unreachable
    }
}
