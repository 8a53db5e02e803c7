//! Text streams: header, chunks and trailer as LiveKit's data packets.
//!
//! Outgoing streams are packets ready to send; incoming ones are gathered until they are whole.

use std::collections::{BTreeMap, HashMap};

use livekit_protocol::{
    DataPacket,
    data_packet::Value,
    data_stream::{Chunk, CompressionType, Header, TextHeader, Trailer, header::ContentHeader},
};

/// Text in one chunk, at most: LiveKit's clients cut at 15,000 bytes to stay below the limit of a data channel message.
const CHUNK_BYTES: usize = 15_000;

/// Streams that may be open towards the assistant at once, and the bytes that they may hold in all.
const OPEN_STREAMS: usize = 16;
const OPEN_BYTES: usize = 64 * 1024;

/// A text stream that is being written.
#[derive(Debug)]
pub(super) struct TextWriter {
    id: String,
    next_chunk: u64,
    sender: Option<String>,
}

impl TextWriter {
    /// Opens the stream `id` on `topic`; `sender` speaks for another participant, as an agent may.
    pub(super) fn open(
        id: String,
        topic: &str,
        attributes: HashMap<String, String>,
        sender: Option<String>,
        timestamp_ms: i64,
    ) -> (Self, DataPacket) {
        let header = Header {
            stream_id: id.clone(),
            timestamp: timestamp_ms,
            topic: topic.to_owned(),
            mime_type: "text/plain".to_owned(),
            attributes,
            content_header: Some(ContentHeader::TextHeader(TextHeader::default())),
            ..Default::default()
        };
        let writer = Self { id, next_chunk: 0, sender };
        let packet = writer.packet(Value::StreamHeader(header));
        (writer, packet)
    }

    /// Adds `text`, in as many chunks as it takes.
    pub(super) fn write(&mut self, text: &str) -> Vec<DataPacket> {
        let mut packets = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
            let chunk = Chunk {
                stream_id: self.id.clone(),
                chunk_index: self.next_chunk,
                content: piece.as_bytes().to_vec(),
                ..Default::default()
            };
            self.next_chunk += 1;
            packets.push(self.packet(Value::StreamChunk(chunk)));
            rest = tail;
        }
        packets
    }

    /// Ends the stream; `attributes` replace those of its header.
    pub(super) fn close(self, attributes: HashMap<String, String>) -> DataPacket {
        let trailer = Trailer { stream_id: self.id.clone(), attributes, ..Default::default() };
        self.packet(Value::StreamTrailer(trailer))
    }

    fn packet(&self, value: Value) -> DataPacket {
        let participant_identity = self.sender.clone().unwrap_or_default();
        DataPacket { participant_identity, value: Some(value), ..Default::default() }
    }
}

/// A text that arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReceivedText {
    pub(super) identity: String,
    pub(super) topic: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) text: String,
}

#[derive(Debug)]
struct Incoming {
    identity: String,
    topic: String,
    attributes: BTreeMap<String, String>,
    content: Vec<u8>,
}

/// Gathers incoming text streams; forgets those that would not end.
#[derive(Debug, Default)]
pub(super) struct TextReader {
    open: HashMap<String, Incoming>,
    bytes: usize,
}

impl TextReader {
    /// Takes a packet's value and whose it is; gives the text that it completes, in the name of who opened it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    pub(super) fn on(&mut self, identity: &str, value: Value) -> Option<ReceivedText> {
        match value {
            Value::StreamHeader(header) => self.header(identity, header),
            Value::StreamChunk(chunk) => {
                let stream = self.open.get_mut(&chunk.stream_id)?;
                self.bytes += chunk.content.len();
                stream.content.extend(chunk.content);
                if self.bytes > OPEN_BYTES {
                    self.open.clear();
                    self.bytes = 0;
                }
                None
            }
            Value::StreamTrailer(trailer) => {
                let Incoming { identity, topic, mut attributes, content } = self.open.remove(&trailer.stream_id)?;
                self.bytes -= content.len();
                attributes.extend(trailer.attributes);
                Some(ReceivedText { identity, topic, attributes, text: String::from_utf8(content).ok()? })
            }
            _ => None,
        }
    }

    fn header(&mut self, identity: &str, header: Header) -> Option<ReceivedText> {
        let is_text = matches!(header.content_header, Some(ContentHeader::TextHeader(_)));
        if !is_text || header.compression != CompressionType::None as i32 {
            return None;
        }
        let (topic, attributes) = (header.topic, header.attributes.into_iter().collect());
        if let Some(content) = header.inline_content {
            return Some(ReceivedText {
                identity: identity.to_owned(),
                topic,
                attributes,
                text: String::from_utf8(content).ok()?,
            });
        }
        if self.open.len() >= OPEN_STREAMS {
            self.open.clear();
            self.bytes = 0;
        }
        self.open.insert(
            header.stream_id,
            Incoming { identity: identity.to_owned(), topic, attributes, content: Vec::new() },
        );
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(packets: impl IntoIterator<Item = DataPacket>) -> Vec<Value> {
        packets.into_iter().filter_map(|packet| packet.value).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let long = "é".repeat(CHUNK_BYTES);
        let (mut writer, header) = TextWriter::open("s1".into(), "lk.chat", HashMap::new(), Some("ada".into()), 7);
        assert_eq!(header.participant_identity, "ada");
        let mut packets = vec![header];
        packets.extend(writer.write("hello "));
        packets.extend(writer.write(&long));
        packets.push(writer.close(HashMap::from([("final".to_owned(), "true".to_owned())])));
        let attributes = BTreeMap::from([("final".to_owned(), "true".to_owned())]);
        assert!(packets.len() >= 5);
        let mut reader = TextReader::default();
        let texts: Vec<_> = values(packets).into_iter().filter_map(|value| reader.on("ada", value)).collect();
        assert_eq!(
            texts,
            [ReceivedText {
                identity: "ada".into(),
                topic: "lk.chat".into(),
                attributes,
                text: format!("hello {long}")
            }]
        );
        assert_eq!(reader.bytes, 0);
    }

    #[test]
    fn streams_that_never_end_are_forgotten() {
        let mut reader = TextReader::default();
        for n in 0..100 {
            let (mut writer, header) = TextWriter::open(format!("s{n}"), "t", HashMap::new(), None, 0);
            for value in values(std::iter::once(header).chain(writer.write(&"x".repeat(10_000)))) {
                assert_eq!(reader.on("ada", value), None);
            }
            assert!(reader.open.len() <= OPEN_STREAMS && reader.bytes <= OPEN_BYTES);
        }
    }
}
