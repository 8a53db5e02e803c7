//! Streams of text and of bytes: header, chunks and trailer as LiveKit's data packets.
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

/// Streams that one sender may have open towards the assistant at once, and the bytes that they may hold in all.
const OPEN_STREAMS: usize = 16;
/// The largest is ten seconds of a microphone, bare: LiveKit's clients record no more before somebody is there.
const OPEN_BYTES: usize = 1024 * 1024;

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

/// A stream that arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) identity: String,
    pub(super) topic: String,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) content: Content,
}

/// What was in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes {
        /// What they are.
        mime: String,
        /// As they came.
        bytes: Vec<u8>,
    },
}

#[derive(Debug)]
struct Incoming {
    identity: String,
    topic: String,
    attributes: BTreeMap<String, String>,
    /// What bytes are; absent where they are text.
    mime: Option<String>,
    content: Vec<u8>,
}

/// One sender's open streams, by id.
type Streams = HashMap<String, Incoming>;

/// Gathers incoming streams, each sender's apart; forgets those that would not end.
///
/// A sender is known by the sid that the server writes on each packet: the identity of a header may be another's, in
/// whose name an assistant writes.
#[derive(Debug, Default)]
pub(super) struct StreamReader {
    senders: HashMap<String, Streams>,
}

impl StreamReader {
    /// Takes a packet's value, its sender's sid and whose words it holds; gives the stream that it completes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    pub(super) fn on(&mut self, sender: &str, identity: &str, value: Value) -> Option<Received> {
        match value {
            Value::StreamHeader(header) => self.header(sender, identity, header),
            Value::StreamChunk(chunk) => {
                let streams = self.senders.get_mut(sender)?;
                let held: usize = streams.values().map(|stream| stream.content.len()).sum();
                let stream = streams.get_mut(&chunk.stream_id)?;
                if held + chunk.content.len() > OPEN_BYTES {
                    self.forget(sender);
                } else {
                    stream.content.extend(chunk.content);
                }
                None
            }
            Value::StreamTrailer(trailer) => {
                let streams = self.senders.get_mut(sender)?;
                let mut stream = streams.remove(&trailer.stream_id)?;
                if streams.is_empty() {
                    self.forget(sender);
                }
                stream.attributes.extend(trailer.attributes);
                stream.received()
            }
            _ => None,
        }
    }

    /// Forgets what a sender has begun.
    pub(super) fn forget(&mut self, sender: &str) {
        self.senders.remove(sender);
    }

    fn header(&mut self, sender: &str, identity: &str, header: Header) -> Option<Received> {
        let mime = match header.content_header? {
            ContentHeader::TextHeader(_) => None,
            ContentHeader::ByteHeader(_) => Some(header.mime_type),
        };
        if header.compression != CompressionType::None as i32 {
            return None;
        }
        let (topic, attributes) = (header.topic, header.attributes.into_iter().collect());
        let mut stream = Incoming { identity: identity.to_owned(), topic, attributes, mime, content: Vec::new() };
        if let Some(content) = header.inline_content {
            stream.content = content;
            return stream.received();
        }
        let streams = self.senders.entry(sender.to_owned()).or_default();
        if streams.len() >= OPEN_STREAMS {
            streams.clear();
        }
        streams.insert(header.stream_id, stream);
        None
    }
}

impl Incoming {
    fn received(self) -> Option<Received> {
        let Self { identity, topic, attributes, mime, content } = self;
        let content = match mime {
            Some(mime) => Content::Bytes { mime, bytes: content },
            None => Content::Text(String::from_utf8(content).ok()?),
        };
        Some(Received { identity, topic, attributes, content })
    }
}

#[cfg(test)]
mod tests {
    use livekit_protocol::data_stream::ByteHeader;

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
        let mut reader = StreamReader::default();
        let texts: Vec<_> = values(packets).into_iter().filter_map(|value| reader.on("PA_a", "ada", value)).collect();
        assert_eq!(
            texts,
            [Received {
                identity: "ada".into(),
                topic: "lk.chat".into(),
                attributes,
                content: Content::Text(format!("hello {long}"))
            }]
        );
        assert!(reader.senders.is_empty());
    }

    /// The header and the one chunk of a stream, and its trailer.
    fn stream(id: &str, text: &str) -> (Vec<Value>, Vec<Value>) {
        let (mut writer, header) = TextWriter::open(id.into(), "t", HashMap::new(), None, 0);
        let begun = std::iter::once(header).chain(writer.write(text));
        (values(begun), values([writer.close(HashMap::new())]))
    }

    /// What is read of packets that `PA_<identity>` sent.
    fn read(reader: &mut StreamReader, identity: &str, values: &[Value]) -> Vec<(String, String)> {
        let sender = format!("PA_{identity}");
        let texts = values.iter().filter_map(|value| reader.on(&sender, identity, value.clone()));
        texts.map(|received| (received.identity, text(received.content))).collect()
    }

    fn text(content: Content) -> String {
        let Content::Text(text) = content else { panic!("no text") };
        text
    }

    #[test]
    fn bytes_come_as_they_are() {
        let header = Header {
            stream_id: "s1".into(),
            topic: "lk.agent.pre-connect-audio-buffer".into(),
            mime_type: "audio/webm;codecs=opus".into(),
            content_header: Some(ContentHeader::ByteHeader(ByteHeader::default())),
            ..Default::default()
        };
        let chunk = |content: &[u8]| Chunk { stream_id: "s1".into(), content: content.into(), ..Default::default() };
        let trailer = Trailer { stream_id: "s1".into(), ..Default::default() };
        let values = [
            Value::StreamHeader(header),
            Value::StreamChunk(chunk(&[0xff, 0x00])),
            Value::StreamChunk(chunk(&[0xfe])),
            Value::StreamTrailer(trailer),
        ];
        let mut reader = StreamReader::default();
        let read: Vec<_> = values.into_iter().filter_map(|value| reader.on("PA_a", "ada", value)).collect();
        let content = Content::Bytes { mime: "audio/webm;codecs=opus".into(), bytes: vec![0xff, 0x00, 0xfe] };
        let topic = "lk.agent.pre-connect-audio-buffer".into();
        assert_eq!(read, [Received { identity: "ada".into(), topic, attributes: BTreeMap::new(), content }]);
    }

    #[test]
    fn an_id_is_its_senders_own() {
        let mut reader = StreamReader::default();
        let ((ada, ada_ends), (bob, bob_ends)) = (stream("s1", "from ada"), stream("s1", "from bob"));
        assert_eq!(read(&mut reader, "ada", &ada), []);
        assert_eq!(read(&mut reader, "bob", &bob_ends), []);
        assert_eq!(read(&mut reader, "bob", &bob), []);
        assert_eq!(read(&mut reader, "ada", &ada_ends), [("ada".into(), "from ada".into())]);
        assert_eq!(read(&mut reader, "bob", &bob_ends), [("bob".into(), "from bob".into())]);
    }

    #[test]
    fn an_assistant_writes_down_what_others_say() {
        let mut reader = StreamReader::default();
        let (begun, ends) = stream("s1", "are you free");
        let [header, rest @ ..] = &begun[..] else { panic!("no header") };
        assert_eq!(reader.on("PA_agent", "ada", header.clone()), None);
        let rest = rest.iter().chain(&ends);
        let read: Vec<_> = rest.filter_map(|value| reader.on("PA_agent", "agent", value.clone())).collect();
        assert!(
            matches!(&read[..], [it] if it.identity == "ada" && it.content == Content::Text("are you free".into())),
            "{read:?}"
        );
    }

    #[test]
    fn a_stream_that_is_opened_again_begins_again() {
        let mut reader = StreamReader::default();
        let (begun, ends) = stream("s1", &"x".repeat(10_000));
        for _ in 0..20 {
            assert_eq!(read(&mut reader, "ada", &begun), []);
        }
        assert_eq!(read(&mut reader, "ada", &ends), [("ada".into(), "x".repeat(10_000))]);
    }

    #[test]
    fn streams_that_never_end_are_forgotten() {
        let mut reader = StreamReader::default();
        let (bob, bob_ends) = stream("s0", "patient");
        assert_eq!(read(&mut reader, "bob", &bob), []);
        for n in 0..100 {
            let (begun, _) = stream(&format!("s{n}"), &"x".repeat(10_000));
            assert_eq!(read(&mut reader, "ada", &begun), []);
            let held: usize = reader.senders.values().flat_map(HashMap::values).map(|open| open.content.len()).sum();
            assert!(held <= OPEN_BYTES + 7, "{held}");
        }
        for n in 0..100 {
            assert_eq!(read(&mut reader, "ada", &stream(&format!("s{n}"), "").0), []);
            assert!(reader.senders["PA_ada"].len() <= OPEN_STREAMS);
        }
        assert_eq!(read(&mut reader, "bob", &bob_ends), [("bob".into(), "patient".into())]);
        reader.forget("PA_ada");
        assert!(reader.senders.is_empty());
    }
}
