//! What lies between the driver and its clients: datagrams are late, lost, doubled, overtaken and damaged, by chance
//! drawn from a seed; signalling is late as they are, in order, and whole while its socket lives.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    net::SocketAddr,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{
    Rig,
    client::{Client, Path},
};
use crate::server::sfu::{
    command::Session,
    signal::{Request, Response},
};

/// How bad the way is. Shares are of 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// How long everything takes, each way.
    pub delay: Duration,
    /// How much longer a datagram may take, which lets it be overtaken.
    pub jitter: Duration,
    /// How many datagrams are lost.
    pub loss: f64,
    /// How many datagrams arrive twice.
    pub doubled: f64,
    /// How many datagrams arrive with one bit changed.
    pub damaged: f64,
}

impl Weather {
    /// Nothing arrives at all, but signalling does.
    pub const OUTAGE: Self =
        Self { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 1.0, doubled: 0.0, damaged: 0.0 };
}

/// Something under way.
#[derive(Debug)]
enum Freight {
    /// From an address of a client's.
    Up(SocketAddr, Vec<u8>),
    /// To an address of the client with this number.
    Down(usize, SocketAddr, Vec<u8>),
    /// A message from a client, over this socket.
    Asked(Session, Box<Request>),
    /// A message to a client, over this socket.
    Told(usize, Session, Box<Response>),
}

/// A driver, its clients, and the way between them.
#[derive(Debug)]
pub struct World {
    /// The driver.
    pub rig: Rig,
    /// Its clients.
    pub clients: Vec<Client>,
    /// The weather from now on.
    pub weather: Weather,
    /// Clients that do nothing at all, as if their machines slept.
    pub asleep: BTreeSet<usize>,
    /// Which messages to clients are lost with their sockets' last bytes.
    pub swallowed: fn(&Response) -> bool,
    rng: StdRng,
    under_way: Vec<Option<Freight>>,
    arrivals: BinaryHeap<Reverse<(Instant, usize)>>,
    dues: Vec<Instant>,
}

impl World {
    /// A driver without clients, in good weather.
    pub fn new(seed: u64) -> Self {
        Self {
            rig: Rig::new(seed, Instant::now()),
            clients: Vec::new(),
            weather: Weather::default(),
            asleep: BTreeSet::new(),
            swallowed: |_| false,
            rng: StdRng::seed_from_u64(seed),
            under_way: Vec::new(),
            arrivals: BinaryHeap::new(),
            dues: Vec::new(),
        }
    }

    /// Lets a client in; gives its number.
    pub fn join(&mut self, identity: &str, path: Path) -> usize {
        self.clients.push(Client::join(&mut self.rig, identity, path));
        self.dues.push(self.rig.now());
        self.clients.len() - 1
    }

    /// A client loses its signal socket without a word, and the driver learns of it.
    pub fn cut(&mut self, client: usize) {
        if let Some(session) = self.clients[client].lose_socket() {
            self.rig.closed(session);
        }
    }

    /// A client comes back to its session.
    pub fn resume(&mut self, client: usize) {
        self.clients[client].resume(&mut self.rig);
    }

    /// A client that slept wakes up.
    pub fn wake(&mut self, client: usize) {
        self.asleep.remove(&client);
        self.dues[client] = self.rig.now();
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let until = self.rig.now() + time;
        self.pass_until(until, |_| false);
    }

    /// Lets time pass until something is so.
    ///
    /// # Panics
    /// It is not so within ten minutes: DTLS and SCTP double their waits with each loss, up to a minute.
    pub fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
        let limit = self.rig.now() + Duration::from_secs(600);
        assert!(self.pass_until(limit, wanted), "what was awaited did not come");
    }

    fn pass_until(&mut self, until: Instant, wanted: impl Fn(&Self) -> bool) -> bool {
        loop {
            self.exchange();
            if wanted(self) {
                return true;
            }
            let arrival = self.arrivals.peek().map(|Reverse((at, _))| *at);
            let next = self.dues.iter().copied().chain(arrival).chain(self.rig.due()).min();
            let next = next.filter(|next| *next <= until);
            self.rig.pass(next.unwrap_or(until));
            if next.is_none() {
                return false;
            }
            self.arrive();
        }
    }

    /// Everybody does what is due, and what they send sets out.
    fn exchange(&mut self) {
        let now = self.rig.now();
        for number in 0..self.clients.len() {
            let client = &mut self.clients[number];
            if self.asleep.contains(&number) {
                self.dues[number] = now + Duration::from_secs(3600);
                continue;
            }
            for response in client.read() {
                let lost = (self.swallowed)(&response);
                if let Some(session) = self.clients[number].session.filter(|_| !lost) {
                    self.set_out(now + self.weather.delay, Freight::Told(number, session, Box::new(response)));
                }
            }
            let mut datagrams = Vec::new();
            let client = &mut self.clients[number];
            self.dues[number] = client.run(now, &mut datagrams);
            let (requests, session) = (client.take_requests(), client.session);
            for (to, datagram) in client.pick_up() {
                self.brave(datagram, |datagram| Freight::Down(number, to, datagram));
            }
            for (from, datagram) in datagrams {
                self.brave(datagram, |datagram| Freight::Up(from, datagram));
            }
            if let Some(session) = session {
                for request in requests {
                    self.set_out(now + self.weather.delay, Freight::Asked(session, Box::new(request)));
                }
            }
        }
    }

    /// Sends a datagram out into the weather.
    fn brave(&mut self, mut datagram: Vec<u8>, freight: impl Fn(Vec<u8>) -> Freight) {
        let Weather { delay, jitter, loss, doubled, damaged } = self.weather;
        if self.rng.random_bool(loss) {
            return;
        }
        if self.rng.random_bool(damaged) && !datagram.is_empty() {
            let place = self.rng.random_range(0..datagram.len());
            datagram[place] ^= 1 << self.rng.random_range(0..8);
        }
        let copies = if self.rng.random_bool(doubled) { 2 } else { 1 };
        for _ in 0..copies {
            let late = jitter.mul_f64(self.rng.random());
            self.set_out(self.rig.now() + delay + late, freight(datagram.clone()));
        }
    }

    fn set_out(&mut self, arrives: Instant, freight: Freight) {
        self.arrivals.push(Reverse((arrives, self.under_way.len())));
        self.under_way.push(Some(freight));
    }

    /// Hands over what has arrived.
    fn arrive(&mut self) {
        let now = self.rig.now();
        while let Some(&Reverse((at, index))) = self.arrivals.peek()
            && at <= now
        {
            self.arrivals.pop();
            match self.under_way[index].take() {
                Some(Freight::Up(from, datagram)) => self.rig.datagram(from, &datagram),
                Some(Freight::Down(client, to, datagram)) if !self.asleep.contains(&client) => {
                    let media = self.rig.media();
                    self.clients[client].receive(media, to, &datagram, now);
                    self.dues[client] = now;
                }
                Some(Freight::Asked(session, request)) => self.rig.request(session, *request),
                Some(Freight::Told(client, session, response)) if self.clients[client].session == Some(session) => {
                    self.clients[client].hear(*response);
                    self.dues[client] = now;
                }
                Some(Freight::Down(..) | Freight::Told(..)) | None => {}
            }
        }
    }
}
