//! A client's peer connection: str0m with a socket of its own and LiveKit's data channels.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Instant};

use livekit_protocol as lk;
use prost::Message as _;
use str0m::{
    Candidate, Event, Input, Output, Rtc,
    change::{SdpAnswer, SdpApi, SdpOffer, SdpPendingOffer},
    channel::{ChannelConfig, ChannelId, Reliability},
    media::Mid,
    net::{Protocol, Receive},
    rtp::{ExtensionValues, RtpWrite},
};
use tokio::{net::UdpSocket, sync::mpsc};

use crate::sfu_participant::Seen;

/// A connection; whoever owns it reads [`Connection::socket`], and polls after everything that was done to it.
pub struct Connection {
    rtc: Rtc,
    /// Where it is reached.
    pub socket: Arc<UdpSocket>,
    address: SocketAddr,
    pending: Option<(u32, SdpPendingOffer)>,
    offers: u32,
    reliable: Option<ChannelId>,
    /// Reliable packets that are sent as soon as the channel takes them.
    pub waiting: Vec<Vec<u8>>,
    tracks: HashMap<Mid, String>,
}

impl Connection {
    /// Binds a socket on the loopback.
    pub async fn open() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).clear_codecs().enable_opus(true, false).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        Self {
            rtc,
            socket: Arc::new(socket),
            address,
            pending: None,
            offers: 0,
            reliable: None,
            waiting: Vec::new(),
            tracks: HashMap::new(),
        }
    }

    /// Makes an offer; one that changes nothing restarts ICE, so that there is something to offer.
    pub fn offer(&mut self, change: impl FnOnce(&mut SdpApi)) -> lk::SessionDescription {
        let mut api = self.rtc.sdp_api();
        if self.offers == 0 {
            for (label, reliability) in
                [("_reliable", Reliability::Reliable), ("_lossy", Reliability::MaxRetransmits { retransmits: 0 })]
            {
                let id = api.add_channel_with_config(ChannelConfig {
                    label: label.into(),
                    reliability,
                    ..Default::default()
                });
                if label == "_reliable" {
                    self.reliable = Some(id);
                }
            }
        }
        change(&mut api);
        if !api.has_changes() {
            api.ice_restart(true);
        }
        let (offer, pending) = api.apply().unwrap();
        self.offers += 1;
        self.pending = Some((self.offers, pending));
        lk::SessionDescription {
            r#type: "offer".into(),
            sdp: offer.to_sdp_string(),
            id: self.offers,
            ..Default::default()
        }
    }

    /// Whether an offer is not answered yet.
    pub fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Takes the server's answer.
    pub fn take_answer(&mut self, answer: &lk::SessionDescription) {
        let Some((id, pending)) = self.pending.take() else { return };
        assert_eq!(answer.id, id, "an answer bears its offer's id");
        self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer.sdp).unwrap()).unwrap();
        self.learn_tracks(answer);
    }

    /// Answers the server's offer.
    pub fn answer(&mut self, offer: &lk::SessionDescription) -> lk::SessionDescription {
        let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(&offer.sdp).unwrap()).unwrap();
        self.learn_tracks(offer);
        lk::SessionDescription {
            r#type: "answer".into(),
            sdp: answer.to_sdp_string(),
            id: offer.id,
            ..Default::default()
        }
    }

    fn learn_tracks(&mut self, description: &lk::SessionDescription) {
        for (mid, track) in &description.mid_to_track_id {
            assert!(description.sdp.contains(&format!("|{track} {track}")), "the section names its track");
            self.tracks.insert(Mid::from(mid.as_str()), track.clone());
        }
    }

    /// Takes a datagram.
    pub fn receive(&mut self, source: SocketAddr, datagram: &[u8]) {
        let Ok(contents) = datagram.try_into() else { return };
        let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
        self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
    }

    /// Lets time pass until now.
    pub fn pass_time(&mut self) {
        self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
    }

    /// Sends an audio frame in a section.
    pub fn speak(&mut self, mid: Mid, sequence: u64, payload: Vec<u8>) {
        // Before the answer there is nothing to send on.
        let Some(&pt) = self.rtc.media(mid).and_then(|media| media.remote_pts().first()) else { return };
        let levels = ExtensionValues { audio_level: Some(-10), voice_activity: Some(true), ..Default::default() };
        let write = RtpWrite::new(pt, sequence.into(), (sequence * 960) as u32, Instant::now(), payload);
        let mut api = self.rtc.direct_api();
        api.stream_tx_by_mid(mid, None).unwrap().write_rtp(write.ext_vals(levels));
    }

    /// Sends what there is to send and reports what was seen; gives the time of the next need.
    pub fn poll(&mut self, report: &mpsc::UnboundedSender<Seen>) -> Instant {
        if let Some(mut channel) = self.reliable.and_then(|id| self.rtc.channel(id)) {
            self.waiting.retain(|packet| !matches!(channel.write(true, packet), Ok(true)));
        }
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(due) => return due,
                Output::Transmit(datagram) => {
                    let _ = self.socket.try_send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc).unwrap().mid();
                    let _ = report.send(Seen::Audio {
                        track: self.tracks.get(&mid).cloned().unwrap_or_default(),
                        sequence: packet.header.sequence_number,
                        payload: packet.payload.to_vec(),
                    });
                }
                Output::Event(Event::ChannelData(data)) => {
                    let packet = lk::DataPacket::decode(data.data.as_slice()).unwrap();
                    let _ = report.send(Seen::Data(Box::new(packet)));
                }
                Output::Event(_) => {}
            }
        }
    }
}
