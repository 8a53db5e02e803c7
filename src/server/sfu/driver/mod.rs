//! The one thread that does the room server's IO: it owns the UDP port, the connections, the rooms and the timers, and
//! takes commands. Only connections that a datagram or a room touched, or whose time has come, are run.

mod administer;
mod enter;
mod media;
#[cfg(any(test, feature = "fuzzing"))]
#[cfg_attr(not(test), allow(dead_code, reason = "fuzz targets use only some of it"))]
pub mod rig;
mod thread;

pub use self::thread::Thread;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    io,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use rand::{SeedableRng, rngs::StdRng};
use str0m::{config::DtlsCert, crypto::from_feature_flags};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    admin::{Happening, RoomEvent},
    command::{Command, Session},
    demux::{Demux, LegKey},
    ids::{PeerKey, SocketId},
    network::{Arrivals, Network},
    peer::Peer,
    revocations::Revocations,
    room::{Hop, Input, Output, Room},
    signal::{Ping, Reason, Request, Response, SdpRequest},
    transport::Outbox,
};
use crate::server::token::ApiKey;

/// How long the next burst is put off after one that sent little: to be woken costs more than to forward a packet, so that
/// packets which come so close together share it. A call's packets come every 20 ms and wait for nobody.
const REST: Duration = Duration::from_millis(1);
/// How many datagrams a burst sends to be worth its wakening: a packet for half a room of thirty, where a rest cost delay and
/// gained nothing (`cargo bench --bench forwarding`).
const WORTHWHILE: usize = 16;
/// How long a refreshed token lives: livekit-server's 10 minutes.
const REFRESHED_TTL: Duration = Duration::from_secs(10 * 60);

/// What a timer wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Leg(LegKey),
    Room(u64),
}

/// The driver's clocks: rooms count since the Unix epoch, connections by the machine's monotonic clock.
#[derive(Clone, Copy, Debug)]
struct Clock {
    start: Instant,
    start_unix: Duration,
}

impl Clock {
    fn unix(&self, now: Instant) -> Duration {
        self.start_unix + now.saturating_duration_since(self.start)
    }

    /// The time by the wall clock, which a sleeping machine does not stop: for tokens, which others read.
    fn wall() -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    fn instant(&self, unix: Duration) -> Instant {
        self.start + unix.saturating_sub(self.start_unix)
    }
}

/// What runs on the room server's thread.
#[derive(Debug)]
pub struct Driver {
    network: Network,
    key: ApiKey,
    certificate: DtlsCert,
    events: broadcast::Sender<Arc<RoomEvent>>,
    clock: Clock,
    rng: StdRng,
    rooms: HashMap<u64, Room>,
    names: HashMap<String, u64>,
    peers: HashMap<PeerKey, Peer>,
    demux: Demux,
    revocations: Revocations,
    timers: BinaryHeap<Reverse<(Instant, Timer)>>,
    /// The one entry of each room in the heap that counts; others are stale.
    room_timers: HashMap<u64, Instant>,
    touched: Vec<LegKey>,
    outbox: Outbox,
    hops: Vec<Hop>,
    last_burst: Instant,
    /// How many datagrams were sent at the end of the last turn.
    sent: usize,
    last_index: u64,
}

impl Driver {
    /// Makes what runs with [`Driver::run`].
    ///
    /// # Errors
    /// No certificate could be made.
    pub fn new(network: Network, key: ApiKey, events: broadcast::Sender<Arc<RoomEvent>>) -> io::Result<Self> {
        let certificate = from_feature_flags().dtls_provider.generate_certificate();
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Ok(Self {
            network,
            key,
            certificate: certificate.ok_or_else(|| io::Error::other("no DTLS certificate"))?,
            events,
            clock: Clock { start: Instant::now(), start_unix: since_epoch.unwrap_or_default() },
            rng: StdRng::from_os_rng(),
            rooms: HashMap::new(),
            names: HashMap::new(),
            peers: HashMap::new(),
            demux: Demux::default(),
            revocations: Revocations::default(),
            timers: BinaryHeap::new(),
            room_timers: HashMap::new(),
            touched: Vec::new(),
            outbox: Outbox::default(),
            hops: Vec::new(),
            last_burst: Instant::now(),
            sent: 0,
            last_index: 0,
        })
    }

    /// Runs until `shutdown`, or until nobody can send commands any more; says farewell to everybody.
    pub async fn run(mut self, mut commands: mpsc::Receiver<Command>, shutdown: CancellationToken) {
        let mut arrivals = Arrivals::default();
        loop {
            self.settle(Instant::now());
            tokio::select! {
                () = self.network.readable() => {
                    self.rest();
                    self.last_burst = Instant::now();
                    self.burst(&mut arrivals, self.last_burst);
                }
                command = commands.recv() => match command {
                    Some(command) => self.command(command, Instant::now()),
                    None => break,
                },
                () = sleep_until(self.timers.peek().map(|Reverse((at, _))| *at)) => self.fire(Instant::now()),
                () = shutdown.cancelled() => break,
            }
        }
        self.farewell(Instant::now());
    }

    /// Puts the next burst off, where the one before sent little; the thread is the driver's own.
    fn rest(&self) {
        if self.sent < WORTHWHILE {
            std::thread::sleep(REST.saturating_sub(self.last_burst.elapsed()));
        }
    }

    fn farewell(&mut self, now: Instant) {
        let rooms: Vec<_> = self.rooms.keys().copied().collect();
        for room in rooms {
            self.on(room, Input::Close(Reason::ServerShutdown), now);
        }
    }

    fn command(&mut self, command: Command, now: Instant) {
        // Whoever asked may be gone; that is its own affair.
        match command {
            Command::Check { admission, reply } => {
                let _ = reply.send(self.check(&admission));
            }
            Command::Enter { admission, entry, responses, reply } => {
                // Whoever asked may be gone before the answer: then nobody else would tell of the socket's end.
                if let Err(Ok(Some(session))) = reply.send(self.enter(admission, entry, responses, now)) {
                    self.closed(session, now);
                }
            }
            Command::Request(session, request) => self.request(session, *request, now),
            Command::Closed(session) => self.closed(session, now),
            Command::CreateRoom(wanted, reply) => {
                let _ = reply.send(self.create_room(wanted, now));
            }
            Command::Census(reply) => {
                let _ = reply.send(self.census());
            }
            Command::ListRooms(reply) => {
                let _ = reply.send(self.list_rooms());
            }
            Command::ListParticipants(room, reply) => {
                let _ = reply.send(self.list_participants(&room));
            }
            Command::GetParticipant { room, identity, reply } => {
                let _ = reply.send(self.participant(&room, &identity));
            }
            Command::RemoveParticipant { room, identity, reply } => {
                let _ = reply.send(self.remove_participant(&room, &identity, now));
            }
            Command::Change { room, change, reply } => {
                let _ = reply.send(self.change(&room, change, now));
            }
            Command::DeleteRoom(room, reply) => {
                let _ = reply.send(self.delete_room(&room, now));
            }
        }
    }

    fn request(&mut self, session: Session, request: Request, now: Instant) {
        let Some(peer) = self.peers.get(&session.peer).filter(|peer| peer.socket == session.socket) else { return };
        let room = peer.room;
        self.on(room, Input::Heard(session.peer), now);
        match request {
            Request::Sdp(SdpRequest::Offer(offer)) => self.take_offer(session.peer, &offer, now),
            Request::Sdp(SdpRequest::Answer(answer)) => self.take_answer(session.peer, &answer, now),
            Request::Room(request) => self.on(room, Input::Request(session.peer, request), now),
            Request::Ping(Ping::Plain) => self.send(session.peer, Response::Pong { now: self.clock.unix(now) }),
            Request::Ping(Ping::Timed { timestamp_ms, round_trip }) => {
                self.on(room, Input::RoundTrip(session.peer, round_trip), now);
                self.send(session.peer, Response::TimedPong { timestamp_ms, now: self.clock.unix(now) });
            }
            Request::Ignored => {}
        }
    }

    fn closed(&mut self, session: Session, now: Instant) {
        if let Some(peer) = self.peers.get(&session.peer) {
            self.on(peer.room, Input::SocketClosed { peer: session.peer, socket: session.socket }, now);
        }
    }

    /// Gives a room an input and does what it wants done.
    fn on(&mut self, room: u64, input: Input, now: Instant) {
        let Some(machine) = self.rooms.get_mut(&room) else { return };
        let outputs = machine.on(input, self.clock.unix(now));
        for output in outputs {
            self.carry_out(room, output, now);
        }
    }

    fn carry_out(&mut self, room: u64, output: Output, now: Instant) {
        match output {
            Output::Send(peer, response) => self.send(peer, response),
            Output::Offer { peer, add, remove } => self.make_offer(peer, &add, &remove, now),
            Output::RestartIce(peer) => self.restart_ice(peer),
            Output::Deliver { peer, channel, packet } => self.deliver(peer, channel, packet),
            Output::RefreshToken(peer) => self.refresh_token(peer),
            Output::End(peer) => {
                self.peers.remove(&peer);
                self.demux.forget(peer);
            }
            Output::Tell(what) => self.tell(room, *what, now),
            Output::Finished => {
                self.tell(room, Happening::RoomFinished, now);
                self.rooms.remove(&room);
                self.room_timers.remove(&room);
                self.names.retain(|_, index| *index != room);
            }
        }
    }

    fn tell(&self, room: u64, what: Happening, now: Instant) {
        let Some(room) = self.rooms.get(&room).map(Room::view) else { return };
        let who = what.participant().map(|participant| participant.identity.as_str());
        tracing::info!(room = room.name, event = what.name(), who, "room");
        // Nobody has to listen.
        let _ = self.events.send(Arc::new(RoomEvent { room, at: self.clock.unix(now), what }));
    }

    fn send(&mut self, key: PeerKey, response: Response) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if let Err(error) = peer.responses.send(response) {
            tracing::warn!(peer = key.0, %error, "the client does not read its socket; it is closed");
            peer.responses.end();
        }
    }

    fn next_index(&mut self) -> u64 {
        self.last_index += 1;
        self.last_index
    }

    fn next_socket(&mut self) -> SocketId {
        SocketId(self.next_index())
    }

    fn fire(&mut self, now: Instant) {
        while let Some(&Reverse((at, timer))) = self.timers.peek() {
            if at > now {
                return;
            }
            self.timers.pop();
            match timer {
                Timer::Leg(leg) => self.leg_due(leg, at, now),
                Timer::Room(room) if self.room_timers.get(&room) == Some(&at) => {
                    self.room_timers.remove(&room);
                    self.on(room, Input::Tick, now);
                    self.wind(room);
                }
                Timer::Room(_) => {}
            }
        }
    }

    /// Sets a room's timer, unless it is set to an earlier time.
    fn wind(&mut self, room: u64) {
        let Some(machine) = self.rooms.get(&room) else { return };
        let at = self.clock.instant(machine.next_tick());
        if self.room_timers.get(&room).is_none_or(|&set| at < set) {
            self.room_timers.insert(room, at);
            self.timers.push(Reverse((at, Timer::Room(room))));
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
