//! What a visitor said before the assistant was there: their browser recorded it, and sends it as LiveKit's clients do.

use std::sync::Arc;

use frontdesk::server::agent::{AgentHost, Summons};
use livekit_protocol::{
    self as lk,
    data_packet::Value,
    data_stream::{ByteHeader, Chunk, Header, Trailer, header::ContentHeader},
    participant_info::{Kind, State},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Notebook, config, flite, has_voice, settings},
    room_server::RoomServer,
    sfu_participant::{Participant, Path, Seen},
};

/// LiveKit's clients cut there.
const CHUNK_BYTES: usize = 15_000;

/// A byte stream with the recording of `track`, 16 kHz mono, for `agent`.
fn recording(track: &str, agent: &str, pcm: &[i16]) -> Vec<lk::DataPacket> {
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
    let values = std::iter::once(Value::StreamHeader(header))
        .chain((0..).zip(bytes.chunks(CHUNK_BYTES)).map(chunk))
        .chain([Value::StreamTrailer(trailer)]);
    let destination_identities = || vec![agent.to_owned()];
    let packet = |value| lk::DataPacket {
        destination_identities: destination_identities(),
        value: Some(value),
        ..Default::default()
    };
    values.map(packet).collect()
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

async fn what_was_said_before_is_answered(server: RoomServer) {
    let (settings, keys) = settings();
    let host = AgentHost::new(config(settings, keys, Arc::new(Notebook::default())), server.link()).unwrap();
    let (summons, summoned) = mpsc::channel(1);
    let shutdown = CancellationToken::new();
    let host = tokio::spawn(host.run(summoned, shutdown.clone()));
    let room = format!("support-{:x}", rand::random::<u64>());
    let visitor = Participant::join(server.url(), &server.token(&room, "ada"), Path::V0).await;
    let track = visitor.publish_recorded().await;
    summons.send(Summons::to(&room)).await.unwrap();
    let agent = visitor.await_update(|who| who.kind() == Kind::Agent && who.state() == State::Active).await;
    for packet in recording(&track.sid, &agent.identity, &flite("rms", "What does a jazz trio cost?").unwrap()) {
        visitor.send(packet);
    }
    settled(&visitor, "ada", "jazz trio").await;
    settled(&visitor, &agent.identity, "1,200 euros").await;
    shutdown.cancel();
    host.await.unwrap();
}

#[cfg(feature = "pocketsphinx")]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_the_assistant_came_is_answered() {
    if !has_voice("what_was_said_before_the_assistant_came_is_answered") {
        return;
    }
    for server in RoomServer::each().await {
        what_was_said_before_is_answered(server).await;
    }
}
