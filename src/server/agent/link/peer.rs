//! One peer connection: an ICE agent, DTLS, SRTP and data channels on a UDP socket of its own.
//!
//! It knows SDP and packets, not LiveKit's messages. Drain `poll` after every mutation: str0m sends only then.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcError,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    media::{Direction, Frequency, MediaKind, MediaTime, Mid},
    net::{Protocol, Receive},
};
use tokio::net::UdpSocket;

/// The largest datagram that WebRTC sends, with room to spare.
const DATAGRAM_BYTES: usize = 2048;

/// How long a connection that failed for good sleeps; its owner hears of the failure before.
const NEVER: Duration = Duration::from_secs(3600);

/// A peer connection and its socket.
pub(super) struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    pending: Option<SdpPendingOffer>,
    early_candidates: Vec<Candidate>,
    buffer: Vec<u8>,
}

impl Peer {
    /// Binds a free port of `ip`, which must be an address that the server can reach; tells statistics every `measure`.
    pub(super) async fn bind(ip: IpAddr, measure: Option<Duration>) -> io::Result<Self> {
        let socket = UdpSocket::bind((ip, 0)).await?;
        let local = socket.local_addr()?;
        let rtc = Rtc::builder().clear_codecs().enable_opus(true, false).set_stats_interval(measure);
        let mut rtc = rtc.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp").map_err(io::Error::other)?);
        let buffer = vec![0; DATAGRAM_BYTES];
        Ok(Self { rtc, socket, local, pending: None, early_candidates: Vec::new(), buffer })
    }

    /// The one candidate of this side, as SDP has it.
    pub(super) fn candidate(&self) -> Option<String> {
        Candidate::host(self.local, "udp").ok().map(|candidate| candidate.to_sdp_string())
    }

    /// Offers an audio track to send and two data channels, reliable and lossy in this order.
    pub(super) fn offer(&mut self, track_cid: &str, channels: [&str; 2]) -> Option<(String, Mid, [ChannelId; 2])> {
        let mut api = self.rtc.sdp_api();
        let [reliable, lossy] = channels;
        let reliable = api.add_channel_with_config(ChannelConfig { label: reliable.to_owned(), ..Default::default() });
        let lossy = api.add_channel_with_config(ChannelConfig {
            label: lossy.to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            ..Default::default()
        });
        let stream = Some(track_cid.to_owned());
        let mid = api.add_media(MediaKind::Audio, Direction::SendOnly, stream.clone(), stream, None);
        let (offer, pending) = api.apply()?;
        self.pending = Some(pending);
        Some((offer.to_sdp_string(), mid, [reliable, lossy]))
    }

    /// Takes the answer to the pending offer; one that nobody waits for is ignored.
    pub(super) fn accept_answer(&mut self, sdp: &str) -> Result<(), RtcError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(sdp)?)?;
        for candidate in std::mem::take(&mut self.early_candidates) {
            self.rtc.add_remote_candidate(candidate);
        }
        Ok(())
    }

    /// Answers the other side's offer.
    pub(super) fn accept_offer(&mut self, sdp: &str) -> Result<String, RtcError> {
        let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp)?)?;
        Ok(answer.to_sdp_string())
    }

    /// Takes a candidate of the other side; one that does not parse (mDNS) is found by its packets.
    pub(super) fn add_candidate(&mut self, sdp: &str) {
        let Ok(candidate) = Candidate::from_sdp_string(sdp) else { return };
        if self.pending.is_some() {
            self.early_candidates.push(candidate);
        } else {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// Sends one Opus frame; `time` counts the samples of a 48 kHz clock.
    pub(super) fn send_audio(&mut self, mid: Mid, time: u64, opus: Vec<u8>) -> Result<(), RtcError> {
        let Some(writer) = self.rtc.writer(mid) else { return Ok(()) };
        let Some(pt) = writer.payload_params().next().map(|params| params.pt()) else { return Ok(()) };
        let time = MediaTime::new(time, Frequency::FORTY_EIGHT_KHZ);
        writer.audio_level(-20, true).write(pt, Instant::now(), time, opus)
    }

    /// Sends one message; `false` when the channel is full or not open yet, and nothing was sent.
    pub(super) fn send_data(&mut self, channel: ChannelId, message: &[u8]) -> Result<bool, RtcError> {
        match self.rtc.channel(channel) {
            Some(mut channel) => channel.write(true, message),
            None => Ok(false),
        }
    }

    /// Sends what is due, adds what happened to `events`, and says when time moves this connection again.
    pub(super) fn poll(&mut self, events: &mut Vec<Event>) -> Instant {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => return at,
                // A full socket buffer loses the datagram, as the network may: SRTP and SCTP both cope.
                Ok(Output::Transmit(datagram)) => {
                    self.socket.try_send_to(&datagram.contents, datagram.destination).ok();
                }
                Ok(Output::Event(event)) => events.push(event),
                Err(error) => {
                    tracing::debug!(%error, "peer connection failed");
                    self.rtc.disconnect();
                    return Instant::now() + NEVER;
                }
            }
        }
    }

    /// Whether the connection can still carry anything.
    pub(super) fn is_alive(&self) -> bool {
        self.rtc.is_alive()
    }

    /// Moves the connection's clock.
    pub(super) fn tick(&mut self, now: Instant) {
        self.rtc.handle_input(Input::Timeout(now)).ok();
    }

    /// Waits for one datagram and takes it in.
    pub(super) async fn receive(&mut self) {
        let Ok((length, source)) = self.socket.recv_from(&mut self.buffer).await else { return };
        let Ok(contents) = self.buffer[..length].try_into() else { return };
        let receive = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
        self.rtc.handle_input(Input::Receive(Instant::now(), receive)).ok();
    }
}

/// Whose track each media section carries: `a=msid:<participant>|<stream> <track>`.
pub(super) fn tracks_of(sdp: &str) -> HashMap<Mid, (String, String)> {
    let mut tracks = HashMap::new();
    let mut mid = None;
    for line in sdp.lines() {
        if let Some(value) = line.strip_prefix("a=mid:") {
            mid = Some(Mid::from(value.trim()));
        } else if let Some(value) = line.strip_prefix("a=msid:")
            && let (Some(mid), Some((stream, track))) = (mid, value.trim().split_once(' '))
        {
            let participant = stream.split('|').next().unwrap_or(stream);
            tracks.insert(mid, (participant.to_owned(), track.to_owned()));
        }
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_names_participant_and_track() {
        let sdp = "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=msid:PA_ada|TR_1 TR_1\r\nm=audio 9 X 111\r\na=mid:2\r\na=msid:PA_bob TR_2\r\n";
        let tracks = tracks_of(sdp);
        assert_eq!(tracks[&Mid::from("0")], ("PA_ada".to_owned(), "TR_1".to_owned()));
        assert_eq!(tracks[&Mid::from("2")], ("PA_bob".to_owned(), "TR_2".to_owned()));
    }
}
