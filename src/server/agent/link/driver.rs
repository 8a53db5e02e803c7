//! The task that keeps a place in a room: LiveKit's messages and the two connections' events in, few and plain events out.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use livekit_protocol::{
    AddTrackRequest, ConnectionQuality, DataPacket, DisconnectReason, JoinResponse, LeaveRequest, ParticipantInfo,
    RpcAck, RpcError, RpcRequest, RpcResponse, SessionDescription, SignalTarget, TrackSource, TrackType, Transcription,
    TranscriptionSegment, TrickleRequest, UpdateParticipantMetadata, UserPacket, data_packet::Value, leave_request,
    participant_info, rpc_response, signal_request::Message as Request, signal_response::Message as Response,
};
use livekit_signaling::{SignalClient, SignalEvent, SignalEvents};
use prost::Message as _;
use str0m::{
    Event,
    channel::ChannelId,
    media::{Frequency, Mid},
    stats::PeerStats,
};
use tokio::sync::mpsc;

use super::{
    Closed, Order, RoomEvent, Transcript,
    arrivals::Arrivals,
    others::Others,
    peer::{Peer, tracks_of},
    since_epoch,
    text::{Content, Received, StreamReader, TextWriter},
};
use crate::server::agent::RpcFailure;

/// Data packets that wait for the channel to open or drain; the oldest are not dropped, the call is.
const DATA_QUEUE: usize = 4096;

/// The name that the offer and AddTrack know the assistant's track by.
const TRACK_CID: &str = "assistant-voice";

/// Why the driver stops.
enum Stop {
    Closed(Closed),
    Unheard,
}

/// Keeps one place.
pub(super) struct Driver {
    signal: SignalClient,
    publisher: Peer,
    subscriber: Peer,
    name: String,
    events: mpsc::Sender<RoomEvent>,
    own_sid: String,
    others: Others,
    /// By media section: the participant's sid and the track's.
    tracks: HashMap<Mid, (String, String)>,
    /// How well the packets of each section come; times count from the start.
    arrivals: HashMap<Mid, Arrivals>,
    start: Instant,
    voice: Option<Mid>,
    reliable: Option<ChannelId>,
    is_reliable_open: bool,
    writers: HashMap<String, TextWriter>,
    reader: StreamReader,
    data: VecDeque<Vec<u8>>,
    sequence: u32,
}

impl Driver {
    /// Takes a signal connection and two fresh peer connections.
    pub(super) fn new(
        signal: SignalClient,
        publisher: Peer,
        subscriber: Peer,
        name: String,
        events: mpsc::Sender<RoomEvent>,
    ) -> Self {
        Self {
            signal,
            publisher,
            subscriber,
            name,
            events,
            own_sid: String::new(),
            others: Others::default(),
            tracks: HashMap::new(),
            arrivals: HashMap::new(),
            start: Instant::now(),
            voice: None,
            reliable: None,
            is_reliable_open: false,
            writers: HashMap::new(),
            reader: StreamReader::default(),
            data: VecDeque::new(),
            sequence: 0,
        }
    }

    /// Keeps the place until an order, the server or the network ends it.
    pub(super) async fn run(
        mut self,
        join: JoinResponse,
        mut signals: SignalEvents,
        mut orders: mpsc::Receiver<Order>,
    ) {
        let stop = match self.start(join).await {
            Ok(()) => self.drive(&mut signals, &mut orders).await,
            Err(stop) => stop,
        };
        match stop {
            Stop::Closed(closed) => {
                self.signal.close().await;
                self.events.send(RoomEvent::Closed(closed)).await.ok();
            }
            // A socket that only closes would be waited for.
            Stop::Unheard => {
                self.leave().await;
                self.signal.close().await;
            }
        }
    }

    async fn start(&mut self, join: JoinResponse) -> Result<(), Stop> {
        self.own_sid = join.participant.map(|own| own.sid).unwrap_or_default();
        for other in join.other_participants {
            self.participant(other).await?;
        }
        let track = AddTrackRequest {
            cid: TRACK_CID.to_owned(),
            name: "voice".to_owned(),
            r#type: TrackType::Audio as i32,
            source: TrackSource::Microphone as i32,
            ..Default::default()
        };
        self.signal.send(Request::AddTrack(track)).await;
        let Some((sdp, voice, [reliable, _lossy])) = self.publisher.offer(TRACK_CID, ["_reliable", "_lossy"]) else {
            return Err(Stop::Closed(Closed::Lost));
        };
        (self.voice, self.reliable) = (Some(voice), Some(reliable));
        let offer = SessionDescription { r#type: "offer".to_owned(), sdp, id: 1, ..Default::default() };
        self.signal.send(Request::Offer(offer)).await;
        self.trickle(SignalTarget::Publisher).await;
        Ok(())
    }

    async fn drive(&mut self, signals: &mut SignalEvents, orders: &mut mpsc::Receiver<Order>) -> Stop {
        let mut happened = Vec::new();
        loop {
            let wake = match self.drain(&mut happened).await {
                Ok(wake) => wake,
                Err(stop) => return stop,
            };
            let step = tokio::select! {
                () = self.publisher.receive() => Ok(()),
                () = self.subscriber.receive() => Ok(()),
                () = tokio::time::sleep_until(wake.into()) => {
                    let now = Instant::now();
                    self.publisher.tick(now);
                    self.subscriber.tick(now);
                    Ok(())
                }
                signal = signals.recv() => match signal {
                    Some(SignalEvent::Message(message)) => self.on_signal(*message).await,
                    Some(SignalEvent::Close(_)) | None => Err(Stop::Closed(Closed::Lost)),
                },
                order = orders.recv() => match order {
                    Some(Order::Leave) | None => {
                        self.leave().await;
                        Err(Stop::Closed(Closed::Ended))
                    }
                    Some(order) => self.on_order(order).await,
                },
            };
            if let Err(stop) = step {
                return stop;
            }
        }
    }

    /// Drains both connections; gives the time of the next tick.
    async fn drain(&mut self, happened: &mut Vec<Event>) -> Result<Instant, Stop> {
        loop {
            let due = self.publisher.poll(happened);
            for event in std::mem::take(happened) {
                self.on_media(event).await?;
            }
            self.flush_data();
            let due = due.min(self.publisher.poll(happened)).min(self.subscriber.poll(happened));
            if happened.is_empty() {
                if !(self.publisher.is_alive() && self.subscriber.is_alive()) {
                    return Err(Stop::Closed(Closed::Lost));
                }
                return Ok(due);
            }
            for event in std::mem::take(happened) {
                self.on_media(event).await?;
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    async fn on_media(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::MediaData(data) if !data.data.is_empty() => {
                let Some((sid, track)) = self.tracks.get(&data.mid) else { return Ok(()) };
                let Some(identity) = self.others.identity(sid) else { return Ok(()) };
                let (identity, track) = (identity.to_owned(), track.clone());
                let sequences = **data.seq_range.start()..=**data.seq_range.end();
                let time = data.time.rebase(Frequency::FORTY_EIGHT_KHZ).numer();
                let at = data.network_time.saturating_duration_since(self.start);
                let arrived = self.arrivals.entry(data.mid).or_default().observe(sequences, time, at);
                if let Some(arrived) = arrived {
                    self.events.try_send(RoomEvent::Arrival { identity: identity.clone(), arrived }).ok();
                }
                let audio = RoomEvent::Audio { identity, track, opus: data.data.to_vec(), gap: !data.contiguous };
                // A conversation that cannot keep up loses audio, never the connection.
                self.events.try_send(audio).ok();
            }
            Event::PeerStats(PeerStats { rtt, selected_candidate_pair: pair, .. }) => {
                if let Some(trip) = rtt.or_else(|| pair?.current_round_trip_time) {
                    self.events.try_send(RoomEvent::RoundTrip(trip)).ok();
                }
            }
            Event::ChannelData(data) => self.on_data(&data.data).await?,
            Event::ChannelOpen(id, _) if Some(id) == self.reliable => self.is_reliable_open = true,
            _ => {}
        }
        Ok(())
    }

    async fn on_data(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let Ok(packet) = DataPacket::decode(bytes) else { return Ok(()) };
        let (sender, identity) = (packet.participant_sid, packet.participant_identity);
        let received = match packet.value {
            Some(Value::User(UserPacket { topic: Some(topic), payload, .. })) => {
                return self.tell(RoomEvent::Data { identity, topic, payload }).await;
            }
            Some(Value::RpcRequest(RpcRequest { id, method, version, .. })) => {
                let ack = Value::RpcAck(RpcAck { request_id: id.clone() });
                self.queue_data([packet_to(identity.clone(), ack)])?;
                return self.tell(RoomEvent::Called { identity, id, method, version }).await;
            }
            Some(value) => self.reader.on(&sender, &identity, value),
            None => None,
        };
        let Some(received) = received else { return Ok(()) };
        let Received { identity, topic, attributes, content } = received;
        self.tell(match content {
            Content::Text(text) => RoomEvent::Text { identity, topic, attributes, text },
            Content::Bytes { mime, bytes } => RoomEvent::Bytes { identity, topic, mime, attributes, bytes },
        })
        .await
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign enum is not for us")]
    async fn on_signal(&mut self, message: Response) -> Result<(), Stop> {
        match message {
            Response::Answer(answer) => {
                self.publisher.accept_answer(&answer.sdp).map_err(|error| broken("answer", &error))?;
            }
            Response::Offer(offer) => {
                self.tracks = tracks_of(&offer.sdp);
                let sdp = self.subscriber.accept_offer(&offer.sdp).map_err(|error| broken("offer", &error))?;
                let answer =
                    SessionDescription { r#type: "answer".to_owned(), sdp, id: offer.id, ..Default::default() };
                self.signal.send(Request::Answer(answer)).await;
                self.trickle(SignalTarget::Subscriber).await;
            }
            Response::Trickle(trickle) => {
                let init: serde_json::Value = serde_json::from_str(&trickle.candidate_init).unwrap_or_default();
                let candidate = init["candidate"].as_str().unwrap_or_default();
                match trickle.target() {
                    SignalTarget::Publisher => self.publisher.add_candidate(candidate),
                    SignalTarget::Subscriber => self.subscriber.add_candidate(candidate),
                }
            }
            Response::Update(update) => {
                for participant in update.participants {
                    self.participant(participant).await?;
                }
            }
            Response::ConnectionQuality(update) => {
                for info in update.updates {
                    let Some(identity) = self.others.identity(&info.participant_sid) else { continue };
                    let quality = RoomEvent::Quality { identity: identity.to_owned(), quality: word(info.quality()) };
                    self.tell(quality).await?;
                }
            }
            Response::TrackPublished(published) => {
                let track = published.track.map(|track| track.sid).unwrap_or_default();
                self.tell(RoomEvent::Published { track }).await?;
            }
            Response::TrackSubscribed(_) => self.tell(RoomEvent::Audible).await?,
            Response::Leave(leave) => return Err(Stop::Closed(closed_by(&leave))),
            _ => {}
        }
        Ok(())
    }

    async fn on_order(&mut self, order: Order) -> Result<(), Stop> {
        match order {
            Order::Audio { time, opus } => {
                if let Some(voice) = self.voice {
                    self.publisher.send_audio(voice, time, opus).map_err(|error| broken("audio", &error))?;
                    // str0m sends what was written at the next timeout it is given.
                    self.publisher.tick(Instant::now());
                }
            }
            Order::Attributes(attributes) => {
                let update = UpdateParticipantMetadata {
                    name: self.name.clone(),
                    attributes: attributes.into_iter().collect(),
                    request_id: self.signal.next_request_id(),
                    ..Default::default()
                };
                self.signal.send(Request::UpdateMetadata(update)).await;
            }
            Order::OpenText { stream, topic, attributes, sender } => {
                let attributes = attributes.into_iter().collect();
                let now_ms = i64::try_from(since_epoch().as_millis()).unwrap_or(i64::MAX);
                let (writer, header) = TextWriter::open(stream.clone(), topic, attributes, sender, now_ms);
                self.writers.insert(stream, writer);
                self.queue_data([header])?;
            }
            Order::WriteText { stream, text } => {
                let packets = self.writers.get_mut(&stream).map(|writer| writer.write(&text));
                self.queue_data(packets.unwrap_or_default())?;
            }
            Order::CloseText { stream, attributes } => {
                let writer = self.writers.remove(&stream);
                self.queue_data(writer.map(|writer| writer.close(attributes.into_iter().collect())))?;
            }
            Order::Transcript(transcript) => self.queue_data([transcription(transcript)])?,
            Order::Data { topic, payload } => {
                let user = UserPacket { topic: Some(topic.to_owned()), payload, ..Default::default() };
                self.queue_data([DataPacket { value: Some(Value::User(user)), ..Default::default() }])?;
            }
            Order::Answer { to, id, answer } => {
                let value = match answer {
                    Ok(payload) => rpc_response::Value::Payload(payload),
                    Err(RpcFailure { code, message }) => {
                        rpc_response::Value::Error(RpcError { code, message: message.to_owned(), data: String::new() })
                    }
                };
                let response = Value::RpcResponse(RpcResponse { request_id: id, value: Some(value) });
                self.queue_data([packet_to(to, response)])?;
            }
            Order::Leave => {}
        }
        Ok(())
    }

    /// Notes who is in the room.
    async fn participant(&mut self, info: ParticipantInfo) -> Result<(), Stop> {
        if info.sid == self.own_sid {
            return Ok(());
        }
        if info.state() == participant_info::State::Disconnected {
            self.reader.forget(&info.sid);
        }
        for event in self.others.on(info) {
            self.tell(event).await?;
        }
        Ok(())
    }

    fn queue_data(&mut self, packets: impl IntoIterator<Item = DataPacket>) -> Result<(), Stop> {
        for mut packet in packets {
            self.sequence += 1;
            packet.sequence = self.sequence;
            self.data.push_back(packet.encode_to_vec());
        }
        if self.data.len() > DATA_QUEUE {
            return Err(Stop::Closed(Closed::Lost));
        }
        self.flush_data();
        Ok(())
    }

    fn flush_data(&mut self) {
        let Some(reliable) = self.reliable.filter(|_| self.is_reliable_open) else { return };
        while let Some(message) = self.data.front() {
            match self.publisher.send_data(reliable, message) {
                Ok(true) => self.data.pop_front(),
                Ok(false) | Err(_) => break,
            };
        }
    }

    async fn trickle(&mut self, target: SignalTarget) {
        let peer = match target {
            SignalTarget::Publisher => &self.publisher,
            SignalTarget::Subscriber => &self.subscriber,
        };
        let Some(candidate) = peer.candidate() else { return };
        let init = serde_json::json!({ "candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0 });
        let trickle = TrickleRequest { candidate_init: init.to_string(), target: target as i32, r#final: false };
        self.signal.send(Request::Trickle(trickle)).await;
    }

    async fn leave(&mut self) {
        let leave = LeaveRequest {
            reason: DisconnectReason::ClientInitiated as i32,
            action: leave_request::Action::Disconnect as i32,
            ..Default::default()
        };
        self.signal.send(Request::Leave(leave)).await;
    }

    async fn tell(&mut self, event: RoomEvent) -> Result<(), Stop> {
        self.events.send(event).await.map_err(|_| Stop::Unheard)
    }
}

fn word(quality: ConnectionQuality) -> &'static str {
    match quality {
        ConnectionQuality::Excellent => "excellent",
        ConnectionQuality::Good => "good",
        ConnectionQuality::Poor => "poor",
        ConnectionQuality::Lost => "lost",
    }
}

fn broken(what: &str, error: &dyn std::error::Error) -> Stop {
    tracing::warn!(%error, what, "the assistant's connection broke");
    Stop::Closed(Closed::Lost)
}

fn closed_by(leave: &LeaveRequest) -> Closed {
    match leave.action() {
        leave_request::Action::Disconnect => Closed::Ended,
        leave_request::Action::Resume | leave_request::Action::Reconnect => Closed::Lost,
    }
}

fn packet_to(identity: String, value: Value) -> DataPacket {
    DataPacket { destination_identities: vec![identity], value: Some(value), ..Default::default() }
}

fn transcription(transcript: Transcript) -> DataPacket {
    let segment = TranscriptionSegment {
        id: transcript.segment,
        text: transcript.text,
        start_time: transcript.start_ms,
        end_time: transcript.end_ms,
        r#final: transcript.is_final,
        language: "en".to_owned(),
    };
    let value = Value::Transcription(Transcription {
        transcribed_participant_identity: transcript.identity,
        track_id: transcript.track,
        segments: vec![segment],
    });
    DataPacket { value: Some(value), ..Default::default() }
}
