//! What may befall a call, twenty times: it goes on or ends with its reason, and nothing is left behind.
//!
//! Faults of the network itself stand beside the driver, in virtual time.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story looks for one of LiveKit's many messages")]

use std::{collections::BTreeMap, time::Duration};

use frontdesk::server::{
    sfu::{Change, CreateRoom, RoomOptions, SfuConfig},
    token::ApiKey,
};
use livekit_api::services::room::RoomClient;
use livekit_protocol::{
    self as lk, DisconnectReason, leave_request::Action, participant_info::State, signal_request::Message as Request,
    signal_response::Message as Response,
};
use tokio::{net::TcpListener, time::timeout};
use tokio_tungstenite::connect_async;

use crate::{
    app::{KEY, SECRET},
    process::Process,
    sfu_call::{PATHS, call, hear},
    sfu_host::{Host, claims, unix_now},
    sfu_participant::{Participant, Path, Seen},
};

const ROUNDS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(40);

async fn becomes<T: PartialEq + std::fmt::Debug>(wanted: T, mut read: impl AsyncFnMut() -> T) {
    let search = async {
        loop {
            let is = read().await;
            if is == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, search).await.is_ok(), "it stays {:?}", read().await);
}

/// Waits until a guest's media is up.
async fn active(guest: &Participant) {
    guest.await_update(|who| who.sid == guest.sid() && who.state() == State::Active).await;
}

#[tokio::test]
async fn sockets_that_drop_keep_session_and_audio() {
    for paths in PATHS {
        let host = Host::start().await;
        let (ann, bob, track) = call(&host, paths).await;
        let before = host.sfu.census().await.unwrap();
        let mut sequence = 0;
        for _ in 0..ROUNDS {
            ann.resume();
            hear(&ann, &bob, &track, &mut sequence).await;
            bob.resume();
            hear(&ann, &bob, &track, &mut sequence).await;
        }
        let present = host.sfu.list_participants("room").await.unwrap();
        let sids: Vec<_> = present.iter().map(|who| who.sid.as_str()).collect();
        assert!(sids.contains(&ann.sid()) && sids.contains(&bob.sid()), "{paths:?}");
        becomes((2, 2), async || {
            let held = host.sfu.census().await.unwrap();
            (held.participants, held.sockets)
        })
        .await;
        let after = host.sfu.census().await.unwrap();
        assert!(after.addresses <= before.addresses + 4 * 4, "{before:?} {after:?}");
    }
}

#[tokio::test]
async fn signal_lost_while_it_resumes_is_resumed_again() {
    let host = Host::start().await;
    let (ann, bob, track) = call(&host, (Path::V0, Path::V1)).await;
    let mut sequence = 0;
    for _ in 0..ROUNDS {
        let token = host.token("room", "ann");
        let url = format!("{}/rtc?reconnect=1&sid={}&access_token={token}", host.url(), ann.sid());
        // Ann's socket is taken over, and the one that took it is gone before it was told anything.
        drop(connect_async(url).await.unwrap());
        ann.resume();
        hear(&ann, &bob, &track, &mut sequence).await;
    }
    becomes(2, async || host.sfu.census().await.unwrap().sockets).await;
}

#[tokio::test]
async fn a_client_that_must_join_anew_is_published_once_each_time() {
    let host = Host::start().await;
    let bob = Participant::join(&host.url(), &host.token("room", "bob"), Path::V1).await;
    let mut ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    active(&ann).await;
    ann.publish().await;
    for round in 0..ROUNDS {
        let path = if round % 2 == 0 { Path::V0 } else { Path::V1 };
        // Its resume is blocked: the session is not one that the server knows.
        let url = format!("{}/rtc?reconnect=1&sid=PA_unknown&access_token={}", host.url(), host.token("room", "ann"));
        let (mut socket, _) = connect_async(url).await.unwrap();
        let message = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
        let told = <lk::SignalResponse as prost::Message>::decode(message.into_data()).unwrap().message;
        let Some(Response::Leave(leave)) = told else { panic!("not a leave: {told:?}") };
        assert_eq!(leave.action(), Action::Reconnect);

        let again = Participant::join(&host.url(), &host.token("room", "ann"), path).await;
        let before = std::mem::replace(&mut ann, again);
        active(&ann).await;
        let track = ann.publish().await.sid;
        ann.await_signal(|message| match message {
            Response::TrackSubscribed(subscribed) => (subscribed.track_sid == track).then_some(()),
            _ => None,
        })
        .await;
        // Bob is told of this after everything before it.
        let attributes = [("round".to_owned(), round.to_string())].into();
        ann.say(Request::UpdateMetadata(lk::UpdateParticipantMetadata { attributes, ..Default::default() }));
        let (mut gone, mut published) = (0, Vec::new());
        bob.await_signal(|message| {
            let Response::Update(update) = message else { return None };
            for who in &update.participants {
                gone += u32::from(who.sid == before.sid() && who.state() == State::Disconnected);
                if who.sid == ann.sid() {
                    published.extend(who.tracks.iter().map(|track| track.sid.clone()));
                }
            }
            let is_last = |who: &lk::ParticipantInfo| who.attributes.get("round") == Some(&round.to_string());
            update.participants.iter().any(is_last).then_some(())
        })
        .await;
        published.dedup();
        assert_eq!((gone, published), (1, vec![track]), "round {round}");
    }
    assert_eq!(host.sfu.list_participants("room").await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_server_that_starts_again_gets_its_calls_back() {
    let mut host = Host::start().await;
    let address = host.address;
    for round in 0..ROUNDS {
        let (ann, bob, track) = call(&host, PATHS[round % PATHS.len()]).await;
        hear(&ann, &bob, &track, &mut 0).await;
        host.stop.cancel();
        for guest in [&ann, &bob] {
            assert_eq!(guest.await_leave().await, (DisconnectReason::ServerShutdown, Action::Reconnect));
            guest.until(|seen| matches!(seen, Seen::Closed).then_some(())).await;
        }
        host.stopped().await;
        host = Host::at(address, SfuConfig::default()).await;
    }
    assert_eq!(host.sfu.census().await.unwrap().rooms, 0);
}

#[tokio::test]
async fn a_permission_that_is_taken_back_ends_the_track_at_once() {
    let host = Host::start().await;
    let (ann, bob, _) = call(&host, (Path::V1, Path::V0)).await;
    let permission = host.sfu.participant("room", "ann").await.unwrap().permission;
    for _ in 0..ROUNDS {
        for publish in [false, true] {
            let permission = frontdesk::server::sfu::Permission { publish, ..permission.clone() };
            let change = Change::Participant {
                identity: "ann".into(),
                name: String::new(),
                metadata: String::new(),
                attributes: BTreeMap::new(),
                permission: Some(permission),
            };
            host.sfu.change("room", change).await.unwrap();
            let told = |who: &lk::ParticipantInfo| {
                let may = who.permission.as_ref().is_some_and(|permission| permission.can_publish);
                who.identity == "ann" && may == publish && who.tracks.is_empty()
            };
            bob.await_update(told).await;
            ann.await_update(told).await;
        }
        let track = ann.publish().await.sid;
        bob.await_update(|who| who.tracks.first().is_some_and(|published| published.sid == track)).await;
    }
}

#[tokio::test]
async fn whoever_joins_as_somebody_takes_over_each_time() {
    let host = Host::start().await;
    let bob = Participant::join(&host.url(), &host.token("room", "bob"), Path::V1).await;
    let mut ann = Participant::join(&host.url(), &host.token("room", "ann"), Path::V1).await;
    for round in 0..ROUNDS {
        let path = if round % 2 == 0 { Path::V0 } else { Path::V1 };
        let again = Participant::join(&host.url(), &host.token("room", "ann"), path).await;
        assert_eq!(ann.await_leave().await, (DisconnectReason::DuplicateIdentity, Action::Disconnect));
        bob.await_update(|who| who.sid == again.sid() && who.state() == State::Active).await;
        ann = again;
    }
    assert_eq!(host.sfu.list_participants("room").await.unwrap().len(), 2);
    becomes(2, async || host.sfu.census().await.unwrap().sockets).await;
}

/// A receiver of webhooks that takes them and never answers holds up nobody.
#[tokio::test]
async fn a_webhook_receiver_that_hangs_holds_up_no_call() {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", receiver.local_addr().unwrap());
    let hanging = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(receiver.accept().await.unwrap());
        }
    });
    let host = Host::with(SfuConfig { webhooks: vec![url.parse().unwrap()], ..SfuConfig::default() }).await;
    for round in 0..ROUNDS {
        let (ann, bob, track) = call(&host, PATHS[round % PATHS.len()]).await;
        hear(&ann, &bob, &track, &mut 0).await;
        host.sfu.delete_room("room").await.unwrap();
        assert_eq!(ann.await_leave().await, (DisconnectReason::RoomDeleted, Action::Disconnect));
    }
    // More events than are kept for it.
    for number in 0..2_000 {
        let room = CreateRoom { name: format!("room {number}"), options: RoomOptions::default() };
        host.sfu.create_room(room.clone()).await.unwrap();
        host.sfu.delete_room(&room.name).await.unwrap();
    }
    becomes(0, async || host.sfu.census().await.unwrap().participants).await;
    hanging.abort();
}

/// Clients that do not read what they are told are let go of, and the others go on.
#[tokio::test]
async fn sockets_that_nobody_reads_are_closed() {
    let host = Host::start().await;
    let (ann, bob, track) = call(&host, (Path::V1, Path::V1)).await;
    let mut unread = Vec::new();
    for round in 0..ROUNDS {
        let token = host.token("room", &format!("sleeper {round}"));
        unread.push(connect_async(format!("{}/rtc?access_token={token}", host.url())).await.unwrap());
    }
    becomes(2 + ROUNDS, async || host.sfu.census().await.unwrap().sockets).await;
    for number in 0..120 {
        let metadata = format!("{number} {}", "x".repeat(256 * 1024));
        host.sfu.change("room", Change::Metadata(metadata.clone())).await.unwrap();
        ann.await_signal(|message| match message {
            Response::RoomUpdate(update) => (update.room.as_ref()?.metadata == metadata).then_some(()),
            _ => None,
        })
        .await;
    }
    becomes(2, async || host.sfu.census().await.unwrap().sockets).await;
    hear(&ann, &bob, &track, &mut 0).await;
}

/// Rooms that fill and are ended leave the process as it was: as many open files, and no more memory than a few rooms'.
#[tokio::test]
async fn twenty_full_rooms_leave_no_file_open_and_no_memory_held() {
    frontdesk::server::install_crypto();
    let data = std::env::temp_dir().join(format!("frontdesk-it-endurance-{}", std::process::id()));
    // Nobody reads its log while it runs.
    let server = Process::start(&data, &[("FRONTDESK_ASSISTANT", "off"), ("FRONTDESK_LOG", "off")]).await;
    let url = format!("ws://{}", server.address);
    let admin = RoomClient::with_api_key(&url.replace("ws:", "http:"), KEY, SECRET);
    let key = ApiKey::new(KEY, SECRET.to_owned().into());
    let fill = async |round: usize| {
        let room = format!("room {round}");
        let mut guests = Vec::new();
        for guest in 0..5 {
            let token = key.mint(claims(&room, &format!("guest {guest}")), unix_now(), PATIENCE).unwrap();
            let path = if guest % 2 == 0 { Path::V0 } else { Path::V1 };
            let guest = Participant::join(&url, &token, path).await;
            active(&guest).await;
            guest.publish().await;
            guests.push(guest);
        }
        // Two are gone without a word when the room ends.
        guests.truncate(3);
        admin.delete_room(&room).await.unwrap();
        for guest in &guests {
            assert_eq!(guest.await_leave().await, (DisconnectReason::RoomDeleted, Action::Disconnect));
        }
    };
    for round in 0..5 {
        fill(round).await;
    }
    becomes(true, async || server.descriptors() < 40).await;
    let (descriptors, before_kib) = (server.descriptors(), server.resident_kib());
    for round in 0..ROUNDS {
        fill(round).await;
    }
    becomes(true, async || server.descriptors() <= descriptors).await;
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    assert!(grown_kib < 8 * 1024, "{grown_kib} KiB more after 100 guests");
    server.kill().await;
    std::fs::remove_dir_all(&data).unwrap();
}
