//! The outgoing stream of one section: what its packets bear in their headers (RFC 3550, section 5.1; RFC 8285).

use str0m::{
    media::{Media, Mid, Pt},
    rtp::{Extension, RtpHeader, Ssrc},
};

use super::srtp::Taken;
use crate::server::sfu::forward::Position;

/// RTP's version, with an extension header.
const VERSION_AND_EXTENSION: u8 = 0b1001_0000;
const MARKER: u8 = 0x80;
/// RFC 8285, section 4.2: extensions with headers of one byte.
const ONE_BYTE_PROFILE: [u8; 2] = [0xbe, 0xde];
const FIXED_BYTES: usize = 12;
/// Whatever fits: the fixed part, the extension header, a level and the longest mid, which has 16 bytes.
const HEADER_MAX_BYTES: usize = 40;
/// How many packets name their section, for a client that has not seen the answer which names their stream: a second.
const NAMED_PACKETS: u32 = 50;
/// RFC 6464: voice activity, above the level.
const VOICE: u8 = 0x80;

/// The outgoing stream of a section.
#[derive(Debug)]
pub struct Outlet {
    /// Its id.
    pub ssrc: Ssrc,
    /// Which of its places are taken.
    pub taken: Taken,
    mid: Mid,
    payload_type: Pt,
    mid_id: Option<u8>,
    level_id: Option<u8>,
    to_be_named: u32,
}

/// A packet's header.
pub struct Header {
    bytes: [u8; HEADER_MAX_BYTES],
    length: usize,
}

impl Header {
    /// The header as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}

impl Outlet {
    /// The stream of a section whose extensions are negotiated.
    pub fn new(media: &Media, payload_type: Pt, ssrc: Ssrc) -> Self {
        let extensions = media.remote_extmap();
        // An id beyond 14 has no place in a header of one byte.
        let id_of = |extension| extensions.id_of(extension).filter(|id| (1..15).contains(id));
        Self {
            ssrc,
            taken: Taken::default(),
            mid: media.mid(),
            payload_type,
            mid_id: id_of(Extension::RtpMid),
            level_id: id_of(Extension::AudioLevel),
            to_be_named: NAMED_PACKETS,
        }
    }

    /// The header under which a packet that came with `incoming` goes on.
    pub fn header(&mut self, position: Position, incoming: &RtpHeader) -> Header {
        let mut header = Header { bytes: [0; HEADER_MAX_BYTES], length: 0 };
        let marker = if incoming.marker { MARKER } else { 0 };
        header.push(&[VERSION_AND_EXTENSION, *self.payload_type | marker]);
        header.push(&(position.sequence as u16).to_be_bytes());
        header.push(&position.timestamp.to_be_bytes());
        header.push(&self.ssrc.to_be_bytes());
        header.push(&ONE_BYTE_PROFILE);
        header.push(&[0, 0]);
        let start = header.length;
        let values = &incoming.ext_vals;
        if let (Some(id), Some(level)) = (self.level_id, values.audio_level) {
            let voice = if values.voice_activity == Some(true) { VOICE } else { 0 };
            header.push(&[id << 4, level.unsigned_abs() | voice]);
        }
        if let (Some(id), Some(last)) = (self.mid_id, self.mid.len().checked_sub(1))
            && self.to_be_named > 0
        {
            self.to_be_named -= 1;
            header.push(&[id << 4 | last as u8]);
            header.push(self.mid.as_bytes());
        }
        header.length = header.length.next_multiple_of(4);
        let words = (header.length - start) / 4;
        header.bytes[FIXED_BYTES + 3] = words as u8;
        header
    }
}

#[cfg(test)]
mod tests {
    use str0m::rtp::ExtensionValues;

    use super::*;

    fn outlet(mid_id: Option<u8>, level_id: Option<u8>) -> Outlet {
        Outlet {
            ssrc: 0x0102_0304.into(),
            taken: Taken::default(),
            mid: "12".into(),
            payload_type: 111.into(),
            mid_id,
            level_id,
            to_be_named: 1,
        }
    }

    fn loud(voice: bool) -> RtpHeader {
        let ext_vals =
            ExtensionValues { audio_level: Some(-20), voice_activity: Some(voice), ..ExtensionValues::default() };
        RtpHeader { marker: voice, ext_vals, ..RtpHeader::default() }
    }

    #[test]
    fn the_first_packets_name_their_section() {
        let mut outlet = outlet(Some(4), Some(1));
        let position = Position { sequence: 0x1_0005, timestamp: 960 };
        let first = outlet.header(position, &loud(true));
        let fixed = [0x90, 0x80 | 111, 0, 5, 0, 0, 3, 0xc0, 1, 2, 3, 4, 0xbe, 0xde];
        assert_eq!(first.as_bytes(), [&fixed[..], &[0, 2, 0x10, 0x80 | 20, 0x41, b'1', b'2', 0, 0, 0]].concat());
        let second = outlet.header(position, &loud(false));
        assert_eq!(second.as_bytes()[14..], [0, 1, 0x10, 20, 0, 0]);
    }

    #[test]
    fn what_is_not_negotiated_is_left_out() {
        let position = Position { sequence: 1, timestamp: 0 };
        let header = outlet(None, None).header(position, &loud(false));
        assert_eq!(header.as_bytes(), [0x90, 111, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xbe, 0xde, 0, 0]);
    }
}
