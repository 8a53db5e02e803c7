//! What a client says of itself when it opens the socket: the query of v0, the join request of v1.

use std::{collections::BTreeMap, io::Read};

use base64::{Engine, engine::general_purpose::URL_SAFE, engine::general_purpose::URL_SAFE_NO_PAD};
use livekit_protocol as lk;
use prost::Message as _;
use serde::Deserialize;

use super::{Description, TrackRequest, codec};
use crate::server::sfu::{ids::ParticipantSid, limits};

/// How large a join request may be once unpacked, in bytes: the largest session description, and
/// what else goes with it. A browser's first offer is under 20 KiB.
const UNPACKED_MAX: u64 = 320 * 1024;

/// The query of both paths, as it stands in the URL.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// The token, where the client cannot set headers.
    pub access_token: Option<String>,
    /// v1: everything else, packed.
    pub join_request: Option<String>,
    auto_subscribe: Option<String>,
    reconnect: Option<String>,
    sid: Option<String>,
    client_protocol: Option<i32>,
}

/// How a client enters.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// As a new session.
    Join(Box<Hello>),
    /// Into the session that it had; `None` where the sid is not one of ours.
    Resume(Option<ParticipantSid>),
}

/// What a new session starts from.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// Whether one peer connection carries everything (v1).
    pub single: bool,
    /// Whether it hears everybody unasked.
    pub auto_subscribe: bool,
    /// Its first offer, if it brings one.
    pub offer: Option<Description>,
    /// Tracks that it publishes from the start.
    pub tracks: Vec<TrackRequest>,
    /// Attributes to add to the token's.
    pub attributes: BTreeMap<String, String>,
    /// What its data-stream code understands.
    pub client_protocol: i32,
    /// LiveKit's `ClientInfo.Capability` numbers.
    pub capabilities: Vec<i32>,
}

/// A join request that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// v1 without its parameter.
    #[error("join_request is missing")]
    Missing,
    /// Not base64.
    #[error("join_request is not base64url")]
    Base64,
    /// Not gzip, or too much of it.
    #[error("join_request does not unpack within {UNPACKED_MAX} bytes")]
    Gzip,
    /// Not the message.
    #[error("join_request is not a join request: {0}")]
    Protobuf(#[from] prost::DecodeError),
}

impl Query {
    /// Reads the v0 form.
    pub fn v0(&self) -> Entry {
        if flag(self.reconnect.as_deref(), false) {
            return Entry::Resume(self.sid.as_deref().and_then(|sid| ParticipantSid::try_from(sid).ok()));
        }
        Entry::Join(Box::new(Hello {
            single: false,
            auto_subscribe: flag(self.auto_subscribe.as_deref(), true),
            offer: None,
            tracks: Vec::new(),
            attributes: BTreeMap::new(),
            client_protocol: self.client_protocol.unwrap_or_default(),
            capabilities: Vec::new(),
        }))
    }

    /// Reads the v1 form.
    ///
    /// # Errors
    /// A parameter that is missing or cannot be unpacked within bounds.
    pub fn v1(&self) -> Result<Entry, JoinError> {
        let packed = self.join_request.as_deref().ok_or(JoinError::Missing)?;
        let packed = URL_SAFE.decode(packed).or_else(|_| URL_SAFE_NO_PAD.decode(packed));
        let wrapped = lk::WrappedJoinRequest::decode(packed.map_err(|_| JoinError::Base64)?.as_slice())?;
        let join = if wrapped.compression == lk::wrapped_join_request::Compression::Gzip as i32 {
            lk::JoinRequest::decode(unpack(&wrapped.join_request)?.as_slice())?
        } else {
            lk::JoinRequest::decode(wrapped.join_request.as_slice())?
        };
        if join.reconnect {
            return Ok(Entry::Resume(ParticipantSid::try_from(join.participant_sid.as_str()).ok()));
        }
        let client = join.client_info.unwrap_or_default();
        Ok(Entry::Join(Box::new(Hello {
            single: true,
            auto_subscribe: join.connection_settings.is_none_or(|settings| settings.auto_subscribe),
            offer: join.publisher_offer.map(codec::description),
            tracks: join.add_track_requests.into_iter().map(codec::track_request).collect(),
            attributes: join.participant_attributes.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            client_protocol: client.client_protocol,
            capabilities: limits::few_numbers(client.capabilities),
        })))
    }
}

fn flag(value: Option<&str>, default: bool) -> bool {
    value.map_or(default, |value| matches!(value, "1" | "true"))
}

fn unpack(gzip: &[u8]) -> Result<Vec<u8>, JoinError> {
    let mut bytes = Vec::new();
    let read = flate2::read::GzDecoder::new(gzip).take(UNPACKED_MAX + 1).read_to_end(&mut bytes);
    if read.is_err() || bytes.len() as u64 > UNPACKED_MAX {
        return Err(JoinError::Gzip);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn query(join_request: Vec<u8>, compression: lk::wrapped_join_request::Compression) -> Query {
        let wrapped = lk::WrappedJoinRequest { compression: compression as i32, join_request };
        Query { join_request: Some(URL_SAFE.encode(wrapped.encode_to_vec())), ..Default::default() }
    }

    #[test]
    fn a_packed_join_request_is_read() {
        let join = lk::JoinRequest {
            participant_attributes: [("a".to_owned(), "b".to_owned())].into(),
            connection_settings: Some(lk::ConnectionSettings { auto_subscribe: true, ..Default::default() }),
            ..Default::default()
        };
        let entry = query(gzip(&join.encode_to_vec()), lk::wrapped_join_request::Compression::Gzip).v1().unwrap();
        let Entry::Join(hello) = entry else { panic!("not a join") };
        assert!(hello.single && hello.auto_subscribe);
        assert_eq!(hello.attributes, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    }

    #[test]
    fn a_resume_names_its_session() {
        let join = lk::JoinRequest { reconnect: true, participant_sid: "PA_x".into(), ..Default::default() };
        let entry = query(join.encode_to_vec(), lk::wrapped_join_request::Compression::None).v1().unwrap();
        assert_eq!(entry, Entry::Resume(ParticipantSid::try_from("PA_x").ok()));
        let v0 = Query { reconnect: Some("1".into()), sid: Some("rubbish".into()), ..Default::default() };
        assert_eq!(v0.v0(), Entry::Resume(None));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = query(gzip(&vec![0; 64 * 1024 * 1024]), lk::wrapped_join_request::Compression::Gzip);
        assert!(matches!(bomb.v1(), Err(JoinError::Gzip)));
    }

    #[test]
    fn rubbish_is_refused() {
        let query = |text: &str| Query { join_request: Some(text.into()), ..Default::default() };
        assert!(matches!(Query::default().v1(), Err(JoinError::Missing)));
        assert!(matches!(query("%%%").v1(), Err(JoinError::Base64)));
        assert!(matches!(query("_____w==").v1(), Err(JoinError::Protobuf(_))));
    }
}
