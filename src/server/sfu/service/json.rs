//! The JSON of answers. Twirp's servers in Go write every field by its protobuf name, defaults included; the types of
//! `livekit-protocol` write lowerCamelCase and leave defaults out, as webhooks have it. A shape makes the one of the other.

use serde_json::{Map, Value};

/// The fields of a message, with their defaults as JSON.
#[derive(Debug)]
pub struct Shape {
    defaults: &'static str,
    nested: &'static [(&'static str, &'static Shape)],
}

const CODEC: Shape = Shape { defaults: r#"{"mime":"","fmtp_line":""}"#, nested: &[] };

const PERMISSION: Shape = Shape {
    defaults: r#"{"can_subscribe":false,"can_publish":false,"can_publish_data":false,"can_publish_sources":[],
        "hidden":false,"recorder":false,"can_update_metadata":false,"agent":false,"can_subscribe_metrics":false,
        "can_manage_agent_session":false}"#,
    nested: &[],
};

const TRACK_CODEC: Shape = Shape {
    defaults: r#"{"mime_type":"","mid":"","cid":"","layers":[],"video_layer_mode":"MODE_UNUSED","sdp_cid":""}"#,
    nested: &[],
};

const TRACK: Shape = Shape {
    defaults: r#"{"sid":"","type":"AUDIO","name":"","muted":false,"width":0,"height":0,"simulcast":false,
        "disable_dtx":false,"source":"UNKNOWN","layers":[],"mime_type":"","mid":"","codecs":[],"stereo":false,
        "disable_red":false,"encryption":"NONE","stream":"","version":null,"audio_features":[],
        "backup_codec_policy":"PREFER_REGRESSION","packet_trailer_features":[]}"#,
    nested: &[("codecs", &TRACK_CODEC)],
};

/// `livekit.Room`.
pub const ROOM: Shape = Shape {
    defaults: r#"{"sid":"","name":"","empty_timeout":0,"departure_timeout":0,"max_participants":0,"creation_time":"0",
        "creation_time_ms":"0","turn_password":"","enabled_codecs":[],"metadata":"","num_participants":0,
        "num_publishers":0,"active_recording":false,"version":null}"#,
    nested: &[("enabled_codecs", &CODEC)],
};

/// `livekit.ParticipantInfo`.
pub const PARTICIPANT: Shape = Shape {
    defaults: r#"{"sid":"","identity":"","state":"JOINING","tracks":[],"metadata":"","joined_at":"0","joined_at_ms":"0",
        "name":"","version":0,"permission":null,"region":"","is_publisher":false,"kind":"STANDARD","attributes":{},
        "disconnect_reason":"UNKNOWN_REASON","kind_details":[],"data_tracks":[],"client_protocol":0,"capabilities":[]}"#,
    nested: &[("tracks", &TRACK), ("permission", &PERMISSION)],
};

/// `livekit.ListRoomsResponse`.
pub const ROOMS: Shape = Shape { defaults: r#"{"rooms":[]}"#, nested: &[("rooms", &ROOM)] };

/// `livekit.ListParticipantsResponse`.
pub const PARTICIPANTS: Shape = Shape { defaults: r#"{"participants":[]}"#, nested: &[("participants", &PARTICIPANT)] };

/// `livekit.MuteRoomTrackResponse`.
pub const MUTED: Shape = Shape { defaults: r#"{"track":null}"#, nested: &[("track", &TRACK)] };

/// A message without fields.
pub const EMPTY: Shape = Shape { defaults: "{}", nested: &[] };

impl Shape {
    /// Gives a message's JSON this shape; fields that the shape does not know go.
    pub fn fill(&self, message: Value) -> Value {
        let Value::Object(mut fields) = message else { return message };
        let defaults: Map<String, Value> = serde_json::from_str(self.defaults).unwrap_or_default();
        let filled = defaults.into_iter().map(|(name, default)| {
            let value = fields.remove(&camel(&name)).unwrap_or(default);
            let nested = self.nested.iter().find(|(field, _)| *field == name);
            let value = match (nested, value) {
                (Some((_, shape)), Value::Array(items)) => items.into_iter().map(|item| shape.fill(item)).collect(),
                (Some((_, shape)), value) => shape.fill(value),
                (None, value) => value,
            };
            (name, value)
        });
        Value::Object(filled.collect())
    }
}

/// A protobuf name as `livekit-protocol` spells it in JSON.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel.extend(word.chars().next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(word.get(1..).unwrap_or_default());
    }
    camel
}

#[cfg(test)]
mod tests {
    use livekit_protocol as lk;
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_json() {
        for shape in [&CODEC, &PERMISSION, &TRACK_CODEC, &TRACK, &ROOM, &PARTICIPANT, &ROOMS, &PARTICIPANTS, &MUTED] {
            let fields: Map<String, Value> = serde_json::from_str(shape.defaults).unwrap();
            assert!(shape.nested.iter().all(|(name, _)| fields.contains_key(*name)));
        }
    }

    #[test]
    fn defaults_are_spelled_out_at_every_depth() {
        let track = lk::TrackInfo { sid: "TR_1".into(), muted: true, ..Default::default() };
        let participant = lk::ParticipantInfo {
            identity: "ann".into(),
            state: lk::participant_info::State::Active as i32,
            joined_at_ms: 5,
            tracks: vec![track],
            attributes: [("some_key".to_owned(), "x".to_owned())].into(),
            ..Default::default()
        };
        let list = lk::ListParticipantsResponse { participants: vec![participant] };
        let filled = PARTICIPANTS.fill(serde_json::to_value(&list).unwrap());
        let ann = &filled["participants"][0];
        assert_eq!(
            (&ann["identity"], &ann["state"], &ann["joined_at_ms"]),
            (&json!("ann"), &json!("ACTIVE"), &json!("5"))
        );
        assert_eq!((&ann["permission"], &ann["attributes"]), (&Value::Null, &json!({"some_key": "x"})));
        assert_eq!((&ann["tracks"][0]["muted"], &ann["tracks"][0]["disable_dtx"]), (&json!(true), &json!(false)));
    }

    #[test]
    fn names_are_spelled_as_livekit_protocol_spells_them() {
        assert_eq!((camel("num_participants"), camel("sid")), ("numParticipants".into(), "sid".into()));
    }
}
