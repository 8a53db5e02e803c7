//! The one wire error: stable codes, plain words, nothing of the inside. What is our own fault is logged here, once.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::api::call::CallRefused;

/// Room for a ticket as JSON, in bytes: more than it measures with a long name.
const BODY_BYTES: usize = 1024;

/// Why a request got no answer of the kind it asked for. On the wire: `{"error": {"code", "field"?, "message"}}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The body is not the JSON that the route takes.
    #[error("the body is not acceptable JSON: {0}")]
    BadJson(String),
    /// The body is not labelled as JSON; web pages of other sites cannot label it so without asking first.
    #[error("the body must be application/json")]
    NotJson,
    /// The body is larger than the route takes, in bytes.
    #[error("the body must not exceed {0} bytes")]
    TooLarge(usize),
    /// The body did not arrive.
    #[error("the body did not arrive whole")]
    Interrupted,
    /// A web page of a site that is not among `FRONTDESK_ALLOWED_ORIGINS`.
    #[error("pages of this origin may not ask for calls")]
    ForeignOrigin,
    /// The route exists, for other methods.
    #[error("this address does not answer that method")]
    MethodNotAllowed,
    /// No such route.
    #[error("there is nothing at this address")]
    NotFound,
    /// A webhook that the room server's key did not sign, or not for this body, or too long ago.
    #[error("the signature does not hold")]
    Unsigned,
    /// The database is away.
    #[error("this cannot be done now; try again")]
    Unavailable,
    /// The call was refused.
    #[error(transparent)]
    Call(#[from] CallRefused),
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadJson(_) | Self::Interrupted => StatusCode::BAD_REQUEST,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Call(refused) => status(refused),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadJson(_) => "bad_json",
            Self::NotJson => "not_json",
            Self::TooLarge(_) => "too_large",
            Self::Interrupted => "interrupted",
            Self::ForeignOrigin => "foreign_origin",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::Unsigned => "unsigned",
            Self::Unavailable => "unavailable",
            Self::Call(refused) => match refused {
                CallRefused::BadField { .. } => "bad_field",
                CallRefused::Forbidden { .. } => "forbidden",
                CallRefused::RateLimited { .. } => "rate_limited",
                CallRefused::Unavailable | CallRefused::Unreachable => "unavailable",
            },
        }
    }

    fn field(&self) -> Option<&str> {
        if let Self::Call(CallRefused::BadField { field, .. }) = self { Some(field) } else { None }
    }
}

/// The HTTP status of a refused call, on every route alike.
pub fn status(refused: &CallRefused) -> StatusCode {
    match refused {
        CallRefused::BadField { .. } => StatusCode::BAD_REQUEST,
        CallRefused::Forbidden { .. } => StatusCode::FORBIDDEN,
        CallRefused::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        CallRefused::Unavailable | CallRefused::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The `Retry-After` of a refused call.
pub fn retry_after(refused: &CallRefused) -> Option<HeaderValue> {
    if let CallRefused::RateLimited { retry_after_s } = refused { Some((*retry_after_s).into()) } else { None }
}

/// A JSON answer: never cached, never taken for anything else.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(BODY_BYTES);
    if let Err(error) = serde_json::to_writer(&mut bytes, body) {
        tracing::error!(%error, "an answer could not be written as JSON");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Wire<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            code: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            field: Option<&'a str>,
            message: String,
        }
        let error = Inner { code: self.code(), field: self.field(), message: self.to_string() };
        let mut response = json(self.status(), &Wire { error });
        if let Self::Call(refused) = &self
            && let Some(seconds) = retry_after(refused)
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
