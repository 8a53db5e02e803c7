//! Who gets through the room server's door, and what attacks from outside achieve.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story looks for one of LiveKit's many messages")]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE};
use frontdesk::server::token::Claims;
use futures_util::{SinkExt, StreamExt};
use livekit_protocol::{self as lk, participant_info::State};
use prost::Message as _;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    sfu_host::{Host, claims, unix_now},
    sfu_participant::{Participant, Path},
};

/// Asks for a path; gives the status, the headers in lower case and the body.
async fn get(host: &Host, path: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(host.address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", host.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn tokens_are_answered_as_livekit_answers_them() {
    let host = Host::start().await;
    let ok = claims("room", "ann");
    let without = |change: fn(&mut Claims)| {
        let mut claims = ok.clone();
        change(&mut claims);
        host.mint(claims)
    };
    let hour_ago = unix_now() - Duration::from_secs(3600);
    let cases = [
        (String::new(), 401),
        ("rubbish".into(), 401),
        (host.mint(ok.clone()) + "x", 401),
        (host.mint_at(ok.clone(), hour_ago - Duration::from_secs(65)), 401),
        (host.mint_at(ok.clone(), hour_ago - Duration::from_secs(55)), 200),
        (without(|claims| claims.video.room_join = false), 401),
        (without(|claims| claims.video.room.clear()), 401),
        (without(|claims| claims.identity.clear()), 400),
        (without(|claims| claims.identity = "x".repeat(257)), 400),
        (without(|claims| claims.video.room = "x".repeat(257)), 400),
        (host.mint(ok.clone()), 200),
    ];
    for (token, expected) in cases {
        let (status, head, body) = get(&host, &format!("/rtc/validate?access_token={token}")).await;
        assert_eq!(status, expected, "{body}");
        assert!(head.contains("access-control-allow-origin: *"));
    }
    let denied = without(|claims| claims.video.room_join = false);
    let (_, _, body) = get(&host, &format!("/rtc/validate?access_token={denied}")).await;
    assert_eq!(body, r#"{"code":"unauthenticated","msg":"permissions denied"}"#);
    let token = host.mint(ok);
    for (path, expected) in [("/rtc/v1/validate?", 400), ("/rtc/v1/validate?join_request=%25&", 400), ("/rtc?", 400)] {
        assert_eq!(get(&host, &format!("{path}access_token={token}")).await.0, expected, "{path}");
    }
}

async fn open_from(host: &Host, origin: &str) -> Result<(), u16> {
    let url = format!("{}/rtc?access_token={}", host.url(), host.token("room", "ann"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
    match connect_async(request).await {
        Ok(_) => Ok(()),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_foreign_page_opens_no_socket() {
    let host = Host::with_origins(Some("https://shop.example".parse().unwrap())).await;
    assert_eq!(open_from(&host, "https://shop.example").await, Ok(()));
    assert_eq!(open_from(&host, "https://evil.example").await, Err(403));
    assert_eq!(open_from(&host, &format!("http://{}", host.address)).await, Ok(()));
    assert_eq!(open_from(&host, "https://shop.example.evil.example").await, Err(403));
    assert_eq!(open_from(&Host::start().await, "https://evil.example").await, Ok(()));
}

#[tokio::test]
async fn a_removed_participant_stays_out() {
    let host = Host::start().await;
    let token = host.token("room", "ann");
    let ann = Participant::join(&host.url(), &token, Path::V1).await;
    let refreshed = ann.await_signal(|message| match message {
        livekit_protocol::signal_response::Message::RefreshToken(token) => Some(token.clone()),
        _ => None,
    });
    let refreshed = refreshed.await;
    host.sfu.remove_participant("room", "ann").await.unwrap();
    ann.await_leave().await;
    for old in [&token, &refreshed] {
        assert_eq!(get(&host, &format!("/rtc/validate?access_token={old}")).await.0, 403);
        let refused = connect_async(format!("{}/rtc?access_token={old}", host.url())).await;
        assert!(matches!(refused, Err(tungstenite::Error::Http(response)) if response.status() == 403));
    }
    let fresh = host.mint_at(claims("room", "ann"), unix_now() + Duration::from_secs(2));
    assert_eq!(get(&host, &format!("/rtc/validate?access_token={fresh}")).await.0, 200);
    let other = host.token("another room", "ann");
    assert_eq!(get(&host, &format!("/rtc/validate?access_token={other}")).await.0, 200);
}

#[tokio::test]
async fn a_full_room_says_so() {
    let host = Host::start().await;
    let options = frontdesk::server::sfu::RoomOptions { max_participants: 1, ..Default::default() };
    host.sfu.create_room(frontdesk::server::sfu::CreateRoom { name: "room".into(), options }).await.unwrap();
    let _ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    let (status, _, body) = get(&host, &format!("/rtc/validate?access_token={}", host.token("room", "bob"))).await;
    assert_eq!((status, body.as_str()), (403, "the room is full"));
    let agent = Claims { kind: "agent".into(), ..claims("room", "agent") };
    assert_eq!(get(&host, &format!("/rtc/validate?access_token={}", host.mint(agent))).await.0, 200);
}

#[tokio::test]
async fn garbage_on_a_socket_closes_that_socket_alone() {
    let host = Host::start().await;
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    for frame in [
        Message::Binary(vec![0xff; 1000].into()),
        Message::Binary(vec![0; 3 * 1024 * 1024].into()),
        Message::Text("[".repeat(100_000).into()),
    ] {
        let url = format!("{}/rtc?access_token={}", host.url(), host.token("room", "mallory"));
        let (mut socket, _) = connect_async(url).await.unwrap();
        // A server that closes at once may make the sending fail; what counts is that it closes.
        let _ = socket.send(frame).await;
        while let Some(Ok(_)) = socket.next().await {}
    }
    ann.say(livekit_protocol::signal_request::Message::Ping(0));
    ann.await_signal(|message| matches!(message, livekit_protocol::signal_response::Message::Pong(_)).then_some(()))
        .await;
}

#[tokio::test]
async fn datagrams_from_strangers_change_nothing() {
    let host = Host::start().await;
    let ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    let media = host.sfu.media_addresses()[0];
    let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut seed = 0x9e37_79b9_u32;
    for round in 0..5_000_u32 {
        let mut datagram: Vec<u8> = (0..round % 200)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8
            })
            .collect();
        // As if it were a connectivity check, a DTLS hello or an RTP packet.
        if let Some(first) = datagram.first_mut() {
            *first = [0, 22, 0x80, *first][round as usize % 4];
        }
        stranger.send_to(&datagram, media).await.unwrap();
    }
    let bob = Participant::join(&host.url(), &host.token("room", "bob"), Path::V0).await;
    bob.await_update(|info| info.identity == "bob" && info.state() == State::Active).await;
    ann.await_update(|info| info.identity == "bob" && info.state() == State::Active).await;
}

/// A participant who may not change what it is cannot bring attributes either, and nothing signs them for it.
#[tokio::test]
async fn attributes_are_brought_only_by_those_who_may() {
    let host = Host::start().await;
    let bring = |may: bool| {
        let mut claims = claims("room", "ann");
        claims.video.can_update_own_metadata = Some(may);
        let join = lk::JoinRequest {
            participant_attributes: [("lk.agent.state".to_owned(), "speaking".to_owned())].into(),
            ..Default::default()
        };
        let wrapped = lk::WrappedJoinRequest { join_request: join.encode_to_vec(), ..Default::default() };
        let packed = URL_SAFE.encode(wrapped.encode_to_vec());
        format!("/rtc/v1/validate?access_token={}&join_request={packed}", host.mint(claims))
    };
    assert_eq!(get(&host, &bring(true)).await.0, 200);
    assert_eq!(get(&host, &bring(false)).await.0, 401);
}
