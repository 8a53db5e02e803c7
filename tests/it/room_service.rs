//! The room service as server SDKs use it, told alike on the embedded server and on LiveKit's own.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story looks for one of LiveKit's many messages")]

use livekit_api::services::{
    ServerError, ServiceError,
    room::{CreateRoomOptions, SendDataOptions, UpdateParticipantOptions},
};
use livekit_protocol::{
    self as lk, DisconnectReason, data_packet::Value, leave_request::Action, participant_info::State,
    signal_response::Message as Response,
};
use serde_json::json;

use crate::{
    room_server::RoomServer,
    sfu_participant::{Participant, Path, Seen},
};

/// The code of a refusal.
fn code<T: std::fmt::Debug>(answer: Result<T, ServiceError>) -> String {
    match answer {
        Err(ServiceError::Twirp(ServerError::Twirp(refused))) => refused.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// Ann, who publishes, and Bob, who hears her.
async fn call(server: &RoomServer, room: &str) -> (Participant, Participant, lk::TrackInfo) {
    let ann = Participant::join(server.url(), &server.token(room, "ann"), Path::V1).await;
    let bob = Participant::join(server.url(), &server.token(room, "bob"), Path::V1).await;
    let track = ann.publish().await;
    ann.await_signal(|message| match message {
        Response::TrackSubscribed(subscribed) => (subscribed.track_sid == track.sid).then_some(()),
        _ => None,
    })
    .await;
    (ann, bob, track)
}

#[tokio::test]
async fn rooms_are_made_listed_changed_and_ended() {
    for server in RoomServer::each().await {
        let client = server.client();
        let options = CreateRoomOptions { max_participants: 7, metadata: "first".into(), ..Default::default() };
        let made = client.create_room("made", options).await.unwrap();
        assert_eq!((made.empty_timeout, made.departure_timeout, made.max_participants), (300, 20, 7));
        let again = client.create_room("made", CreateRoomOptions::default()).await.unwrap();
        assert_eq!((&again.sid, again.metadata.as_str()), (&made.sid, "first"));

        client.create_room("other", CreateRoomOptions::default()).await.unwrap();
        assert_eq!(client.list_rooms(vec![]).await.unwrap().len(), 2);
        let named = client.list_rooms(vec!["made".into(), "absent".into()]).await.unwrap();
        assert_eq!(named.into_iter().map(|room| room.sid).collect::<Vec<_>>(), [made.sid]);

        let ann = Participant::join(server.url(), &server.token("made", "ann"), Path::V1).await;
        let told = client.update_room_metadata("made", "second").await.unwrap();
        assert_eq!((told.metadata.as_str(), told.max_participants), ("second", 7));
        ann.await_signal(|message| match message {
            Response::RoomUpdate(update) => update.room.as_ref().filter(|room| room.metadata == "second").map(|_| ()),
            _ => None,
        })
        .await;

        client.delete_room("made").await.unwrap();
        assert_eq!(ann.await_leave().await, (DisconnectReason::RoomDeleted, Action::Disconnect));
        assert_eq!(code(client.delete_room("made").await), "not_found");
        assert_eq!(code(client.update_room_metadata("made", "").await), "not_found");
        assert_eq!(code(client.create_room(&"x".repeat(257), CreateRoomOptions::default()).await), "invalid_argument");
    }
}

#[tokio::test]
async fn participants_are_shown_changed_and_removed() {
    for server in RoomServer::each().await {
        let client = server.client();
        let (ann, bob, _) = call(&server, "room").await;
        let shown = client.get_participant("room", "ann").await.unwrap();
        assert_eq!((shown.sid.as_str(), shown.state(), shown.tracks.len()), (ann.sid(), State::Active, 1));
        let mut listed: Vec<_> =
            client.list_participants("room").await.unwrap().into_iter().map(|one| one.identity).collect();
        listed.sort();
        assert_eq!(listed, ["ann", "bob"]);
        assert_eq!(code(client.get_participant("room", "cid").await), "not_found");
        assert!(client.list_participants("absent").await.unwrap().is_empty());

        let change = UpdateParticipantOptions {
            name: "Ann".into(),
            metadata: "m".into(),
            attributes: [("a".to_owned(), "1".to_owned())].into(),
            ..Default::default()
        };
        let changed = client.update_participant("room", "ann", change.clone()).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.metadata.as_str()), ("Ann", "m"));
        bob.await_update(|info| {
            info.name == "Ann" && info.metadata == "m" && info.attributes.get("a").is_some_and(|value| value == "1")
        })
        .await;
        assert_eq!(code(client.update_participant("room", "cid", change).await), "not_found");
        let long = UpdateParticipantOptions { name: "x".repeat(257), ..Default::default() };
        assert_eq!(code(client.update_participant("room", "ann", long).await), "invalid_argument");

        client.remove_participant("room", "bob").await.unwrap();
        assert_eq!(bob.await_leave().await, (DisconnectReason::ParticipantRemoved, Action::Disconnect));
        ann.await_update(|info| info.identity == "bob" && info.state() == State::Disconnected).await;
        assert_eq!(code(client.remove_participant("room", "bob").await), "not_found");
    }
}

#[tokio::test]
async fn what_is_no_longer_allowed_ends_at_once() {
    for server in RoomServer::each().await {
        let client = server.client();
        let (ann, bob, track) = call(&server, "room").await;
        let permit = |permission| UpdateParticipantOptions { permission: Some(permission), ..Default::default() };
        let listener = lk::ParticipantPermission { can_subscribe: true, ..Default::default() };
        let changed = client.update_participant("room", "ann", permit(listener)).await.unwrap();
        assert!(!changed.permission.unwrap().can_publish);
        ann.await_signal(|message| match message {
            Response::TrackUnpublished(gone) => (gone.track_sid == track.sid).then_some(()),
            _ => None,
        })
        .await;
        bob.await_update(|info| info.identity == "ann" && info.tracks.is_empty()).await;

        // Data is no longer allowed either; what Bob says meanwhile still arrives.
        ann.send(user("forbidden"));
        let deaf = lk::ParticipantPermission { can_publish_data: true, ..Default::default() };
        client.update_participant("room", "bob", permit(deaf)).await.unwrap();
        bob.await_update(|info| {
            info.identity == "bob" && info.permission.as_ref().is_some_and(|may| !may.can_subscribe)
        })
        .await;
        bob.send(user("allowed"));
        assert_eq!(message(&ann).await, "allowed");
        let speaker = lk::ParticipantPermission { can_publish_data: true, can_subscribe: true, ..Default::default() };
        client.update_participant("room", "ann", permit(speaker)).await.unwrap();
        ann.await_update(|info| {
            info.identity == "ann" && info.permission.as_ref().is_some_and(|may| may.can_publish_data)
        })
        .await;
        ann.send(user("allowed again"));
        assert_eq!(message(&bob).await, "allowed again");
    }
}

#[tokio::test]
async fn tracks_are_muted_and_never_unmuted_from_afar() {
    for server in RoomServer::each().await {
        let client = server.client();
        let (ann, bob, track) = call(&server, "room").await;
        let muted = client.mute_published_track("room", "ann", &track.sid, true).await.unwrap();
        assert!(muted.muted && muted.sid == track.sid);
        ann.await_signal(|message| match message {
            Response::Mute(mute) => (mute.sid == track.sid && mute.muted).then_some(()),
            _ => None,
        })
        .await;
        bob.await_update(|info| info.tracks.first().is_some_and(|track| track.muted)).await;
        let unmuted = client.mute_published_track("room", "ann", &track.sid, false).await;
        assert_eq!(code(unmuted), "failed_precondition");
        assert_eq!(code(client.mute_published_track("room", "cid", &track.sid, true).await), "unavailable");
    }
}

#[tokio::test]
async fn subscriptions_are_taken_and_given_back() {
    for server in RoomServer::each().await {
        let client = server.client();
        let (ann, bob, track) = call(&server, "room").await;
        client.update_subscriptions("room", "bob", vec![track.sid.clone()], false).await.unwrap();
        client.update_subscriptions("room", "bob", vec![track.sid.clone()], true).await.unwrap();
        let mut sequence = 0;
        loop {
            sequence += 1;
            ann.speak(sequence, b"sound");
            let heard =
                bob.until(|seen| matches!(seen, Seen::Audio { track: of, .. } if *of == track.sid).then_some(()));
            if tokio::time::timeout(std::time::Duration::from_millis(200), heard).await.is_ok() {
                break;
            }
        }
        let absent = client.update_subscriptions("room", "cid", vec![], true).await;
        assert_eq!(code(absent), "unavailable");
    }
}

#[tokio::test]
async fn the_server_sends_data() {
    for server in RoomServer::each().await {
        let client = server.client();
        let (ann, bob, _) = call(&server, "room").await;
        let to = |identities: &[&str]| SendDataOptions {
            kind: lk::data_packet::Kind::Reliable,
            destination_identities: identities.iter().map(|&one| one.to_owned()).collect(),
            topic: Some("news".into()),
            ..Default::default()
        };
        client.send_data("room", b"for bob".to_vec(), to(&["bob"])).await.unwrap();
        client.send_data("room", b"for all".to_vec(), to(&[])).await.unwrap();
        assert_eq!((message(&bob).await, message(&bob).await), ("for bob".into(), "for all".into()));
        assert_eq!(message(&ann).await, "for all");
        client.send_data("room", b"for nobody".to_vec(), to(&["cid"])).await.unwrap();
        assert_eq!(code(client.send_data("absent", b"".to_vec(), to(&[])).await), "unavailable");
    }
}

fn user(text: &str) -> lk::DataPacket {
    let user = lk::UserPacket { payload: text.as_bytes().to_vec(), ..Default::default() };
    lk::DataPacket { value: Some(Value::User(user)), ..Default::default() }
}

async fn message(to: &Participant) -> String {
    to.until(|seen| match seen {
        Seen::Data(packet) => match &packet.value {
            Some(Value::User(user)) => Some(String::from_utf8_lossy(&user.payload).into_owned()),
            _ => None,
        },
        _ => None,
    })
    .await
}

#[tokio::test]
async fn json_is_spelled_as_twirp_spells_it() {
    for server in RoomServer::each().await {
        let may_create = server.admin_token("room");
        let (status, room) =
            server.twirp("CreateRoom", Some(&may_create), r#"{"name": "room", "emptyTimeout": 9, "new": 1}"#).await;
        assert_eq!(status, 200);
        let mut names: Vec<_> = room.as_object().unwrap().keys().cloned().collect();
        names.sort();
        let expected = [
            "active_recording",
            "creation_time",
            "creation_time_ms",
            "departure_timeout",
            "empty_timeout",
            "enabled_codecs",
            "max_participants",
            "metadata",
            "name",
            "num_participants",
            "num_publishers",
            "sid",
            "turn_password",
            "version",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            (&room["empty_timeout"], &room["metadata"], &room["active_recording"]),
            (&json!(9), &json!(""), &json!(false))
        );
        assert!(room["creation_time"].is_string());

        let _ann = Participant::join(server.url(), &server.token("room", "ann"), Path::V1).await;
        let of_ann = r#"{"room": "room", "identity": "ann"}"#;
        let (_, ann) = server.twirp("GetParticipant", Some(&may_create), of_ann).await;
        let mut names: Vec<_> = ann.as_object().unwrap().keys().cloned().collect();
        names.sort();
        let expected = [
            "attributes",
            "capabilities",
            "client_protocol",
            "data_tracks",
            "disconnect_reason",
            "identity",
            "is_publisher",
            "joined_at",
            "joined_at_ms",
            "kind",
            "kind_details",
            "metadata",
            "name",
            "permission",
            "region",
            "sid",
            "state",
            "tracks",
            "version",
        ];
        assert_eq!(names, expected);
        assert_eq!((&ann["kind"], &ann["permission"]["can_publish"]), (&json!("STANDARD"), &json!(true)));

        let empty = "{}";
        for (method, token, body, status, code) in [
            ("ListRooms", None, empty, 401, "unauthenticated"),
            ("ListRooms", Some(server.token("room", "ann")), empty, 401, "unauthenticated"),
            ("GetParticipant", Some(server.admin_token("other")), of_ann, 401, "unauthenticated"),
            ("ListRooms", Some(may_create.clone()), "{", 400, "malformed"),
            ("NoSuchMethod", Some(may_create.clone()), empty, 404, "bad_route"),
            ("GetParticipant", Some(may_create.clone()), r#"{"room": "room", "identity": "cid"}"#, 404, "not_found"),
        ] {
            let answer = server.twirp(method, token.as_deref(), body).await;
            assert_eq!((answer.0, &answer.1["code"]), (status, &json!(code)), "{method} {body}");
        }
        let (status, _) = server.twirp("ListRooms", Some("rubbish"), empty).await;
        assert_eq!(status, 401);
    }
}
