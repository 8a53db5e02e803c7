//! How a call is asked for over HTTP: JSON. The server reads and writes it by serde, whose reader would weigh as much in
//! the browser as the panel's views do; the browser's end is written by hand.

use std::convert::Infallible;

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::{Serialize, de::DeserializeOwned};

use super::call::{CallRefused, CallTicket, RequestCall};
use crate::domain::json::{self, Object};

/// JSON, as `request_call` speaks it.
pub struct CallJson;

impl ContentType for CallJson {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for CallJson {
    const FORMAT_TYPE: Format = Format::Text;
}

/// What the server reads of the browser.
impl Decodes<RequestCall> for CallJson {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<RequestCall, Self::Error> {
        read(&bytes)
    }
}

/// What the server writes to it.
impl Encodes<CallTicket> for CallJson {
    type Error = serde_json::Error;

    fn encode(ticket: &CallTicket) -> Result<Bytes, Self::Error> {
        write(ticket)
    }
}

impl Encodes<CallRefused> for CallJson {
    type Error = serde_json::Error;

    fn encode(refused: &CallRefused) -> Result<Bytes, Self::Error> {
        write(refused)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(bytes)
}

fn write<T: Serialize>(value: &T) -> serde_json::Result<Bytes> {
    serde_json::to_vec(value).map(Bytes::from)
}

/// What the browser writes to the server.
impl Encodes<RequestCall> for CallJson {
    type Error = Infallible;

    fn encode(RequestCall { request }: &RequestCall) -> Result<Bytes, Self::Error> {
        let members = [("participantName", &request.participant_name), ("roomType", &request.room_type)];
        let given: Vec<_> = members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        Ok(["{\"request\":", &json::object(&given), "}"].concat().into())
    }
}

/// What the browser reads of it.
impl Decodes<CallTicket> for CallJson {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<CallTicket, Self::Error> {
        let object = parse(&bytes)?;
        let text = |name| object.text(name).map(str::to_owned).ok_or(Unreadable);
        Ok(CallTicket {
            token: text("token")?,
            room_name: text("roomName")?,
            participant_name: text("participantName")?,
            livekit_host: text("livekitHost")?,
        })
    }
}

impl Decodes<CallRefused> for CallJson {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<CallRefused, Self::Error> {
        let object = parse(&bytes)?;
        let text = |name| object.text(name).unwrap_or_default().to_owned();
        Ok(match object.text("code").ok_or(Unreadable)? {
            "bad_field" => CallRefused::BadField { field: text("field"), reason: text("reason") },
            "forbidden" => CallRefused::Forbidden { reason: text("reason") },
            "rate_limited" => {
                CallRefused::RateLimited { retry_after_s: object.number("retry_after_s").unwrap_or_default() }
            }
            "unavailable" => CallRefused::Unavailable,
            _ => CallRefused::Unreachable,
        })
    }
}

/// An answer that is none of this function's.
#[derive(Debug, thiserror::Error)]
#[error("the answer cannot be read")]
pub struct Unreadable;

fn parse(bytes: &[u8]) -> Result<Object, Unreadable> {
    std::str::from_utf8(bytes).ok().and_then(Object::parse).ok_or(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::call::CallRequest;

    /// What one end writes of `value`, read by the other.
    fn sent<T>(value: &T) -> T
    where
        CallJson: Encodes<T> + Decodes<T>,
        <CallJson as Decodes<T>>::Error: std::fmt::Debug,
    {
        CallJson::decode(CallJson::encode(value).unwrap()).unwrap()
    }

    #[test]
    fn a_request_arrives_as_it_was() {
        for (participant_name, room_type) in [(None, None), (Some("Ann \"A\"\n"), None), (Some("Bo"), Some("support"))]
        {
            let (participant_name, room_type) = (participant_name.map(str::to_owned), room_type.map(str::to_owned));
            let request = RequestCall { request: CallRequest { participant_name, room_type } };
            assert_eq!(sent(&request).request, request.request);
        }
    }

    #[test]
    fn a_ticket_arrives_as_it_was() {
        let ticket = CallTicket {
            token: "a.b.c".into(),
            room_name: "support-1".into(),
            participant_name: "Zoë \\ \"Z\"".into(),
            livekit_host: "ws://127.0.0.1:3000".into(),
        };
        assert!(sent(&ticket) == ticket);
    }

    #[test]
    fn a_refusal_arrives_as_it_was() {
        for refused in [
            CallRefused::BadField { field: "roomType".into(), reason: "has no such value".into() },
            CallRefused::Forbidden { reason: "for staff".into() },
            CallRefused::RateLimited { retry_after_s: 7 },
            CallRefused::Unavailable,
            CallRefused::Unreachable,
        ] {
            assert_eq!(sent(&refused), refused);
        }
    }

    #[test]
    fn an_answer_of_somebody_else_is_unreadable() {
        for answer in ["", "<html>", "{}", "{\"token\":\"a.b.c\"}", "null"] {
            assert!(<CallJson as Decodes<CallTicket>>::decode(Bytes::from(answer)).is_err(), "{answer}");
            assert!(<CallJson as Decodes<CallRefused>>::decode(Bytes::from(answer)).is_err(), "{answer}");
        }
    }
}
