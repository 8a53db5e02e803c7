//! What a visitor wishes for, parsed at the edge: every body that asks for a call becomes a [`Wish`] or names its bad field.
//!
//! A body may not choose its room or its identity: both are made by the server, for each call anew.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    api::call::{CallRefused, CallRequest},
    server::agent::DISPATCH_NAME,
};

/// The longest name of a participant, in characters.
const NAME_MAX_CHARS: usize = 64;

/// The longest name of a room and the longest identity, in characters: livekit-server's limits.
const ID_MAX_CHARS: usize = 256;

/// The most metadata, and the most attributes taken together, in bytes; a visitor's page needs a few words.
const METADATA_MAX_BYTES: usize = 4096;

/// The name of a visitor who gave none.
const NAMELESS: &str = "Visitor";

/// The attributes that LiveKit's agents and our own speak through; no visitor may wear them.
const RESERVED_ATTRIBUTES: [&str; 2] = ["lk.", "frontdesk."];

/// Which kind of call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RoomType {
    /// A visitor and the assistant.
    #[default]
    Support,
    /// One of the team and their own assistant.
    AdminAssistant,
}

/// A wish for a call, every field of it acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The name that the other side sees.
    pub name: String,
    /// The kind of call.
    pub room_type: RoomType,
    /// Free text that goes with the participant.
    pub metadata: String,
    /// Attributes that go with the participant.
    pub attributes: BTreeMap<String, String>,
}

impl TryFrom<CallRequest> for Wish {
    type Error = CallRefused;

    fn try_from(request: CallRequest) -> Result<Self, CallRefused> {
        Ok(Self {
            name: name("participantName", request.participant_name)?,
            room_type: match request.room_type.as_deref() {
                None | Some("support") => RoomType::Support,
                Some("admin-assistant") => RoomType::AdminAssistant,
                Some(_) => return Err(bad("roomType", "it is `support` or `admin-assistant`")),
            },
            metadata: String::new(),
            attributes: BTreeMap::new(),
        })
    }
}

/// The body of `POST /api/voice/token`: a [`CallRequest`], and what some send along that is not theirs to choose.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VoiceRequest {
    participant_name: Option<String>,
    room_type: Option<String>,
    room_name: Option<String>,
    #[serde(alias = "identity")]
    participant_identity: Option<String>,
}

impl TryFrom<VoiceRequest> for Wish {
    type Error = CallRefused;

    fn try_from(request: VoiceRequest) -> Result<Self, CallRefused> {
        let VoiceRequest { participant_name, room_type, room_name, participant_identity } = request;
        let wish = Self::try_from(CallRequest { participant_name, room_type })?;
        not_chosen("roomName", room_name)?;
        not_chosen("participantIdentity", participant_identity)?;
        Ok(wish)
    }
}

/// The body of LiveKit's standard token endpoint (`TokenSourceRequest` in its protocol).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StandardRequest {
    room_name: Option<String>,
    participant_name: Option<String>,
    participant_identity: Option<String>,
    participant_metadata: Option<String>,
    participant_attributes: Option<BTreeMap<String, String>>,
    room_config: Option<Map<String, Value>>,
}

impl TryFrom<StandardRequest> for Wish {
    type Error = CallRefused;

    fn try_from(request: StandardRequest) -> Result<Self, CallRefused> {
        let wish = Self {
            name: name("participant_name", request.participant_name)?,
            room_type: RoomType::Support,
            metadata: metadata(request.participant_metadata.unwrap_or_default())?,
            attributes: attributes(request.participant_attributes.unwrap_or_default())?,
        };
        room_config(request.room_config.unwrap_or_default())?;
        not_chosen("room_name", request.room_name)?;
        not_chosen("participant_identity", request.participant_identity)?;
        Ok(wish)
    }
}

fn name(field: &str, value: Option<String>) -> Result<String, CallRefused> {
    let Some(name) = value else { return Ok(NAMELESS.to_owned()) };
    printable(field, &name, NAME_MAX_CHARS)?;
    Ok(name)
}

/// Refuses a room or an identity that the body names, with the same words whether it exists or not.
fn not_chosen(field: &str, value: Option<String>) -> Result<(), CallRefused> {
    let Some(value) = value else { return Ok(()) };
    printable(field, &value, ID_MAX_CHARS)?;
    Err(CallRefused::Forbidden { reason: format!("{field} is chosen by the server") })
}

fn printable(field: &str, value: &str, max_chars: usize) -> Result<(), CallRefused> {
    if value.trim().is_empty() || value.chars().count() > max_chars {
        return Err(bad(field, format!("it must have 1 to {max_chars} characters")));
    }
    if value.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(bad(field, "it must not have control characters"));
    }
    Ok(())
}

/// The characters that reverse the text around them (Unicode UAX 9), break lines or show nothing, with which a name can
/// pose as another.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
    )
}

fn metadata(metadata: String) -> Result<String, CallRefused> {
    if metadata.len() > METADATA_MAX_BYTES {
        return Err(bad("participant_metadata", format!("it must not exceed {METADATA_MAX_BYTES} bytes")));
    }
    Ok(metadata)
}

fn attributes(attributes: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, CallRefused> {
    let field = "participant_attributes";
    if attributes.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > METADATA_MAX_BYTES {
        return Err(bad(field, format!("they must not exceed {METADATA_MAX_BYTES} bytes together")));
    }
    match attributes.keys().find(|key| RESERVED_ATTRIBUTES.iter().any(|reserved| key.starts_with(reserved))) {
        Some(key) => Err(bad(field, format!("`{key}` is reserved for assistants"))),
        None => Ok(attributes),
    }
}

/// Accepts a room configuration that asks for nothing but what every room has: our own assistant.
fn room_config(config: Map<String, Value>) -> Result<(), CallRefused> {
    let field = "room_config";
    for (setting, value) in config {
        let ours = |agent: &Value| matches!(agent["agent_name"].as_str(), None | Some("" | DISPATCH_NAME));
        if setting != "agents" {
            return Err(bad(field, format!("`{setting}` is the server's to choose")));
        }
        if !value.as_array().is_some_and(|agents| agents.iter().all(ours)) {
            return Err(bad(field, "`agents` names one that is not ours"));
        }
    }
    Ok(())
}

fn bad(field: &str, reason: impl Into<String>) -> CallRefused {
    CallRefused::BadField { field: field.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn voice(body: Value) -> Result<Wish, CallRefused> {
        serde_json::from_value::<VoiceRequest>(body).unwrap().try_into()
    }

    fn standard(body: Value) -> Result<Wish, CallRefused> {
        serde_json::from_value::<StandardRequest>(body).unwrap().try_into()
    }

    fn field(refused: Result<Wish, CallRefused>) -> String {
        let Err(CallRefused::BadField { field, .. }) = refused else { panic!("{refused:?}") };
        field
    }

    #[test]
    fn an_empty_body_is_a_support_call_of_a_visitor() {
        let wish = Wish {
            name: "Visitor".into(),
            room_type: RoomType::Support,
            metadata: String::new(),
            attributes: BTreeMap::new(),
        };
        assert_eq!(voice(json!({})), Ok(wish.clone()));
        assert_eq!(standard(json!({})), Ok(wish));
    }

    #[test]
    fn a_bad_name_is_named() {
        for bad in ["", "  ", &"x".repeat(65), &"x".repeat(257), "a\0b", "a\nb", "a\u{7f}", "\u{202e}nimda"] {
            assert_eq!(field(voice(json!({ "participantName": bad }))), "participantName", "{bad:?}");
            assert_eq!(field(standard(json!({ "participant_name": bad }))), "participant_name", "{bad:?}");
        }
        assert_eq!(voice(json!({ "participantName": "Zoë 💃" })).unwrap().name, "Zoë 💃");
        assert_eq!(field(voice(json!({ "roomType": "party" }))), "roomType");
        assert_eq!(field(standard(json!({ "room_name": "" }))), "room_name");
    }

    #[test]
    fn rooms_and_identities_are_not_chosen() {
        for body in [json!({ "room_name": "support-1" }), json!({ "participant_identity": "agent-1" })] {
            assert!(matches!(standard(body), Err(CallRefused::Forbidden { .. })));
        }
    }

    #[test]
    fn a_room_config_may_ask_for_our_own_assistant_alone() {
        let agents = |name: &str| json!({ "room_config": { "agents": [{ "agent_name": name }] } });
        assert!(standard(agents("frontdesk")).is_ok());
        assert!(standard(agents("")).is_ok());
        assert_eq!(field(standard(agents("somebody-elses"))), "room_config");
        assert_eq!(field(standard(json!({ "room_config": { "egress": { "room": {} } } }))), "room_config");
    }

    #[test]
    fn nobody_poses_as_an_assistant() {
        let attributes = |key: &str| json!({ "participant_attributes": { key: "speaking" } });
        assert_eq!(field(standard(attributes("lk.agent.state"))), "participant_attributes");
        assert_eq!(field(standard(attributes("frontdesk.speech"))), "participant_attributes");
        assert!(standard(attributes("page")).is_ok());
    }

    proptest! {
        #[test]
        fn every_accepted_name_is_printable_and_short(name in any::<String>()) {
            if let Ok(wish) = voice(json!({ "participantName": name })) {
                prop_assert!(!wish.name.is_empty() && wish.name.chars().count() <= NAME_MAX_CHARS);
                prop_assert!(!wish.name.chars().any(char::is_control));
            }
        }
    }
}
