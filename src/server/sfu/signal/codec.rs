//! Between this server's words and LiveKit's protobuf messages.

use std::time::Duration;

use livekit_protocol::{self as lk, signal_request::Message as In, signal_response::Message as Out};
use prost::Message as _;
use str0m::media::Mid;

use super::{
    Action, Description, Joined, Outcome, PING_INTERVAL_S, PING_TIMEOUT_S, PROTOCOL, ParticipantView, Ping, Quality,
    Reason, Request, Response, RoomRequest, RoomView, SdpRequest, Source, Speaker, Stage, Subject, TrackRequest,
    TrackView,
};
use crate::server::sfu::{
    ids::TrackSid,
    limits,
    participant::{Kind, Permission},
};

/// The server version that clients are told; they compare it to decide what a server can do.
const SERVER_VERSION: &str = "1.13.5";
/// LiveKit's version of the protocol between server and agent workers.
const AGENT_PROTOCOL: i32 = 1;
/// The longest round trip that is taken for one, in milliseconds: a client that waits longer has given up.
const ROUND_TRIP_MAX_MS: i64 = 15_000;

/// A frame that is not a message of the protocol.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Not protobuf.
    #[error("not a signal request: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// Not LiveKit's JSON.
    #[error("not a signal request: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a binary frame.
///
/// # Errors
/// Bytes that are not a `SignalRequest`.
pub fn decode(frame: &[u8]) -> Result<Request, CodecError> {
    Ok(request(lk::SignalRequest::decode(frame)?))
}

/// Reads a text frame.
///
/// # Errors
/// Text that is not a `SignalRequest` in JSON.
pub fn decode_json(frame: &str) -> Result<Request, CodecError> {
    Ok(request(serde_json::from_str(frame)?))
}

/// Writes a message as a binary frame.
pub fn encode(response: Response) -> Vec<u8> {
    lk::SignalResponse { message: Some(outgoing(response)) }.encode_to_vec()
}

#[expect(deprecated, reason = "older clients send video layers")]
fn request(message: lk::SignalRequest) -> Request {
    let Some(message) = message.message else { return Request::Ignored };
    match message {
        In::Offer(offer) => Request::Sdp(SdpRequest::Offer(description(offer))),
        In::Answer(answer) => Request::Sdp(SdpRequest::Answer(description(answer))),
        In::AddTrack(track) => Request::Room(RoomRequest::AddTrack(track_request(track))),
        In::Mute(mute) => with_track(&mute.sid, |track| RoomRequest::Mute { track, muted: mute.muted }),
        In::Subscription(update) => {
            Request::Room(RoomRequest::Subscribe { wanted: update.subscribe, tracks: subscription_tracks(&update) })
        }
        In::SyncState(state) => {
            let update = state.subscription.unwrap_or_default();
            Request::Room(RoomRequest::SyncState { wanted: update.subscribe, tracks: subscription_tracks(&update) })
        }
        In::Leave(_) => Request::Room(RoomRequest::Leave),
        In::Ping(_) => Request::Ping(Ping::Plain),
        In::PingReq(ping) => Request::Ping(Ping::Timed {
            timestamp_ms: ping.timestamp,
            round_trip: Duration::from_millis(ping.rtt.clamp(0, ROUND_TRIP_MAX_MS).unsigned_abs()),
        }),
        In::UpdateMetadata(update) => Request::Room(RoomRequest::UpdateMetadata {
            request_id: update.request_id,
            name: update.name,
            metadata: update.metadata,
            attributes: update.attributes.into_iter().collect(),
        }),
        In::UpdateAudioTrack(update) => with_track(&update.track_sid, |track| RoomRequest::UpdateFeatures {
            track,
            features: limits::few_numbers(update.features),
        }),
        In::TrackSetting(settings) => Request::Room(RoomRequest::Settings {
            tracks: settings.track_sids.iter().filter_map(|sid| TrackSid::try_from(sid.as_str()).ok()).collect(),
            paused: settings.disabled,
        }),
        // The light side of ICE learns where its peer is from the peer's checks, and sends none of its own that somebody
        // else's address could be made the target of.
        In::Trickle(_)
        | In::UpdateLayers(_)
        | In::SubscriptionPermission(_)
        | In::Simulate(_)
        | In::UpdateVideoTrack(_)
        | In::PublishDataTrackRequest(_)
        | In::UnpublishDataTrackRequest(_)
        | In::UpdateDataSubscription(_)
        | In::StoreDataBlobRequest(_)
        | In::GetDataBlobRequest(_) => Request::Ignored,
    }
}

fn with_track(sid: &str, request: impl FnOnce(TrackSid) -> RoomRequest) -> Request {
    TrackSid::try_from(sid).map_or(Request::Ignored, |sid| Request::Room(request(sid)))
}

fn subscription_tracks(update: &lk::UpdateSubscription) -> Vec<TrackSid> {
    named_tracks(&update.track_sids, &update.participant_tracks)
}

/// The tracks that are named by themselves, then those named below their publishers.
pub(in crate::server::sfu) fn named_tracks(tracks: &[String], grouped: &[lk::ParticipantTracks]) -> Vec<TrackSid> {
    let grouped = grouped.iter().flat_map(|participant| &participant.track_sids);
    tracks.iter().chain(grouped).filter_map(|sid| TrackSid::try_from(sid.as_str()).ok()).collect()
}

pub(super) fn description(description: lk::SessionDescription) -> Description {
    let tracks = description.mid_to_track_id.iter();
    let tracks =
        tracks.filter_map(|(mid, sid)| Some((Mid::from(mid.as_str()), TrackSid::try_from(sid.as_str()).ok()?)));
    Description { id: description.id, tracks: tracks.collect(), sdp: description.sdp }
}

#[expect(deprecated, reason = "older clients read and write these fields")]
pub(super) fn track_request(track: lk::AddTrackRequest) -> TrackRequest {
    TrackRequest {
        audio: track.r#type == lk::TrackType::Audio as i32,
        source: source(track.source),
        cid: track.cid,
        name: track.name,
        muted: track.muted,
        disable_dtx: track.disable_dtx,
        stereo: track.stereo,
        disable_red: track.disable_red,
        encryption: track.encryption,
        stream: track.stream,
        features: limits::few_numbers(track.audio_features),
    }
}

fn source(number: i32) -> Source {
    match lk::TrackSource::try_from(number) {
        Ok(lk::TrackSource::Camera) => Source::Camera,
        Ok(lk::TrackSource::Microphone) => Source::Microphone,
        Ok(lk::TrackSource::ScreenShare) => Source::ScreenShare,
        Ok(lk::TrackSource::ScreenShareAudio) => Source::ScreenShareAudio,
        Ok(lk::TrackSource::Unknown) | Err(_) => Source::Unknown,
    }
}

fn source_number(source: Source) -> i32 {
    (match source {
        Source::Unknown => lk::TrackSource::Unknown,
        Source::Camera => lk::TrackSource::Camera,
        Source::Microphone => lk::TrackSource::Microphone,
        Source::ScreenShare => lk::TrackSource::ScreenShare,
        Source::ScreenShareAudio => lk::TrackSource::ScreenShareAudio,
    }) as i32
}

fn outgoing(response: Response) -> Out {
    match response {
        Response::Join(joined) => Out::Join(join_response(*joined)),
        Response::Reconnect { last_sequence } => Out::Reconnect(lk::ReconnectResponse {
            server_info: Some(server_info()),
            last_message_seq: last_sequence,
            ..Default::default()
        }),
        Response::Answer(answer) => Out::Answer(session_description("answer", answer)),
        Response::Offer(offer) => Out::Offer(session_description("offer", offer)),
        Response::SectionsWanted { audio } => {
            Out::MediaSectionsRequirement(lk::MediaSectionsRequirement { num_audios: audio, num_videos: 0 })
        }
        Response::Room(room) => Out::RoomUpdate(lk::RoomUpdate { room: Some(room_info(*room)) }),
        Response::Mute { track, muted } => Out::Mute(lk::MuteTrackRequest { sid: track.to_string(), muted }),
        Response::Update(participants) => Out::Update(lk::ParticipantUpdate {
            participants: participants.into_iter().map(participant_info).collect(),
        }),
        Response::TrackPublished { cid, track } => {
            Out::TrackPublished(lk::TrackPublishedResponse { cid, track: Some(track_info(track)) })
        }
        Response::TrackUnpublished(sid) => {
            Out::TrackUnpublished(lk::TrackUnpublishedResponse { track_sid: sid.to_string() })
        }
        Response::TrackSubscribed(sid) => Out::TrackSubscribed(lk::TrackSubscribed { track_sid: sid.to_string() }),
        Response::Speakers(speakers) => {
            Out::SpeakersChanged(lk::SpeakersChanged { speakers: speakers.into_iter().map(speaker_info).collect() })
        }
        Response::Qualities(qualities) => Out::ConnectionQuality(lk::ConnectionQualityUpdate {
            updates: qualities.into_iter().map(|(sid, quality)| quality_info(sid.to_string(), quality)).collect(),
        }),
        Response::Outcome { request_id, outcome, subject } => {
            Out::RequestResponse(request_response(request_id, outcome, subject))
        }
        Response::RefreshToken(token) => Out::RefreshToken(token),
        Response::Pong { now } => Out::Pong(now.as_millis() as i64),
        Response::TimedPong { timestamp_ms, now } => {
            Out::PongResp(lk::Pong { last_ping_timestamp: timestamp_ms, timestamp: now.as_millis() as i64 })
        }
        Response::Leave { reason, action } => Out::Leave(leave(reason, action)),
    }
}

fn join_response(joined: Joined) -> lk::JoinResponse {
    lk::JoinResponse {
        room: Some(room_info(joined.room)),
        participant: Some(participant_info(joined.participant)),
        other_participants: joined.others.into_iter().map(participant_info).collect(),
        server_version: SERVER_VERSION.into(),
        subscriber_primary: joined.subscriber_primary,
        ping_timeout: PING_TIMEOUT_S,
        ping_interval: PING_INTERVAL_S,
        server_info: Some(server_info()),
        enabled_publish_codecs: vec![opus()],
        fast_publish: true,
        ..Default::default()
    }
}

fn opus() -> lk::Codec {
    lk::Codec { mime: "audio/opus".into(), ..Default::default() }
}

fn server_info() -> lk::ServerInfo {
    lk::ServerInfo {
        version: SERVER_VERSION.into(),
        protocol: PROTOCOL,
        agent_protocol: AGENT_PROTOCOL,
        ..Default::default()
    }
}

fn session_description(kind: &str, description: Description) -> lk::SessionDescription {
    lk::SessionDescription {
        r#type: kind.into(),
        sdp: description.sdp,
        id: description.id,
        mid_to_track_id: description.tracks.iter().map(|(mid, sid)| (mid.to_string(), sid.to_string())).collect(),
    }
}

pub(in crate::server::sfu) fn participant_info(view: ParticipantView) -> lk::ParticipantInfo {
    use lk::participant_info::State;
    let (state, disconnect_reason) = match view.stage {
        Stage::Joined => (State::Joined, lk::DisconnectReason::UnknownReason),
        Stage::Active => (State::Active, lk::DisconnectReason::UnknownReason),
        Stage::Disconnected(reason) => (State::Disconnected, disconnect_reason(reason)),
    };
    lk::ParticipantInfo {
        sid: view.sid.to_string(),
        identity: view.identity,
        state: state as i32,
        is_publisher: !view.tracks.is_empty(),
        tracks: view.tracks.into_iter().map(track_info).collect(),
        metadata: view.metadata,
        joined_at: view.joined.as_secs() as i64,
        joined_at_ms: view.joined.as_millis() as i64,
        name: view.name,
        version: view.version,
        permission: Some(permission(&view.permission)),
        kind: kind(view.kind) as i32,
        attributes: view.attributes.into_iter().collect(),
        disconnect_reason: disconnect_reason as i32,
        client_protocol: view.client_protocol,
        capabilities: view.capabilities,
        ..Default::default()
    }
}

fn kind(kind: Kind) -> lk::participant_info::Kind {
    match kind {
        Kind::Standard => lk::participant_info::Kind::Standard,
        Kind::Agent => lk::participant_info::Kind::Agent,
    }
}

/// Reads what an administrator allows.
#[expect(deprecated, reason = "the agent flag stays what it is where nobody changes it")]
pub(in crate::server::sfu) fn allowed(permission: &lk::ParticipantPermission) -> Permission {
    Permission {
        subscribe: permission.can_subscribe,
        publish: permission.can_publish,
        publish_data: permission.can_publish_data,
        sources: permission.can_publish_sources.iter().copied().map(source).collect(),
        update_metadata: permission.can_update_metadata,
        hidden: permission.hidden,
        agent: permission.agent,
    }
}

#[expect(deprecated, reason = "older clients read the agent flag")]
fn permission(permission: &Permission) -> lk::ParticipantPermission {
    lk::ParticipantPermission {
        can_subscribe: permission.subscribe,
        can_publish: permission.publish,
        can_publish_data: permission.publish_data,
        can_publish_sources: permission.sources.iter().copied().map(source_number).collect(),
        hidden: permission.hidden,
        can_update_metadata: permission.update_metadata,
        agent: permission.agent,
        ..Default::default()
    }
}

#[expect(deprecated, reason = "older clients read and write these fields")]
pub(in crate::server::sfu) fn track_info(view: TrackView) -> lk::TrackInfo {
    let mid = view.mid.map(|mid| mid.to_string()).unwrap_or_default();
    let codec = lk::SimulcastCodecInfo {
        mime_type: "audio/opus".into(),
        mid: mid.clone(),
        cid: view.request.cid,
        ..Default::default()
    };
    lk::TrackInfo {
        sid: view.sid.to_string(),
        r#type: lk::TrackType::Audio as i32,
        name: view.request.name,
        muted: view.request.muted,
        disable_dtx: view.request.disable_dtx,
        source: source_number(view.request.source),
        mime_type: "audio/opus".into(),
        mid,
        codecs: vec![codec],
        stereo: view.request.stereo,
        disable_red: view.request.disable_red,
        encryption: view.request.encryption,
        stream: view.request.stream,
        audio_features: view.request.features,
        ..Default::default()
    }
}

pub(in crate::server::sfu) fn room_info(view: RoomView) -> lk::Room {
    lk::Room {
        sid: view.sid.to_string(),
        name: view.name,
        empty_timeout: view.empty_timeout_s,
        departure_timeout: view.departure_timeout_s,
        max_participants: view.max_participants,
        creation_time: view.created.as_secs() as i64,
        creation_time_ms: view.created.as_millis() as i64,
        enabled_codecs: vec![opus()],
        metadata: view.metadata,
        num_participants: view.participants,
        num_publishers: view.publishers,
        ..Default::default()
    }
}

fn speaker_info(speaker: Speaker) -> lk::SpeakerInfo {
    lk::SpeakerInfo { sid: speaker.sid.to_string(), level: speaker.level, active: speaker.active }
}

fn quality_info(participant_sid: String, quality: Quality) -> lk::ConnectionQualityInfo {
    let (quality, score) = match quality {
        Quality::Lost => (lk::ConnectionQuality::Lost, 1.0),
        Quality::Poor => (lk::ConnectionQuality::Poor, 2.0),
        Quality::Good => (lk::ConnectionQuality::Good, 3.5),
        Quality::Excellent => (lk::ConnectionQuality::Excellent, 4.5),
    };
    lk::ConnectionQualityInfo { participant_sid, quality: quality as i32, score }
}

fn request_response(request_id: u32, outcome: Outcome, subject: Subject) -> lk::RequestResponse {
    use lk::request_response::{Reason, Request};
    let (reason, message) = match outcome {
        Outcome::Ok => (Reason::Ok, ""),
        Outcome::NotAllowed => (Reason::NotAllowed, "the token does not allow this"),
        Outcome::LimitExceeded => (Reason::LimitExceeded, "too long or too many"),
        Outcome::UnsupportedType => (Reason::UnsupportedType, "only audio and data are carried here"),
    };
    let request = match subject {
        Subject::Metadata => None,
        Subject::AddTrack(track) => Some(Request::AddTrack(lk::AddTrackRequest {
            cid: limits::short(track.cid),
            name: limits::short(track.name),
            source: source_number(track.source),
            ..Default::default()
        })),
    };
    lk::RequestResponse { request_id, reason: reason as i32, message: message.into(), request }
}

fn leave(reason: Reason, action: Action) -> lk::LeaveRequest {
    let (action, can_reconnect) = match action {
        Action::Disconnect => (lk::leave_request::Action::Disconnect, false),
        Action::Resume => (lk::leave_request::Action::Resume, true),
        Action::Reconnect => (lk::leave_request::Action::Reconnect, true),
    };
    lk::LeaveRequest {
        can_reconnect,
        reason: disconnect_reason(reason) as i32,
        action: action as i32,
        ..Default::default()
    }
}

fn disconnect_reason(reason: Reason) -> lk::DisconnectReason {
    match reason {
        Reason::ClientInitiated => lk::DisconnectReason::ClientInitiated,
        Reason::DuplicateIdentity => lk::DisconnectReason::DuplicateIdentity,
        Reason::ServerShutdown => lk::DisconnectReason::ServerShutdown,
        Reason::ParticipantRemoved => lk::DisconnectReason::ParticipantRemoved,
        Reason::RoomDeleted => lk::DisconnectReason::RoomDeleted,
        Reason::StateMismatch => lk::DisconnectReason::StateMismatch,
        Reason::JoinFailure => lk::DisconnectReason::JoinFailure,
        Reason::SignalClose => lk::DisconnectReason::SignalClose,
        // LiveKit has no reason of its own for it.
        Reason::Hidden => lk::DisconnectReason::UnknownReason,
        Reason::RoomClosed => lk::DisconnectReason::RoomClosed,
        Reason::ConnectionTimeout => lk::DisconnectReason::ConnectionTimeout,
    }
}
