//! What a visitor said before the assistant was there: their browser recorded it, and sends it as LiveKit's clients do.

use livekit_protocol::{
    self as lk,
    data_packet::Value,
    data_stream::{ByteHeader, Chunk, Header, Trailer, header::ContentHeader},
};

use crate::{
    agent::{flite, has_voice},
    room_server::RoomServer,
    sfu_participant::{Participant, Seen},
    visit::Visit,
};

/// LiveKit's clients cut there.
const CHUNK_BYTES: usize = 15_000;

/// A byte stream with the recording of `track`, 16 kHz mono.
fn recording(track: &str, pcm: &[i16]) -> Vec<Value> {
    let attributes = [("trackId", track), ("sampleRate", "16000"), ("channels", "1")];
    let header = Header {
        stream_id: "recording".into(),
        topic: "lk.agent.pre-connect-audio-buffer".into(),
        mime_type: "audio/pcm".into(),
        attributes: attributes.map(|(name, value)| (name.into(), value.into())).into(),
        content_header: Some(ContentHeader::ByteHeader(ByteHeader { name: "preconnect-buffer".into() })),
        ..Default::default()
    };
    let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let chunk = |(index, content): (u64, &[u8])| {
        let (stream_id, content) = ("recording".into(), content.to_vec());
        Value::StreamChunk(Chunk { stream_id, chunk_index: index, content, ..Default::default() })
    };
    let trailer = Trailer { stream_id: "recording".into(), ..Default::default() };
    std::iter::once(Value::StreamHeader(header))
        .chain((0..).zip(bytes.chunks(CHUNK_BYTES)).map(chunk))
        .chain([Value::StreamTrailer(trailer)])
        .collect()
}

/// Waits until words of `identity` are settled that hold this.
async fn settled(visitor: &Participant, identity: &str, part: &str) {
    let is_it = |seen: &Seen| {
        let Seen::Data(packet) = seen else { return None };
        let Some(Value::Transcription(words)) = &packet.value else { return None };
        let is_part = |words: &lk::TranscriptionSegment| words.r#final && words.text.to_lowercase().contains(part);
        (words.transcribed_participant_identity == identity && words.segments.iter().any(is_part)).then_some(())
    };
    visitor.until(is_it).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_the_assistant_came_is_answered() {
    if !has_voice("what_was_said_before_the_assistant_came_is_answered") {
        return;
    }
    for server in RoomServer::each().await {
        let visit = Visit::start(server).await;
        for value in recording(&visit.track, &flite("rms", "What does a jazz trio cost?").unwrap()) {
            visit.send(value);
        }
        settled(&visit.visitor, "ada", "jazz trio").await;
        settled(&visit.visitor, &visit.agent, "1,200 euros").await;
        visit.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_listened_to_before_the_greeting_sees_it() {
    if !has_voice("whoever_is_listened_to_before_the_greeting_sees_it") {
        return;
    }
    for server in RoomServer::each().await {
        let visit = Visit::start(server).await;
        let state = |who: &lk::ParticipantInfo| who.attributes.get("lk.agent.state").cloned();
        let is_ready = |who: &lk::ParticipantInfo| {
            who.identity == visit.agent && state(who).is_some_and(|state| state != "initializing")
        };
        let agent = visit.visitor.await_update(is_ready).await;
        assert_eq!(state(&agent).as_deref(), Some("listening"));
        visit.end().await;
    }
}
