//! A participant in pure Rust: LiveKit's own signalling client and str0m, on either path.
//!
//! It publishes one audio track, answers every offer, and reports what it sees; a story awaits what it expects.

#![expect(clippy::wildcard_enum_match_arm, reason = "a story looks for one of LiveKit's many messages")]

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use livekit_protocol::{self as lk, signal_request::Message as Request, signal_response::Message as Response};
use livekit_signaling::{SignalClient, SignalEvent, SignalEvents, SignalOptions};
use prost::Message as _;
use str0m::media::{Direction, MediaKind, Mid};
use tokio::{
    net::UdpSocket,
    sync::{Mutex, mpsc},
    task::JoinHandle,
    time::timeout,
};

use crate::sfu_connection::Connection;

/// The client's id of the track that a participant publishes.
const CID: &str = "microphone";
/// How long a story waits for what must come; only a broken server makes it wait that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The two signalling paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/rtc`: two connections.
    V0,
    /// `/rtc/v1`: one.
    V1,
}

/// What a participant sees.
#[derive(Debug)]
pub enum Seen {
    /// A signal message.
    Signal(Box<Response>),
    /// An audio packet of a track.
    Audio {
        /// Whose.
        track: String,
        /// Its number.
        sequence: u16,
        /// What it carries.
        payload: Vec<u8>,
    },
    /// A data packet.
    Data(Box<lk::DataPacket>),
    /// The signal socket closed.
    Closed,
}

enum Order {
    Say(Box<Request>),
    Publish(Vec<i32>),
    Audio(u64, Vec<u8>),
    Data(Box<lk::DataPacket>),
    Resume,
}

/// A participant; its task ends when it is dropped.
pub struct Participant {
    /// What the server said to its join.
    pub joined: lk::JoinResponse,
    orders: mpsc::UnboundedSender<Order>,
    seen: Mutex<mpsc::UnboundedReceiver<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Participant {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Participant {
    /// Joins.
    pub async fn join(url: &str, token: &str, path: Path) -> Self {
        let mut options = SignalOptions::default();
        options.single_peer_connection = path == Path::V1;
        options.region_failover = false;
        let mut publisher = Connection::open().await;
        let offer = (path == Path::V1).then(|| {
            publisher.offer(|api| {
                for _ in 0..2 {
                    api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
                }
            })
        });
        let (signal, joined, events) = SignalClient::connect(url, token, options, offer).await.unwrap();
        let (orders, inbox) = mpsc::unbounded_channel();
        let (report, seen) = mpsc::unbounded_channel();
        let subscriber = if path == Path::V0 { Some(Connection::open().await) } else { None };
        let worker = Worker {
            signal: Arc::new(signal),
            publisher,
            changes: VecDeque::new(),
            subscriber,
            published: None,
            report,
        };
        let task = tokio::spawn(worker.run(events, inbox));
        Self { joined, orders, seen: Mutex::new(seen), task }
    }

    /// Its session's id.
    pub fn sid(&self) -> &str {
        &self.joined.participant.as_ref().unwrap().sid
    }

    /// Sends a signal message.
    pub fn say(&self, request: Request) {
        self.order(Order::Say(Box::new(request)));
    }

    /// Announces and offers its track.
    pub async fn publish(&self) -> lk::TrackInfo {
        self.order(Order::Publish(Vec::new()));
        self.published().await
    }

    async fn published(&self) -> lk::TrackInfo {
        let track = self.await_signal(|message| match message {
            Response::TrackPublished(published) => published.track.clone(),
            _ => None,
        });
        track.await
    }

    /// The same for a track that was recorded before.
    pub async fn publish_recorded(&self) -> lk::TrackInfo {
        self.order(Order::Publish(vec![lk::AudioTrackFeature::TfPreconnectBuffer as i32]));
        self.published().await
    }

    /// Sends an audio frame.
    pub fn speak(&self, sequence: u64, payload: &[u8]) {
        self.order(Order::Audio(sequence, payload.to_vec()));
    }

    /// Sends a reliable data packet, as soon as it can.
    pub fn send(&self, packet: lk::DataPacket) {
        self.order(Order::Data(Box::new(packet)));
    }

    /// Drops its signal socket and comes back to its session.
    pub fn resume(&self) {
        self.order(Order::Resume);
    }

    /// Waits for something, passing over everything else.
    pub async fn until<T>(&self, mut wanted: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut seen = self.seen.lock().await;
        let search = async {
            loop {
                let next = seen.recv().await.expect("the participant is alive");
                if let Some(found) = wanted(&next) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("what was awaited did not come")
    }

    /// Waits for a signal message.
    pub async fn await_signal<T>(&self, mut wanted: impl FnMut(&Response) -> Option<T>) -> T {
        self.until(|seen| if let Seen::Signal(message) = seen { wanted(message) } else { None }).await
    }

    /// Waits for an update about somebody.
    pub async fn await_update(&self, mut wanted: impl FnMut(&lk::ParticipantInfo) -> bool) -> lk::ParticipantInfo {
        self.await_signal(|message| match message {
            Response::Update(update) => update.participants.iter().find(|&info| wanted(info)).cloned(),
            _ => None,
        })
        .await
    }

    /// Waits for the end of its session.
    pub async fn await_leave(&self) -> (lk::DisconnectReason, lk::leave_request::Action) {
        self.await_signal(|message| match message {
            Response::Leave(leave) => Some((leave.reason(), leave.action())),
            _ => None,
        })
        .await
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("the participant is alive");
    }
}

/// What the next offers are to bring.
enum Change {
    Publish,
    Receive(u32),
}

struct Worker {
    signal: Arc<SignalClient>,
    publisher: Connection,
    changes: VecDeque<Change>,
    subscriber: Option<Connection>,
    published: Option<Mid>,
    report: mpsc::UnboundedSender<Seen>,
}

impl Worker {
    async fn run(mut self, mut events: SignalEvents, mut orders: mpsc::UnboundedReceiver<Order>) {
        if self.subscriber.is_some() {
            let offer = self.publisher.offer(|_| ());
            self.signal.send(Request::Offer(offer)).await;
        }
        let (mut first, mut second) = ([0; 2000], [0; 2000]);
        loop {
            let mut due = self.publisher.poll(&self.report);
            if let Some(subscriber) = &mut self.subscriber {
                due = due.min(subscriber.poll(&self.report));
            }
            let other = self.subscriber.as_ref().map(|connection| Arc::clone(&connection.socket));
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.carry_out(order).await,
                    None => return,
                },
                event = events.recv() => match event {
                    Some(SignalEvent::Message(message)) => self.take(*message).await,
                    Some(SignalEvent::Close(_)) => { let _ = self.report.send(Seen::Closed); }
                    None => return,
                },
                Ok((length, source)) = self.publisher.socket.recv_from(&mut first) => {
                    self.publisher.receive(source, &first[..length]);
                }
                Ok((length, source)) = receive(other, &mut second) => {
                    if let Some(subscriber) = &mut self.subscriber {
                        subscriber.receive(source, &second[..length]);
                    }
                }
                () = tokio::time::sleep_until(due.into()) => {}
            }
            self.publisher.pass_time();
            self.subscriber.iter_mut().for_each(Connection::pass_time);
        }
    }

    async fn carry_out(&mut self, order: Order) {
        match order {
            Order::Say(request) => self.signal.send(*request).await,
            Order::Publish(audio_features) => {
                let track = lk::AddTrackRequest {
                    cid: CID.into(),
                    source: lk::TrackSource::Microphone as i32,
                    audio_features,
                    ..Default::default()
                };
                self.signal.send(Request::AddTrack(track)).await;
                self.changes.push_back(Change::Publish);
                self.negotiate().await;
            }
            Order::Audio(sequence, payload) => {
                if let Some(mid) = self.published {
                    self.publisher.speak(mid, sequence, payload);
                }
            }
            Order::Data(packet) => self.publisher.waiting.push(packet.encode_to_vec()),
            Order::Resume => {
                self.signal.restart(lk::ReconnectReason::RrSignalDisconnected).await.unwrap();
                self.signal.set_reconnected().await;
                self.signal.send(Request::SyncState(lk::SyncState::default())).await;
            }
        }
    }

    /// Offers the next change, once the offer before is answered.
    async fn negotiate(&mut self) {
        if self.publisher.is_waiting() {
            return;
        }
        let Some(change) = self.changes.pop_front() else { return };
        let published = &mut self.published;
        let offer = self.publisher.offer(|api| match change {
            Change::Publish => {
                let track = Some(CID.to_owned());
                *published = Some(api.add_media(MediaKind::Audio, Direction::SendOnly, None, track, None));
            }
            Change::Receive(sections) => {
                for _ in 0..sections {
                    api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
                }
            }
        });
        self.signal.send(Request::Offer(offer)).await;
    }

    async fn take(&mut self, message: Response) {
        match &message {
            Response::Answer(answer) => {
                self.publisher.take_answer(answer);
                self.negotiate().await;
            }
            Response::Offer(offer) => {
                if let Some(subscriber) = &mut self.subscriber {
                    let answer = subscriber.answer(offer);
                    self.signal.send(Request::Answer(answer)).await;
                }
            }
            Response::MediaSectionsRequirement(wanted) => {
                self.changes.push_back(Change::Receive(wanted.num_audios));
                self.negotiate().await;
            }
            _ => {}
        }
        let _ = self.report.send(Seen::Signal(Box::new(message)));
    }
}

async fn receive(socket: Option<Arc<UdpSocket>>, buffer: &mut [u8]) -> std::io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}
