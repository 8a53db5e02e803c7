//! What each method of the service needs, does and answers.

use livekit_protocol as lk;

use super::{
    json,
    twirp::{Answer, Code, Format, TwirpError},
};
use crate::server::{
    sfu::{
        AdminError, Change, CreateRoom, RoomOptions, Sfu,
        data::Channel,
        ids::TrackSid,
        signal::{
            codec::{allowed, named_tracks, participant_info, room_info, track_info},
            packet::{Packet, ServerPacket},
        },
    },
    token::VideoGrants,
};

/// The length of a nonce, in bytes, where there is one.
const NONCE_BYTES: usize = 16;

/// Calls the method of this name; `None` where there is none.
pub async fn call(
    sfu: &Sfu,
    name: &str,
    grants: &VideoGrants,
    format: Format,
    body: &[u8],
) -> Option<Result<Answer, TwirpError>> {
    let service = Service { sfu, grants, format, body };
    Some(match name {
        "CreateRoom" => service.create_room().await,
        "ListRooms" => service.list_rooms().await,
        "DeleteRoom" => service.delete_room().await,
        "ListParticipants" => service.list_participants().await,
        "GetParticipant" => service.get_participant().await,
        "RemoveParticipant" => service.remove_participant().await,
        "UpdateParticipant" => service.update_participant().await,
        "MutePublishedTrack" => service.mute_published_track().await,
        "UpdateSubscriptions" => service.update_subscriptions().await,
        "SendData" => service.send_data().await,
        "UpdateRoomMetadata" => service.update_room_metadata().await,
        // livekit-server 1.13.5 has no answer to these either, without LiveKit's cloud around it.
        "ForwardParticipant" | "MoveParticipant" | "PerformRpc" => {
            Err(TwirpError::new(Code::Unimplemented, format!("{name} is not done here")))
        }
        _ => return None,
    })
}

type Outcome = Result<Answer, TwirpError>;

/// One request.
struct Service<'a> {
    sfu: &'a Sfu,
    grants: &'a VideoGrants,
    format: Format,
    body: &'a [u8],
}

impl Service<'_> {
    async fn create_room(&self) -> Outcome {
        let request: lk::CreateRoomRequest = self.format.read(self.body)?;
        self.need(self.grants.room_create)?;
        let options = RoomOptions {
            empty_timeout_s: request.empty_timeout,
            departure_timeout_s: request.departure_timeout,
            max_participants: request.max_participants,
            metadata: request.metadata,
        }
        .or_defaults();
        let room = self.sfu.create_room(CreateRoom { name: request.name, options }).await?;
        self.format.write(&room_info(room), &json::ROOM)
    }

    async fn list_rooms(&self) -> Outcome {
        let request: lk::ListRoomsRequest = self.format.read(self.body)?;
        self.need(self.grants.room_list)?;
        let wanted = |name: &str| request.names.is_empty() || request.names.iter().any(|known| known == name);
        let rooms = self.sfu.list_rooms().await?.into_iter().filter(|room| wanted(&room.name)).map(room_info);
        self.format.write(&lk::ListRoomsResponse { rooms: rooms.collect() }, &json::ROOMS)
    }

    async fn delete_room(&self) -> Outcome {
        let request: lk::DeleteRoomRequest = self.format.read(self.body)?;
        self.need(self.grants.room_create)?;
        self.sfu.delete_room(&request.room).await?;
        self.format.write(&lk::DeleteRoomResponse {}, &json::EMPTY)
    }

    /// A room that is not there has nobody in it, as livekit-server has it.
    async fn list_participants(&self) -> Outcome {
        let request: lk::ListParticipantsRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        let participants = match self.sfu.list_participants(&request.room).await {
            Err(AdminError::NoRoom) => Vec::new(),
            listed => listed?.into_iter().map(participant_info).collect(),
        };
        self.format.write(&lk::ListParticipantsResponse { participants }, &json::PARTICIPANTS)
    }

    async fn get_participant(&self) -> Outcome {
        let request: lk::RoomParticipantIdentity = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        self.participant(&request.room, &request.identity).await
    }

    async fn remove_participant(&self) -> Outcome {
        let request: lk::RoomParticipantIdentity = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        self.sfu.remove_participant(&request.room, &request.identity).await.map_err(as_participant)?;
        self.format.write(&lk::RemoveParticipantResponse {}, &json::EMPTY)
    }

    async fn update_participant(&self) -> Outcome {
        let request: lk::UpdateParticipantRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        let change = Change::Participant {
            identity: request.identity.clone(),
            name: request.name,
            metadata: request.metadata,
            attributes: request.attributes.into_iter().collect(),
            permission: request.permission.as_ref().map(allowed),
        };
        self.sfu.change(&request.room, change).await.map_err(as_participant)?;
        self.participant(&request.room, &request.identity).await
    }

    async fn mute_published_track(&self) -> Outcome {
        let request: lk::MuteRoomTrackRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        if !request.muted {
            return Err(TwirpError::new(Code::FailedPrecondition, "remote unmute not enabled"));
        }
        // A track that is not there is answered with no track, as livekit-server has it.
        let Ok(track) = TrackSid::try_from(request.track_sid.as_str()) else { return self.muted(None) };
        let change = Change::Mute { identity: request.identity.clone(), track: track.clone() };
        self.sfu.change(&request.room, change).await.map_err(as_unreachable)?;
        let owner = self.sfu.participant(&request.room, &request.identity).await.map_err(as_unreachable)?;
        self.muted(owner.tracks.into_iter().find(|shown| shown.sid == track).map(track_info))
    }

    async fn update_subscriptions(&self) -> Outcome {
        let request: lk::UpdateSubscriptionsRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        let change = Change::Subscriptions {
            tracks: named_tracks(&request.track_sids, &request.participant_tracks),
            identity: request.identity,
            wanted: request.subscribe,
        };
        self.sfu.change(&request.room, change).await.map_err(as_unreachable)?;
        self.format.write(&lk::UpdateSubscriptionsResponse {}, &json::EMPTY)
    }

    #[expect(deprecated, reason = "older clients address sessions")]
    async fn send_data(&self) -> Outcome {
        let request: lk::SendDataRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        if !request.nonce.is_empty() && request.nonce.len() != NONCE_BYTES {
            let length = request.nonce.len();
            let reason = format!("nonce should be {NONCE_BYTES}-bytes or not present, got: {length} bytes");
            return Err(TwirpError::new(Code::InvalidArgument, reason));
        }
        let reliable = request.kind == lk::data_packet::Kind::Reliable as i32;
        let packet = Packet::from_server(ServerPacket {
            payload: request.data,
            topic: request.topic,
            nonce: request.nonce,
            reliable,
            identities: request.destination_identities,
            sessions: request.destination_sids,
        });
        let channel = if reliable { Channel::Reliable } else { Channel::Lossy };
        self.sfu.change(&request.room, Change::Data { packet, channel }).await.map_err(as_unreachable)?;
        self.format.write(&lk::SendDataResponse {}, &json::EMPTY)
    }

    async fn update_room_metadata(&self) -> Outcome {
        let request: lk::UpdateRoomMetadataRequest = self.format.read(self.body)?;
        self.need_admin(&request.room)?;
        self.sfu.change(&request.room, Change::Metadata(request.metadata)).await?;
        let rooms = self.sfu.list_rooms().await?;
        let room = rooms.into_iter().find(|room| room.name == request.room).ok_or(AdminError::NoRoom)?;
        self.format.write(&room_info(room), &json::ROOM)
    }

    async fn participant(&self, room: &str, identity: &str) -> Outcome {
        let participant = self.sfu.participant(room, identity).await.map_err(as_participant)?;
        self.format.write(&participant_info(participant), &json::PARTICIPANT)
    }

    fn muted(&self, track: Option<lk::TrackInfo>) -> Outcome {
        self.format.write(&lk::MuteRoomTrackResponse { track }, &json::MUTED)
    }

    fn need(&self, granted: bool) -> Result<(), TwirpError> {
        if granted { Ok(()) } else { Err(TwirpError::denied()) }
    }

    fn need_admin(&self, room: &str) -> Result<(), TwirpError> {
        self.need(self.grants.room_admin && self.grants.room == room)
    }
}

/// Where a participant is asked for by name, livekit-server does not tell a missing room from a missing participant.
fn as_participant(error: AdminError) -> TwirpError {
    if error == AdminError::NoRoom { AdminError::NoParticipant.into() } else { error.into() }
}

/// livekit-server passes these requests on to whichever node has the room or the participant, and waits 3 s in vain
/// where none has; here that is known at once.
fn as_unreachable(error: AdminError) -> TwirpError {
    match error {
        AdminError::NoRoom | AdminError::NoParticipant => {
            TwirpError::new(Code::Unavailable, "no response from servers")
        }
        AdminError::BadName | AdminError::LongName | AdminError::TooMuch | AdminError::Stopped => error.into(),
    }
}
