//! A participant's peer connection: str0m with a socket of its own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

use anyhow::Context;
use livekit_protocol::SessionDescription;
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpPendingOffer},
    channel::{ChannelConfig, Reliability},
    media::{Direction, MediaKind, Mid},
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpWrite},
};
use tokio::net::UdpSocket;

use crate::ledger::Stamp;

/// The largest datagram that is read, in bytes.
const DATAGRAM_MAX_BYTES: usize = 2048;
/// What a frame of 20 ms adds to a timestamp at 48 kHz.
const FRAME_TICKS: u64 = 960;

/// A peer connection.
#[derive(Debug)]
pub struct Connection {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    early_candidates: Vec<Candidate>,
    offers: u32,
    voice: Option<Mid>,
    said: u64,
}

impl Connection {
    /// Binds a socket on the loopback.
    pub async fn open() -> anyhow::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let mut rtc = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(Self { rtc, socket, address, pending: None, early_candidates: Vec::new(), offers: 0, voice: None, said: 0 })
    }

    /// The one candidate of this side, as SDP has it.
    pub fn candidate(&self) -> anyhow::Result<String> {
        Ok(Candidate::host(self.address, "udp")?.to_sdp_string())
    }

    /// Offers `listening` more sections to listen on, and the track named `cid` if it is given. The first offer brings
    /// LiveKit's two data channels.
    pub fn offer(&mut self, listening: u32, cid: Option<&str>) -> anyhow::Result<SessionDescription> {
        let mut api = self.rtc.sdp_api();
        if self.offers == 0 {
            for (label, ordered, reliability) in [
                ("_reliable", true, Reliability::Reliable),
                ("_lossy", false, Reliability::MaxRetransmits { retransmits: 0 }),
            ] {
                let label = label.to_owned();
                api.add_channel_with_config(ChannelConfig { label, ordered, reliability, ..Default::default() });
            }
        }
        for _ in 0..listening {
            api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        }
        if let Some(cid) = cid.map(str::to_owned) {
            let track = Some(cid.clone());
            self.voice = Some(api.add_media(MediaKind::Audio, Direction::SendOnly, Some(cid), track, None));
        }
        let (offer, pending) = api.apply().context("there is something to offer")?;
        self.pending = Some(pending);
        self.offers += 1;
        let sdp = offer.to_sdp_string();
        Ok(SessionDescription { r#type: "offer".to_owned(), sdp, id: self.offers, ..Default::default() })
    }

    /// Whether an offer waits for its answer.
    pub fn is_offering(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes the server's answer.
    pub fn accept_answer(&mut self, sdp: &str) -> anyhow::Result<()> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(sdp)?)?;
        for candidate in std::mem::take(&mut self.early_candidates) {
            self.rtc.add_remote_candidate(candidate);
        }
        Ok(())
    }

    /// Takes a candidate of the server's.
    pub fn add_candidate(&mut self, sdp: &str) {
        let Ok(candidate) = Candidate::from_sdp_string(sdp) else { return };
        if self.pending.is_some() {
            self.early_candidates.push(candidate);
        } else {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    /// Says something; before the answer there is nothing to say it on.
    pub fn say(&mut self, stamp: Stamp) {
        let Some(mid) = self.voice else { return };
        let Some(&pt) = self.rtc.media(mid).and_then(|media| media.remote_pts().first()) else { return };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return };
        self.said += 1;
        let time = (self.said * FRAME_TICKS) as u32;
        let levels = ExtensionValues { audio_level: Some(-20), voice_activity: Some(true), ..Default::default() };
        let write = RtpWrite::new(pt, self.said.into(), time, Instant::now(), stamp.frame());
        stream.write_rtp(write.ext_vals(levels));
    }

    /// Waits until there is something to read.
    pub async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Reads everything that is there; every stamp that was heard goes to `hear`.
    pub fn read(&mut self, hear: &mut impl FnMut(Stamp)) -> anyhow::Result<()> {
        let mut buffer = [0; DATAGRAM_MAX_BYTES];
        while let Ok((length, source)) = self.socket.try_recv_from(&mut buffer) {
            let Ok(contents) = buffer[..length].try_into() else { continue };
            let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
            self.rtc.handle_input(Input::Receive(Instant::now(), receive))?;
            self.poll(hear)?;
        }
        Ok(())
    }

    /// Lets time pass until now and sends what there is to send; gives the time of the next need.
    pub fn run(&mut self, hear: &mut impl FnMut(Stamp)) -> anyhow::Result<Instant> {
        self.rtc.handle_input(Input::Timeout(Instant::now()))?;
        self.poll(hear)
    }

    fn poll(&mut self, hear: &mut impl FnMut(Stamp)) -> anyhow::Result<Instant> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(due) => return Ok(due),
                Output::Transmit(datagram) => {
                    // A datagram that the kernel does not take is lost, and counted as such.
                    let _ = self.socket.try_send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    if let Some(stamp) = Stamp::read(&packet.payload) {
                        hear(stamp);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
