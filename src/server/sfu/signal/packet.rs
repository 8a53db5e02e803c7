//! Data packets: the server reads who they are for, says who they are from, and changes nothing else.

use bytes::Bytes;
use livekit_protocol as lk;
use prost::Message as _;

use crate::server::sfu::ids::ParticipantSid;

/// What the server itself sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerPacket {
    /// The message.
    pub payload: Vec<u8>,
    /// What it is about.
    pub topic: Option<String>,
    /// Tells copies of one message: 16 bytes, or none.
    pub nonce: Vec<u8>,
    /// Whether it must arrive.
    pub reliable: bool,
    /// For whom; everybody where it is empty.
    pub identities: Vec<String>,
    /// For which sessions; every one where it is empty.
    pub sessions: Vec<String>,
}

/// A data packet.
#[derive(Clone, Debug)]
pub struct Packet(lk::DataPacket);

impl Packet {
    /// Reads a packet; rubbish is `None`.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        lk::DataPacket::decode(bytes).ok().map(Self)
    }

    /// Makes a packet of the server's own, for those whom `identities` or `sessions` name, or for everybody.
    #[expect(deprecated, reason = "older clients address sessions")]
    pub fn from_server(user: ServerPacket) -> Self {
        let ServerPacket { payload, topic, nonce, reliable, identities, sessions } = user;
        let kind = if reliable { lk::data_packet::Kind::Reliable } else { lk::data_packet::Kind::Lossy };
        let user = lk::UserPacket {
            payload,
            topic,
            nonce,
            destination_identities: identities.clone(),
            destination_sids: sessions,
            ..Default::default()
        };
        Self(lk::DataPacket {
            kind: kind as i32,
            destination_identities: identities,
            value: Some(lk::data_packet::Value::User(user)),
            ..Default::default()
        })
    }

    /// The packet as it is delivered when nobody in the room sent it.
    pub fn sent_by_server(&self) -> Bytes {
        self.0.encode_to_vec().into()
    }

    /// The sender's count of reliable packets; 0 where it does not count.
    pub fn sequence(&self) -> u32 {
        self.0.sequence
    }

    /// Whether a participant may send it: who speaks is for the server to say, and what was said for agents.
    #[expect(deprecated, reason = "older clients claim who speaks")]
    pub fn may_be_sent(&self, by_agent: bool) -> bool {
        match &self.0.value {
            None | Some(lk::data_packet::Value::Speaker(_)) => false,
            Some(lk::data_packet::Value::Transcription(_)) => by_agent,
            Some(_) => true,
        }
    }

    /// Whether a participant is to have it: everybody is, where nobody is named.
    pub fn is_for(&self, identity: &str, sid: &ParticipantSid) -> bool {
        let (identities, sessions) = (self.destinations(), self.sessions());
        let nobody = identities.is_empty() && sessions.is_empty();
        nobody || identities.iter().any(|name| name == identity) || sessions.iter().any(|named| named == sid.as_str())
    }

    #[expect(deprecated, reason = "older clients address sessions")]
    fn sessions(&self) -> &[String] {
        match &self.0.value {
            Some(lk::data_packet::Value::User(user)) => &user.destination_sids,
            _ => &[],
        }
    }

    #[expect(deprecated, reason = "older clients address the user packet itself")]
    fn destinations(&self) -> &[String] {
        if let Some(lk::data_packet::Value::User(user)) = &self.0.value
            && self.0.destination_identities.is_empty()
        {
            return &user.destination_identities;
        }
        &self.0.destination_identities
    }

    /// Whether an agent may send this in somebody else's name: the header of a text stream, with which transcripts say
    /// whose words they are, as livekit-server 1.13.5 has it. The sid is the agent's own either way.
    fn speaks_for_another(&self, identity: &str) -> bool {
        let Some(lk::data_packet::Value::StreamHeader(header)) = &self.0.value else { return false };
        let is_text = matches!(header.content_header, Some(lk::data_stream::header::ContentHeader::TextHeader(_)));
        is_text && !self.0.participant_identity.is_empty() && self.0.participant_identity != identity
    }

    /// The packet as an agent's is delivered: it may write down what another participant said.
    pub fn sent_by_agent(self, sid: &ParticipantSid, identity: &str) -> Bytes {
        if !self.speaks_for_another(identity) {
            return self.sent_by(sid, identity);
        }
        let whose = self.0.participant_identity.clone();
        self.sent_by(sid, &whose)
    }

    /// The packet as it is delivered, whatever its sender claimed to be.
    #[expect(deprecated, reason = "older clients read the sender from the user packet itself")]
    pub fn sent_by(mut self, sid: &ParticipantSid, identity: &str) -> Bytes {
        self.0.participant_sid = sid.to_string();
        self.0.participant_identity = identity.to_owned();
        if let Some(lk::data_packet::Value::User(user)) = &mut self.0.value {
            user.participant_sid = sid.to_string();
            user.participant_identity = identity.to_owned();
        }
        self.0.encode_to_vec().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(to: &[&str]) -> lk::DataPacket {
        lk::DataPacket {
            participant_identity: "somebody else".into(),
            destination_identities: to.iter().map(|&to| to.to_owned()).collect(),
            sequence: 7,
            value: Some(lk::data_packet::Value::User(lk::UserPacket {
                payload: b"hello".to_vec(),
                topic: Some("t".into()),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    #[test]
    fn an_agent_writes_down_what_others_say() {
        use lk::data_stream::{Chunk, Header, TextHeader, header::ContentHeader};
        let sid = ParticipantSid::try_from("PA_a").unwrap();
        let sender = |value| {
            let packet =
                lk::DataPacket { participant_identity: "ann".into(), value: Some(value), ..Default::default() };
            let bytes = packet.encode_to_vec();
            let decoded = || Packet::decode(&bytes).unwrap();
            [decoded().sent_by_agent(&sid, "agent"), decoded().sent_by(&sid, "agent")]
                .map(|sent| lk::DataPacket::decode(sent).unwrap().participant_identity)
        };
        let header =
            Header { content_header: Some(ContentHeader::TextHeader(TextHeader::default())), ..Default::default() };
        assert_eq!(sender(lk::data_packet::Value::StreamHeader(header)), ["ann", "agent"]);
        assert_eq!(sender(lk::data_packet::Value::StreamHeader(Header::default())), ["agent", "agent"]);
        assert_eq!(sender(lk::data_packet::Value::StreamChunk(Chunk::default())), ["agent", "agent"]);
    }

    #[test]
    fn the_sender_is_what_the_server_knows() {
        let sid = ParticipantSid::try_from("PA_a").unwrap();
        let sent = Packet::decode(&packet(&[]).encode_to_vec()).unwrap().sent_by(&sid, "ann");
        let read = lk::DataPacket::decode(sent).unwrap();
        assert_eq!((read.participant_sid.as_str(), read.participant_identity.as_str()), ("PA_a", "ann"));
        assert_eq!(read.sequence, 7);
        let Some(lk::data_packet::Value::User(user)) = read.value else { panic!("no user packet") };
        assert_eq!(user.payload, b"hello");
    }

    #[test]
    fn named_recipients_only() {
        let packet = Packet::decode(&packet(&["bob"]).encode_to_vec()).unwrap();
        let sid = |text: &str| ParticipantSid::try_from(text).unwrap();
        assert!(packet.is_for("bob", &sid("PA_b")) && !packet.is_for("cid", &sid("PA_c")));
    }

    #[test]
    #[expect(deprecated, reason = "older clients address sessions")]
    fn named_sessions_only() {
        let user = lk::UserPacket { destination_sids: vec!["PA_b".into()], ..Default::default() };
        let sent = lk::DataPacket { value: Some(lk::data_packet::Value::User(user)), ..Default::default() };
        let packet = Packet::decode(&sent.encode_to_vec()).unwrap();
        let sid = |text: &str| ParticipantSid::try_from(text).unwrap();
        assert!(packet.is_for("bob", &sid("PA_b")) && !packet.is_for("cid", &sid("PA_c")));
    }

    #[test]
    fn what_participants_may_not_claim_is_dropped() {
        let may = |value, by_agent| Packet(lk::DataPacket { value, ..Default::default() }).may_be_sent(by_agent);
        let words = || Some(lk::data_packet::Value::Transcription(lk::Transcription::default()));
        assert!(!may(None, true) && !may(words(), false) && may(words(), true));
    }

    #[test]
    fn rubbish_is_no_packet() {
        assert!(Packet::decode(&[0xff; 9]).is_none());
    }
}
