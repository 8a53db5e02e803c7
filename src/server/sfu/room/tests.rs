//! Inputs and the exact outputs they bring, in virtual time.

use std::collections::BTreeSet;

use livekit_protocol as lk;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::server::{
    sfu::{
        admin::{AdminError, Happening},
        forward::Position,
        negotiation::sdp::SectionDirection,
        participant::Permission,
        room::publish::Hop,
        signal::{Joined, Outcome, Quality, Source, Speaker, Stage, Subject, TrackRequest},
        track::{Place, Receiver},
    },
    token::VideoGrants,
};

const ANN: PeerKey = PeerKey(1);
const BOB: PeerKey = PeerKey(2);
const CID: PeerKey = PeerKey(3);
const START: Duration = Duration::from_secs(1_000_000);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(1_000_000 + seconds)
}

fn room() -> Room {
    Room::new("r".into(), RoomOptions::default(), 7, START)
}

fn claims(identity: &str) -> Claims {
    let video = VideoGrants { room: "r".into(), room_join: true, ..Default::default() };
    Claims { identity: identity.into(), video, ..Default::default() }
}

fn hello(single: bool) -> Box<Hello> {
    Box::new(Hello {
        single,
        auto_subscribe: true,
        offer: None,
        tracks: vec![],
        attributes: BTreeMap::new(),
        client_protocol: 0,
        capabilities: vec![],
    })
}

fn join(peer: PeerKey, claims: Claims, single: bool) -> Input {
    Input::Join { peer, socket: SocketId(peer.0), claims: Box::new(claims), hello: hello(single) }
}

fn microphone(cid: &str) -> TrackRequest {
    TrackRequest {
        cid: cid.into(),
        name: String::new(),
        audio: true,
        source: Source::Microphone,
        muted: false,
        disable_dtx: false,
        stereo: false,
        disable_red: false,
        encryption: 0,
        stream: String::new(),
        features: vec![],
    }
}

fn section(mid: &str, direction: SectionDirection, track: Option<&str>) -> Section {
    Section { mid: Mid::from(mid), audio: true, direction, track: track.map(str::to_owned) }
}

fn answered(room: &Room, peer: PeerKey, sections: Vec<Section>) -> Input {
    Input::OfferAnswered { peer, plan: room.plan(peer, &sections), sections }
}

/// Ann is loud for a while.
fn speak(room: &mut Room) {
    for sequence in 0..20 {
        let head = Head { position: Position { sequence, timestamp: 0 }, padding: false, level: Some(10) };
        room.forward(ANN, Mid::from("4"), head, START, &mut Vec::new());
    }
}

/// What is done for the clients; what is told to the world is left out.
fn quiet(mut outputs: Vec<Output>) -> Vec<Output> {
    outputs.retain(|output| !matches!(output, Output::Tell(_)));
    outputs
}

/// What the world is told, by LiveKit's names.
fn told(outputs: &[Output]) -> Vec<&'static str> {
    let names =
        outputs.iter().filter_map(|output| if let Output::Tell(what) = output { Some(what.name()) } else { None });
    names.collect()
}

fn view(room: &Room, peer: PeerKey) -> ParticipantView {
    room.participant(peer).unwrap().view()
}

fn update(to: PeerKey, view: &ParticipantView) -> Output {
    Output::Send(to, Response::Update(vec![view.clone()]))
}

/// Ann and Bob on v1, both active; Ann publishes in section 4, Bob receives it in section 0.
fn conversation() -> (Room, TrackSid) {
    let mut room = room();
    for (peer, name) in [(ANN, "ann"), (BOB, "bob")] {
        room.on(join(peer, claims(name), true), START);
        let slots = answered(&room, peer, vec![section("0", SectionDirection::RecvOnly, None)]);
        room.on(slots, START);
        room.on(Input::MediaUp(peer), START);
    }
    room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone("mic"))), START);
    let offer = vec![section("4", SectionDirection::SendOnly, Some("mic"))];
    let offer = answered(&room, ANN, offer);
    room.on(offer, START);
    let again = answered(&room, BOB, vec![section("0", SectionDirection::RecvOnly, None)]);
    room.on(again, START);
    let track = room.participant(ANN).unwrap().tracks[0].sid.clone();
    (room, track)
}

#[test]
fn the_first_to_join_is_told_so() {
    let mut room = room();
    let outputs = room.on(join(ANN, claims("ann"), true), START);
    let joined = Joined { room: room.view(), participant: view(&room, ANN), others: vec![], subscriber_primary: false };
    assert_eq!(outputs, [Output::Send(ANN, Response::Join(Box::new(joined))), Output::RefreshToken(ANN)]);
}

#[test]
fn v0_is_offered_a_connection_at_once() {
    let mut room = room();
    let outputs = room.on(join(ANN, claims("ann"), false), START);
    assert_eq!(outputs.last(), Some(&Output::Offer { peer: ANN, add: vec![], remove: vec![] }));
}

#[test]
fn others_see_a_newcomer_join_and_become_active() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    let outputs = room.on(join(BOB, claims("bob"), true), START);
    assert!(outputs.contains(&update(ANN, &view(&room, BOB))));
    let outputs = room.on(Input::MediaUp(BOB), START);
    let bob = view(&room, BOB);
    assert_eq!((bob.stage, bob.version), (Stage::Active, 2));
    let both = [ANN, BOB].map(|peer| (view(&room, peer).sid, Quality::Excellent)).to_vec();
    assert_eq!(
        outputs,
        [
            update(ANN, &bob),
            update(BOB, &bob),
            Output::Tell(Box::new(Happening::ParticipantJoined(bob.clone()))),
            Output::Send(BOB, Response::Qualities(both.clone())),
            Output::Send(ANN, Response::Qualities(both[1..].to_vec())),
        ]
    );
}

#[test]
fn a_track_is_published_once_its_section_is_agreed() {
    let mut room = room();
    for (peer, name) in [(ANN, "ann"), (BOB, "bob")] {
        room.on(join(peer, claims(name), true), START);
        room.on(Input::MediaUp(peer), START);
    }
    let outputs = room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone("mic"))), START);
    let track = room.participant(ANN).unwrap().tracks[0].view();
    assert_eq!(outputs, [Output::Send(ANN, Response::TrackPublished { cid: "mic".into(), track })]);
    let offer = answered(&room, ANN, vec![section("4", SectionDirection::SendOnly, Some("mic"))]);
    let outputs = quiet(room.on(offer, START));
    let ann = view(&room, ANN);
    assert_eq!(ann.tracks[0].mid, Some(Mid::from("4")));
    assert_eq!(
        outputs,
        [update(ANN, &ann), update(BOB, &ann), Output::Send(BOB, Response::SectionsWanted { audio: 1 })]
    );
    let slots = answered(&room, BOB, vec![section("0", SectionDirection::RecvOnly, None)]);
    let outputs = quiet(room.on(slots, START));
    assert_eq!(outputs, [Output::Send(ANN, Response::TrackSubscribed(ann.tracks[0].sid.clone()))]);
}

#[test]
fn an_offer_may_come_before_its_announcement() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    let offer = answered(&room, ANN, vec![section("4", SectionDirection::SendOnly, Some("mic"))]);
    assert_eq!(room.on(offer, START), []);
    room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone("mic"))), START);
    assert_eq!(view(&room, ANN).tracks.len(), 1);
}

#[test]
fn announcements_find_their_own_sections() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    for cid in ["a", "b"] {
        room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone(cid))), START);
    }
    let offer = vec![
        section("4", SectionDirection::SendOnly, Some("b")),
        section("5", SectionDirection::SendOnly, Some("unlike its announcement")),
    ];
    let offer = answered(&room, ANN, offer);
    room.on(offer, START);
    let mids: Vec<_> = view(&room, ANN).tracks.iter().map(|track| (track.request.cid.clone(), track.mid)).collect();
    assert_eq!(mids, [("a".to_owned(), Some(Mid::from("5"))), ("b".to_owned(), Some(Mid::from("4")))]);
}

#[test]
fn a_section_that_stops_ends_its_publication() {
    let (mut room, track) = conversation();
    let offer = answered(&room, ANN, vec![section("4", SectionDirection::Inactive, None)]);
    let outputs = quiet(room.on(offer, START));
    let ann = view(&room, ANN);
    assert_eq!(
        outputs,
        [
            update(ANN, &ann),
            update(BOB, &ann),
            Output::Send(ANN, Response::TrackUnpublished(track)),
            Output::Send(BOB, Response::SectionsWanted { audio: 0 }),
        ]
    );
}

#[test]
fn packets_flow_until_muted() {
    let (mut room, track) = conversation();
    let head = |sequence| Head { position: Position { sequence, timestamp: 5 }, padding: false, level: Some(20) };
    let mut hops = Vec::new();
    room.forward(ANN, Mid::from("4"), head(100), START, &mut hops);
    let position = Position { sequence: 1, timestamp: 5 };
    assert_eq!(hops, [Hop { peer: BOB, mid: Mid::from("0"), position }]);
    let outputs = room.on(Input::Request(ANN, RoomRequest::Mute { track: track.clone(), muted: true }), START);
    assert_eq!(outputs, [update(ANN, &view(&room, ANN)), update(BOB, &view(&room, ANN))]);
    room.forward(ANN, Mid::from("4"), head(101), START, &mut hops);
    assert_eq!(hops.len(), 1);
    room.on(Input::Request(ANN, RoomRequest::Mute { track, muted: false }), START);
    room.forward(ANN, Mid::from("4"), head(102), START, &mut hops);
    assert_eq!(hops[1].position.sequence, 2);
}

#[test]
fn speakers_are_told_to_all_and_to_a_newcomer() {
    let (mut room, _) = conversation();
    speak(&mut room);
    let speakers = vec![Speaker { sid: view(&room, ANN).sid, level: 0.25, active: true }];
    let outputs = room.on(Input::Tick, START);
    let told = Response::Room(Box::new(room.view()));
    let both = |response: Response| [ANN, BOB].map(|peer| Output::Send(peer, response.clone()));
    let expected: Vec<_> = both(Response::Speakers(speakers.clone())).into_iter().chain(both(told)).collect();
    assert_eq!(outputs, expected);
    let outputs = room.on(join(CID, claims("cid"), true), START);
    assert!(outputs.contains(&Output::Send(CID, Response::Speakers(speakers))));
}

#[test]
fn what_the_token_forbids_is_refused() {
    let mut room = room();
    let mut forbidden = claims("ann");
    forbidden.video.can_publish_sources = vec!["camera".into()];
    forbidden.video.can_publish_data = Some(false);
    room.on(join(ANN, forbidden, true), START);
    room.on(join(BOB, claims("bob"), true), START);
    let refused = |outcome, subject| [Output::Send(ANN, Response::Outcome { request_id: 0, outcome, subject })];
    assert_eq!(
        room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone("mic"))), START),
        refused(Outcome::NotAllowed, Subject::AddTrack(microphone("mic")))
    );
    let video = TrackRequest { audio: false, source: Source::Camera, ..microphone("cam") };
    assert_eq!(
        room.on(Input::Request(ANN, RoomRequest::AddTrack(video.clone())), START),
        refused(Outcome::UnsupportedType, Subject::AddTrack(video))
    );
    let rename = RoomRequest::UpdateMetadata {
        request_id: 0,
        name: "x".into(),
        metadata: String::new(),
        attributes: BTreeMap::new(),
    };
    assert_eq!(room.on(Input::Request(ANN, rename), START), refused(Outcome::NotAllowed, Subject::Metadata));
    assert_eq!(room.on(data(ANN, 1, &[]), START), []);
}

#[test]
fn a_hidden_participant_is_not_shown() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    let mut hidden = claims("bob");
    hidden.video.hidden = true;
    let outputs = room.on(join(BOB, hidden, true), START);
    assert!(outputs.iter().all(|output| !matches!(output, Output::Send(ANN, _))));
    let outputs = room.on(join(CID, claims("cid"), true), START);
    let Some(Output::Send(CID, Response::Join(joined))) = outputs.first() else { panic!("no join") };
    assert_eq!(joined.others.iter().map(|other| other.identity.as_str()).collect::<Vec<_>>(), ["ann"]);
}

fn data(from: PeerKey, sequence: u32, to: &[&str]) -> Input {
    let packet = lk::DataPacket {
        sequence,
        destination_identities: to.iter().map(|&to| to.to_owned()).collect(),
        value: Some(lk::data_packet::Value::User(lk::UserPacket::default())),
        ..Default::default()
    };
    Input::Data { peer: from, channel: Channel::Reliable, bytes: packet.encode_to_vec() }
}

fn receivers(outputs: &[Output]) -> Vec<PeerKey> {
    outputs
        .iter()
        .filter_map(|output| if let Output::Deliver { peer, .. } = output { Some(*peer) } else { None })
        .collect()
}

#[test]
fn data_goes_to_whom_it_is_for_and_once() {
    let mut room = room();
    for (peer, name) in [(ANN, "ann"), (BOB, "bob"), (CID, "cid")] {
        room.on(join(peer, claims(name), true), START);
    }
    assert_eq!(receivers(&room.on(data(ANN, 1, &[]), START)), [BOB, CID]);
    assert_eq!(receivers(&room.on(data(ANN, 2, &["cid"]), START)), [CID]);
    assert_eq!(receivers(&room.on(data(ANN, 2, &[]), START)), []);
    assert_eq!(receivers(&room.on(data(ANN, 3, &["ann", "nobody"]), START)), []);
    let rubbish = Input::Data { peer: ANN, channel: Channel::Lossy, bytes: vec![0xff; 40] };
    assert_eq!(room.on(rubbish, START), []);
}

#[test]
fn the_same_identity_takes_over() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    let outputs = room.on(join(BOB, claims("ann"), true), START);
    let leave = Response::Leave { reason: Reason::DuplicateIdentity, action: Action::Disconnect };
    assert_eq!(outputs[..2], [Output::Send(ANN, leave), Output::End(ANN)]);
    assert_eq!(room.participants().count(), 1);
}

#[test]
fn a_resume_brings_back_what_was_missed() {
    let (mut room, _) = conversation();
    room.on(join(CID, claims("cid"), true), START);
    room.on(data(BOB, 41, &[]), START);
    room.on(Input::SocketClosed { peer: BOB, socket: SocketId(2) }, seconds(1));
    let cid = view(&room, CID);
    room.on(Input::Request(CID, RoomRequest::Leave), seconds(2));
    let outputs = room.on(Input::Resume { peer: BOB, socket: SocketId(9) }, seconds(3));
    let gone = ParticipantView { stage: Stage::Disconnected(Reason::ClientInitiated), version: cid.version + 1, ..cid };
    let everybody = vec![view(&room, ANN), gone, view(&room, BOB)];
    assert_eq!(
        outputs,
        [
            Output::Send(BOB, Response::Reconnect { last_sequence: 41 }),
            Output::Send(BOB, Response::Update(everybody)),
            Output::RefreshToken(BOB),
        ]
    );
    room.on(Input::SocketClosed { peer: BOB, socket: SocketId(2) }, seconds(4));
    room.on(Input::Tick, seconds(60));
    assert!(room.participant(BOB).is_some());
}

#[test]
fn a_session_without_socket_ends_after_20_seconds() {
    let (mut room, _) = conversation();
    room.on(Input::SocketClosed { peer: ANN, socket: SocketId(1) }, START);
    room.on(Input::Tick, seconds(19));
    assert!(room.participant(ANN).is_some());
    let outputs = room.on(Input::Tick, seconds(20));
    assert!(outputs.contains(&Output::End(ANN)));
    let left = |output: &Output| matches!(output, Output::Tell(what) if matches!(&**what, Happening::ParticipantLeft(who) if who.identity == "ann"));
    assert!(outputs.iter().any(left));
}

#[test]
fn a_session_without_media_ends_after_57_seconds() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    room.on(Input::Tick, seconds(56));
    let outputs = quiet(room.on(Input::Tick, seconds(57)));
    let leave = Response::Leave { reason: Reason::JoinFailure, action: Action::Disconnect };
    assert_eq!(outputs, [Output::Send(ANN, leave), Output::End(ANN)]);
}

#[test]
fn lost_media_is_waited_for_while_the_client_signals() {
    let (mut room, _) = conversation();
    room.on(Input::MediaDown(ANN), START);
    for second in [15, 30, 45] {
        room.on(Input::Heard(ANN), seconds(second));
        assert_eq!(receivers(&room.on(Input::Tick, seconds(second))), []);
        assert!(room.participant(ANN).is_some());
    }
    room.on(Input::Tick, seconds(60));
    assert!(room.participant(ANN).is_none());
}

#[test]
fn a_room_closes_300_seconds_after_nobody_came_and_20_after_the_last_left() {
    let mut empty = room();
    assert_eq!(empty.next_tick(), seconds(300));
    assert_eq!(empty.on(Input::Tick, seconds(299)), []);
    assert_eq!(empty.on(Input::Tick, seconds(300)), [Output::Finished]);

    let mut left = room();
    let agent = Claims { kind: "agent".into(), ..claims("agent") };
    left.on(join(ANN, claims("ann"), true), START);
    left.on(join(BOB, agent, true), START);
    left.on(Input::Request(ANN, RoomRequest::Leave), seconds(1));
    left.on(Input::Tick, seconds(20));
    assert!(left.participant(BOB).is_some());
    let outputs = left.on(Input::Tick, seconds(21));
    let leave = Response::Leave { reason: Reason::RoomClosed, action: Action::Disconnect };
    assert_eq!(quiet(outputs), [Output::Send(BOB, leave), Output::End(BOB), Output::Finished]);
}

#[test]
fn a_stopping_server_asks_its_clients_back() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    let outputs = quiet(room.on(Input::Close(Reason::ServerShutdown), START));
    let leave = Response::Leave { reason: Reason::ServerShutdown, action: Action::Reconnect };
    assert_eq!(outputs, [Output::Send(ANN, leave), Output::End(ANN), Output::Finished]);
}

proptest! {
    /// Whoever comes, goes, publishes, pauses and answers in whatever order: a track's receivers are exactly those whose
    /// subscription to it is live, each with a section of its own, and paused where the subscription is.
    #[test]
    fn receivers_and_subscriptions_agree(steps in proptest::collection::vec((0..7_u8, 1..5_u64, any::<bool>()), 1..80)) {
        let mut room = room();
        for (step, (action, peer, flag)) in steps.into_iter().enumerate() {
            let peer = PeerKey(peer);
            let now = START + Duration::from_millis(step as u64);
            let offer = |send: bool| {
                let send = if send { SectionDirection::SendOnly } else { SectionDirection::Inactive };
                let slots = (0..3).map(|slot| section(&slot.to_string(), SectionDirection::RecvOnly, None));
                slots.chain([section("9", send, Some("mic"))]).collect::<Vec<_>>()
            };
            let input = match action {
                0 if room.participant(peer).is_none() => join(peer, claims(&peer.0.to_string()), flag),
                1 => Input::Request(peer, RoomRequest::AddTrack(microphone("mic"))),
                2 => answered(&room, peer, offer(flag)),
                3 => Input::MediaUp(peer),
                4 => Input::AnswerTaken(peer),
                5 if flag => Input::Request(peer, RoomRequest::Leave),
                6 => {
                    let tracks = room.participants().flat_map(|participant| &participant.tracks);
                    let tracks = tracks.map(|track| track.sid.clone()).collect();
                    Input::Request(peer, RoomRequest::Settings { tracks, paused: flag })
                }
                _ => Input::Tick,
            };
            let mut pending = room.on(input, now);
            while let Some(output) = pending.pop() {
                if let Output::Offer { peer, add, .. } = output {
                    let sections = add.into_iter().enumerate();
                    let sections = sections.map(|(n, stream)| (Mid::from(format!("s{step}x{n}").as_str()), stream.track));
                    pending.extend(room.on(Input::Offered { peer, sections: sections.collect() }, now));
                }
            }
            let mut published = BTreeSet::new();
            for track in room.participants().flat_map(|participant| &participant.tracks) {
                published.extend(track.receivers.iter().map(|receiver| (*receiver, track.sid.clone())));
            }
            let mut live = BTreeSet::new();
            for participant in room.participants() {
                let mut mids = BTreeSet::new();
                for subscription in &participant.subscriptions {
                    if let Some(mid) = subscription.place.mid() {
                        prop_assert!(mids.insert(mid));
                    }
                    if let Place::Live(mid) = subscription.place {
                        let receiver = Receiver { peer: participant.key, mid, paused: subscription.paused };
                        live.insert((receiver, subscription.stream.track.clone()));
                    }
                }
            }
            prop_assert_eq!(published, live);
        }
    }
}

#[test]
fn what_is_no_longer_allowed_ends_at_once() {
    let (mut room, track) = conversation();
    let listener = Permission { publish: false, ..view(&room, ANN).permission };
    let change = |permission: &Permission| {
        Input::Change(Box::new(Change::Participant {
            identity: "ann".into(),
            name: String::new(),
            metadata: String::new(),
            attributes: BTreeMap::new(),
            permission: Some(permission.clone()),
        }))
    };
    let outputs = quiet(room.on(change(&listener), START));
    let ann = view(&room, ANN);
    assert_eq!((ann.tracks.len(), ann.permission.publish), (0, false));
    assert_eq!(room.participant(ANN).unwrap().claims.video.can_publish, Some(false));
    assert_eq!(
        outputs,
        [
            update(ANN, &ann),
            update(BOB, &ann),
            Output::Send(ANN, Response::TrackUnpublished(track)),
            Output::Send(BOB, Response::SectionsWanted { audio: 0 }),
        ]
    );
    let hidden = Permission { hidden: true, ..listener };
    let outputs = quiet(room.on(change(&hidden), START));
    let shown = |output: &&Output| matches!(output, Output::Send(BOB, Response::Update(who)) if who[0].stage == Stage::Disconnected(Reason::Hidden));
    assert_eq!(outputs.iter().filter(shown).count(), 1);
    assert!(!outputs.iter().any(|output| *output == update(BOB, &view(&room, ANN))));
}

#[test]
fn a_paused_track_goes_on_without_a_gap() {
    let (mut room, track) = conversation();
    let pause = |paused| Input::Request(BOB, RoomRequest::Settings { tracks: vec![track.clone()], paused });
    let mut hops = Vec::new();
    let mut say = |room: &mut Room, number: u64| {
        let position = Position { sequence: number, timestamp: number as u32 * 960 };
        hops.clear();
        room.forward(ANN, Mid::from("4"), Head { position, padding: false, level: None }, START, &mut hops);
        hops.first().map(|hop| hop.position.sequence)
    };
    let first = say(&mut room, 10).unwrap();
    room.on(pause(true), START);
    assert_eq!(say(&mut room, 11), None);
    room.on(pause(false), START);
    assert_eq!(say(&mut room, 12), Some(first + 1));
}

#[test]
fn a_change_that_concerns_nobody_is_refused() {
    let (room, track) = conversation();
    let mute = |identity: &str| Change::Mute { identity: identity.into(), track: track.clone() };
    assert_eq!(room.would_take(&mute("ann")), Ok(()));
    assert_eq!(room.would_take(&mute("cid")), Err(AdminError::NoParticipant));
    assert_eq!(room.would_take(&Change::Metadata("x".repeat(512 * 1024 + 1))), Err(AdminError::TooMuch));
}

#[test]
fn the_world_is_told_in_order() {
    let mut room = room();
    room.on(join(ANN, claims("ann"), true), START);
    room.on(Input::Request(ANN, RoomRequest::AddTrack(microphone("mic"))), START);
    let offer = answered(&room, ANN, vec![section("4", SectionDirection::SendOnly, Some("mic"))]);
    assert_eq!(told(&room.on(offer, START)), [""; 0]);
    assert_eq!(told(&room.on(Input::MediaUp(ANN), START)), ["participant_joined", "track_published"]);
    room.on(join(BOB, claims("bob"), true), START);
    let outputs = room.on(Input::Close(Reason::RoomDeleted), START);
    assert_eq!(told(&outputs), ["track_unpublished", "participant_left", "participant_connection_aborted"]);
    assert_eq!(outputs.last(), Some(&Output::Finished));
}

#[test]
fn those_who_left_are_remembered_once_and_within_bounds() {
    let mut room = room();
    for number in 0..500 {
        let mut claims = claims(&format!("guest {}", number % 100));
        claims.metadata = "x".repeat(1_000);
        room.on(join(PeerKey(number), claims, true), START);
        room.on(Input::Request(PeerKey(number), RoomRequest::Leave), START);
    }
    assert_eq!(room.departed.len(), 64);
    assert!(room.departed.iter().all(|(_, gone)| gone.metadata.is_empty()));
}

#[test]
fn who_stops_publishing_stops_speaking() {
    let (mut room, _) = conversation();
    speak(&mut room);
    room.on(Input::Tick, START);
    let offer = answered(&room, ANN, vec![section("4", SectionDirection::Inactive, None)]);
    room.on(offer, START);
    let outputs = room.on(Input::Tick, seconds(1));
    let silent = vec![Speaker { sid: view(&room, ANN).sid, level: 0.0, active: false }];
    assert!(outputs.contains(&Output::Send(BOB, Response::Speakers(silent))));
}

#[test]
fn a_lost_connection_is_shown_to_the_others_and_its_return_to_all() {
    let (mut room, _) = conversation();
    let ann = view(&room, ANN).sid;
    let told = |outputs: Vec<Output>| {
        let told = outputs.into_iter().filter_map(|output| {
            if let Output::Send(to, Response::Qualities(qualities)) = output { Some((to, qualities)) } else { None }
        });
        told.collect::<Vec<_>>()
    };
    room.on(Input::Tick, START);
    room.on(Input::MediaDown(ANN), seconds(1));
    assert_eq!(told(room.on(Input::Tick, seconds(5))), [(BOB, vec![(ann.clone(), Quality::Lost)])]);
    room.on(Input::MediaUp(ANN), seconds(6));
    assert_eq!(
        told(room.on(Input::Tick, seconds(10))),
        [ANN, BOB].map(|peer| (peer, vec![(ann.clone(), Quality::Poor)]))
    );
    speak(&mut room);
    assert_eq!(
        told(room.on(Input::Tick, seconds(15))),
        [ANN, BOB].map(|peer| (peer, vec![(ann.clone(), Quality::Excellent)]))
    );
}
