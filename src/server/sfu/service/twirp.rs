//! Twirp's wire: two formats of messages and one of errors (Twirp wire protocol, version 7).

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use prost::Message;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::json::Shape;
use crate::server::sfu::AdminError;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON: any spelling of the fields in, snake_case with defaults spelled out going out.
    Json,
    /// Protobuf.
    Protobuf,
}

impl Format {
    /// Reads it from a `Content-Type`.
    pub fn of(value: &HeaderValue) -> Option<Self> {
        match value.to_str().ok()?.split(';').next()?.trim() {
            "application/json" => Some(Self::Json),
            "application/protobuf" => Some(Self::Protobuf),
            _ => None,
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// `malformed`.
    pub fn read<T: Message + Default + DeserializeOwned>(self, body: &[u8]) -> Result<T, TwirpError> {
        let malformed = |what: &str, error: &dyn std::fmt::Display| {
            TwirpError::new(Code::Malformed, format!("the {what} request could not be decoded: {error}"))
        };
        match self {
            Self::Json => serde_json::from_slice(body).map_err(|error| malformed("json", &error)),
            Self::Protobuf => T::decode(body).map_err(|error| malformed("protobuf", &error)),
        }
    }

    /// Writes an answer, whose JSON has `shape`.
    ///
    /// # Errors
    /// A message that has no JSON.
    pub fn write<T: Message + Serialize>(self, message: &T, shape: &Shape) -> Result<Answer, TwirpError> {
        match self {
            Self::Json => {
                let value = serde_json::to_value(message)
                    .map_err(|error| TwirpError::new(Code::Internal, format!("no JSON for the answer: {error}")))?;
                Ok(Answer { kind: "application/json", body: shape.fill(value).to_string().into_bytes() })
            }
            Self::Protobuf => Ok(Answer { kind: "application/protobuf", body: message.encode_to_vec() }),
        }
    }
}

/// A method's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    kind: &'static str,
    body: Vec<u8>,
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, HeaderValue::from_static(self.kind))], self.body).into_response()
    }
}

/// Twirp's codes, those that are given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No such route.
    BadRoute,
    /// A request that cannot be read.
    Malformed,
    /// A request that says something impossible.
    InvalidArgument,
    /// No token, or one that does not allow it.
    Unauthenticated,
    /// Nothing of that name.
    NotFound,
    /// Not as things stand.
    FailedPrecondition,
    /// Known and not done here.
    Unimplemented,
    /// Nobody there to do it.
    Unavailable,
    /// Our own fault.
    Internal,
}

impl Code {
    const fn name(self) -> &'static str {
        match self {
            Self::BadRoute => "bad_route",
            Self::Malformed => "malformed",
            Self::InvalidArgument => "invalid_argument",
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound => "not_found",
            Self::FailedPrecondition => "failed_precondition",
            Self::Unimplemented => "unimplemented",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::BadRoute | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Malformed | Self::InvalidArgument => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a method did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TwirpError {
    code: Code,
    message: String,
    route: Option<String>,
}

impl TwirpError {
    /// Makes one.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), route: None }
    }

    /// A request that goes to no method.
    pub fn bad_route(method: &Method, uri: &Uri, reason: &str) -> Self {
        let route = format!("{method} {}", uri.path());
        Self { code: Code::BadRoute, message: reason.to_owned(), route: Some(route) }
    }

    /// A method that needs more than the token allows.
    pub fn denied() -> Self {
        Self::new(Code::Unauthenticated, "permissions denied")
    }
}

impl From<AdminError> for TwirpError {
    fn from(error: AdminError) -> Self {
        let code = match error {
            AdminError::NoRoom | AdminError::NoParticipant => Code::NotFound,
            AdminError::BadName | AdminError::LongName | AdminError::TooMuch => Code::InvalidArgument,
            AdminError::Stopped => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl IntoResponse for TwirpError {
    fn into_response(self) -> Response {
        let mut body = json!({ "code": self.code.name(), "msg": self.message });
        if let Some(route) = self.route {
            body["meta"] = json!({ "twirp_invalid_route": route });
        }
        (self.code.status(), Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_label() {
        let of = |label: &'static str| Format::of(&HeaderValue::from_static(label));
        assert_eq!(of("application/json"), Some(Format::Json));
        assert_eq!(of("application/json; charset=utf-8"), Some(Format::Json));
        assert_eq!(of("application/protobuf"), Some(Format::Protobuf));
        assert_eq!(of("text/plain"), None);
    }
}
