//! Calls through the room server, on both signalling paths and across them.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story looks for one of LiveKit's many messages")]

use frontdesk::server::sfu::Happening;
use livekit_protocol::{
    self as lk, DisconnectReason, data_stream::header::ContentHeader, leave_request::Action, participant_info::State,
    signal_request::Message as Request, signal_response::Message as Response,
};

use crate::{
    sfu_host::{Host, claims},
    sfu_participant::{Participant, Path, Seen},
};

/// Every pair of paths.
pub const PATHS: [(Path, Path); 4] =
    [(Path::V1, Path::V1), (Path::V0, Path::V0), (Path::V0, Path::V1), (Path::V1, Path::V0)];

/// Ann and Bob in a room, both active, Ann publishing and Bob receiving.
pub async fn call(host: &Host, (anns, bobs): (Path, Path)) -> (Participant, Participant, String) {
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), anns).await;
    let bob = Participant::join(&host.url(), &host.token("room", "bob"), bobs).await;
    ann.await_update(|info| info.identity == "bob" && info.state() == State::Active).await;
    let track = ann.publish().await.sid;
    ann.await_signal(|message| match message {
        Response::TrackSubscribed(subscribed) => (subscribed.track_sid == track).then_some(()),
        _ => None,
    })
    .await;
    (ann, bob, track)
}

/// Says frames until one is heard, then gives how they are numbered from there on.
pub async fn hear(from: &Participant, to: &Participant, track: &str, sequence: &mut u64) -> u16 {
    loop {
        *sequence += 1;
        from.speak(*sequence, &sequence.to_be_bytes());
        let heard = to.until(|seen| match seen {
            // Frames from before may come late where the connection was just made anew.
            Seen::Audio { track: of, sequence: number, payload } if of == track => {
                (*payload == sequence.to_be_bytes()).then_some(*number)
            }
            _ => None,
        });
        if let Ok(number) = tokio::time::timeout(std::time::Duration::from_millis(200), heard).await {
            return number;
        }
    }
}

#[tokio::test]
async fn audio_flows_on_every_pair_of_paths_and_stops_when_muted() {
    for paths in PATHS {
        let host = Host::start().await;
        let (ann, bob, track) = call(&host, paths).await;
        let mut sequence = 100;
        let first = hear(&ann, &bob, &track, &mut sequence).await;
        let second = hear(&ann, &bob, &track, &mut sequence).await;
        assert_eq!(second, first + 1, "{paths:?}");

        ann.say(Request::Mute(lk::MuteTrackRequest { sid: track.clone(), muted: true }));
        bob.await_update(|info| info.tracks.first().is_some_and(|track| track.muted)).await;
        ann.speak(sequence + 1, b"unheard");
        ann.say(Request::Mute(lk::MuteTrackRequest { sid: track.clone(), muted: false }));
        bob.await_update(|info| info.tracks.first().is_some_and(|track| !track.muted)).await;
        sequence += 1;
        let third = hear(&ann, &bob, &track, &mut sequence).await;
        assert!(third > second);
    }
}

#[tokio::test]
async fn a_burst_arrives_whole() {
    let host = Host::start().await;
    let (ann, bob, track) = call(&host, (Path::V1, Path::V1)).await;
    let mut sequence = 100;
    let first = hear(&ann, &bob, &track, &mut sequence).await;
    (1..=40).for_each(|n| ann.speak(sequence + n, &[n as u8]));
    for n in 1..=40 {
        let heard = bob.until(|seen| match seen {
            Seen::Audio { sequence, payload, .. } => Some((*sequence, payload.clone())),
            _ => None,
        });
        assert_eq!(heard.await, (first + n, vec![n as u8]));
    }
}

#[tokio::test]
async fn speakers_are_told() {
    let host = Host::start().await;
    let (ann, bob, track) = call(&host, (Path::V1, Path::V1)).await;
    let mut sequence = 0;
    hear(&ann, &bob, &track, &mut sequence).await;
    let speaking = bob.await_signal(|message| match message {
        Response::SpeakersChanged(changed) => changed.speakers.first().cloned(),
        _ => None,
    });
    let speaking = speaking.await;
    assert_eq!(speaking.sid, ann.sid());
    assert!(speaking.active);
}

fn text(sequence: u32, value: lk::data_packet::Value) -> lk::DataPacket {
    lk::DataPacket { sequence, value: Some(value), ..Default::default() }
}

/// A text stream as LiveKit's clients send it.
fn stream(first: u32, words: &str) -> [lk::DataPacket; 3] {
    let header = lk::data_stream::Header {
        stream_id: "s".into(),
        topic: "lk.chat".into(),
        mime_type: "text/plain".into(),
        content_header: Some(ContentHeader::TextHeader(lk::data_stream::TextHeader::default())),
        ..Default::default()
    };
    let chunk =
        lk::data_stream::Chunk { stream_id: "s".into(), content: words.as_bytes().to_vec(), ..Default::default() };
    let trailer = lk::data_stream::Trailer { stream_id: "s".into(), ..Default::default() };
    [
        text(first, lk::data_packet::Value::StreamHeader(header)),
        text(first + 1, lk::data_packet::Value::StreamChunk(chunk)),
        text(first + 2, lk::data_packet::Value::StreamTrailer(trailer)),
    ]
}

async fn next_data(participant: &Participant) -> lk::DataPacket {
    participant.until(|seen| if let Seen::Data(packet) = seen { Some((**packet).clone()) } else { None }).await
}

#[tokio::test]
async fn text_streams_arrive_in_order_and_name_their_sender() {
    for paths in PATHS {
        let host = Host::start().await;
        let (ann, bob, _) = call(&host, paths).await;
        stream(1, "good morning").into_iter().for_each(|packet| ann.send(packet));
        for sequence in 1..=3 {
            let packet = next_data(&bob).await;
            assert_eq!((packet.sequence, packet.participant_identity.as_str()), (sequence, "ann"));
            assert_eq!(packet.participant_sid, ann.sid());
        }
        bob.send(lk::DataPacket {
            destination_identities: vec!["nobody".into()],
            ..text(1, stream(1, "x")[1].value.clone().unwrap())
        });
        bob.send(text(2, stream(1, "for all")[1].value.clone().unwrap()));
        assert_eq!(next_data(&ann).await.sequence, 2);
    }
}

#[tokio::test]
async fn data_waits_for_a_channel_that_is_not_open() {
    let host = Host::start().await;
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    ann.await_update(|info| info.state() == State::Active).await;
    let bob = Participant::join(&host.url(), &host.token("room", "bob"), Path::V0).await;
    stream(1, "early").into_iter().for_each(|packet| ann.send(packet));
    for sequence in 1..=3 {
        assert_eq!(next_data(&bob).await.sequence, sequence);
    }
}

#[tokio::test]
async fn a_resume_keeps_the_session_and_loses_nothing() {
    for path in [Path::V1, Path::V0] {
        let host = Host::start().await;
        let (ann, bob, track) = call(&host, (path, Path::V1)).await;
        let mut sequence = 0;
        hear(&ann, &bob, &track, &mut sequence).await;
        stream(1, "before").into_iter().for_each(|packet| ann.send(packet));
        for sequence in 1..=3 {
            assert_eq!(next_data(&bob).await.sequence, sequence);
        }
        ann.resume();
        bob.send(text(1, stream(1, "meanwhile")[1].value.clone().unwrap()));
        assert_eq!(next_data(&ann).await.sequence, 1);
        // Sent again by a client that does not know what arrived.
        ann.send(stream(1, "before")[2].clone());
        stream(4, "after").into_iter().for_each(|packet| ann.send(packet));
        for sequence in 4..=6 {
            assert_eq!(next_data(&bob).await.sequence, sequence);
        }
        hear(&ann, &bob, &track, &mut sequence).await;
        let present = host.sfu.list_participants("room").await.unwrap();
        assert!(present.iter().any(|info| info.sid.as_str() == ann.sid()));
    }
}

#[tokio::test]
async fn a_session_that_is_not_known_is_told_to_join_anew() {
    let host = Host::start().await;
    let (ann, _bob, _) = call(&host, (Path::V1, Path::V1)).await;
    let other = Host::start().await;
    let token = other.token("room", "ann");
    for path in ["rtc?sid=PA_unknown&reconnect=1&access_token=", "rtc?reconnect=1&access_token="] {
        let (mut socket, _) = tokio_tungstenite::connect_async(format!("{}/{path}{token}", other.url())).await.unwrap();
        let message = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        let response = <lk::SignalResponse as prost::Message>::decode(message.into_data()).unwrap();
        let Some(Response::Leave(leave)) = response.message else { panic!("not a leave: {response:?}") };
        assert_eq!((leave.reason(), leave.action()), (DisconnectReason::StateMismatch, Action::Reconnect));
        let closed = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        let tokio_tungstenite::tungstenite::Message::Close(Some(frame)) = closed else { panic!("not closed") };
        assert_eq!(u16::from(frame.code), 1000);
    }
    drop(ann);
}

#[tokio::test]
async fn the_same_identity_takes_over() {
    let host = Host::start().await;
    let (ann, bob, _) = call(&host, (Path::V1, Path::V1)).await;
    let again = Participant::join(&host.url(), &host.token("room", "ann"), Path::V0).await;
    assert_eq!(ann.await_leave().await, (DisconnectReason::DuplicateIdentity, Action::Disconnect));
    let gone = bob.await_update(|info| info.state() == State::Disconnected).await;
    assert_eq!(gone.sid, ann.sid());
    bob.await_update(|info| info.sid == again.sid() && info.state() == State::Active).await;
}

#[tokio::test]
async fn attributes_reach_the_others() {
    let host = Host::start().await;
    let (ann, bob, _) = call(&host, (Path::V1, Path::V1)).await;
    let attributes = [("lk.agent.state".to_owned(), "listening".to_owned())].into();
    ann.say(Request::UpdateMetadata(lk::UpdateParticipantMetadata { attributes, request_id: 5, ..Default::default() }));
    let response = ann.await_signal(|message| match message {
        Response::RequestResponse(response) => Some(response.clone()),
        _ => None,
    });
    let response = response.await;
    assert_eq!((response.request_id, response.reason()), (5, lk::request_response::Reason::Ok));
    bob.await_update(|info| info.attributes.get("lk.agent.state").is_some_and(|state| state == "listening")).await;
}

#[tokio::test]
async fn pings_are_answered() {
    let host = Host::start().await;
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    ann.say(Request::PingReq(lk::Ping { timestamp: 77, rtt: 0 }));
    ann.await_signal(|message| match message {
        Response::PongResp(pong) => (pong.last_ping_timestamp == 77).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_room_is_administered_and_its_story_told() {
    let host = Host::start().await;
    let mut events = host.sfu.events();
    let (ann, bob, _) = call(&host, (Path::V1, Path::V1)).await;
    let started = events.recv().await.unwrap();
    assert_eq!((started.room.name.as_str(), &started.what), ("room", &Happening::RoomStarted));
    let rooms = host.sfu.list_rooms().await.unwrap();
    assert_eq!((rooms.len(), rooms[0].participants, rooms[0].publishers), (1, 2, 1));

    host.sfu.remove_participant("room", "bob").await.unwrap();
    assert_eq!(bob.await_leave().await, (DisconnectReason::ParticipantRemoved, Action::Disconnect));
    let gone = ann.await_update(|info| info.state() == State::Disconnected).await;
    assert_eq!(gone.disconnect_reason(), DisconnectReason::ParticipantRemoved);

    host.sfu.delete_room("room").await.unwrap();
    assert_eq!(ann.await_leave().await, (DisconnectReason::RoomDeleted, Action::Disconnect));
    loop {
        if events.recv().await.unwrap().what == Happening::RoomFinished {
            break;
        }
    }
    assert_eq!(host.sfu.list_rooms().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_stopping_server_asks_its_clients_back() {
    let host = Host::start().await;
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    host.stop.cancel();
    assert_eq!(ann.await_leave().await, (DisconnectReason::ServerShutdown, Action::Reconnect));
    ann.until(|seen| matches!(seen, Seen::Closed).then_some(())).await;
}

#[tokio::test]
async fn only_what_the_token_allows_is_heard() {
    let host = Host::start().await;
    let mut deaf = claims("room", "bob");
    deaf.video.can_subscribe = Some(false);
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    let bob = Participant::join(&host.url(), &host.mint(deaf), Path::V1).await;
    let cid = Participant::join(&host.url(), &host.token("room", "cid"), Path::V1).await;
    ann.await_update(|info| info.identity == "cid" && info.state() == State::Active).await;
    let track = ann.publish().await.sid;
    let mut sequence = 0;
    hear(&ann, &cid, &track, &mut sequence).await;
    // Whatever was forwarded to Bob would have come before what is sent to him now.
    ann.send(text(1, stream(1, "x")[1].value.clone().unwrap()));
    let first = bob.until(|seen| match seen {
        Seen::Audio { .. } => Some("audio"),
        Seen::Data(_) => Some("data"),
        Seen::Signal(_) | Seen::Closed => None,
    });
    assert_eq!(first.await, "data");
}
