//! The driver without its task, for tests and fuzz targets: what time it is and what arrives are told to it.
//!
//! Nothing in here waits or reads a clock. What the driver sends takes the way that it always takes, and lies in the
//! clients' sockets on loopback as soon as it is sent.

pub mod client;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod weather;

use std::{
    cmp::Reverse,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{broadcast, oneshot},
    task::yield_now,
};

use super::{Clock, Driver};
use crate::server::{
    sfu::{
        admin::Census,
        command::{Admission, Command, Refusal, Session},
        config::SfuConfig,
        data::Channel,
        network::Network,
        responses::{self, Inbox},
        revocations::Validity,
        room::{Input, Room},
        signal::{Request, join::Entry},
    },
    token::{ApiKey, Claims, VideoGrants},
};

/// A driver that does nothing by itself.
#[derive(Debug)]
pub struct Rig {
    driver: Driver,
    now: Instant,
    // Its sockets are registered here; it is dropped after them.
    runtime: Runtime,
}

impl Rig {
    /// Makes one that draws its ids from `seed`; its time starts at `now`.
    pub fn new(seed: u64, now: Instant) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().expect("a runtime can be made");
        let config = SfuConfig { udp: (Ipv4Addr::LOCALHOST, 0).into(), ..SfuConfig::default() };
        let network = runtime.block_on(Network::bind(&config)).expect("a port of loopback is free");
        let key = ApiKey::new("key", "a secret for the room server's tests".to_owned().into());
        let mut driver = Driver::new(network, key, broadcast::channel(1).0).expect("a certificate can be made");
        driver.rng = StdRng::seed_from_u64(seed);
        driver.clock = Clock { start: now, start_unix: Duration::from_secs(1_000_000) };
        // The sockets learn that they can be written to.
        runtime.block_on(yield_now());
        Self { driver, now, runtime }
    }

    /// Its time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Where media arrives.
    pub fn media(&self) -> SocketAddr {
        self.driver.network.announced()[0]
    }

    /// When it next has something to do, if ever.
    pub fn due(&self) -> Option<Instant> {
        self.driver.timers.peek().map(|Reverse((at, _))| *at)
    }

    /// Lets time pass, and does at each moment what is due then.
    pub fn pass(&mut self, until: Instant) {
        while let Some(due) = self.due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.driver.fire(self.now);
            self.driver.settle(self.now);
        }
        self.now = self.now.max(until);
    }

    /// Lets a client in as `identity`, into the one room.
    ///
    /// # Errors
    /// Those of the driver.
    pub fn enter(&mut self, identity: &str, entry: Entry) -> Result<(Option<Session>, Inbox), Refusal> {
        let video = VideoGrants {
            room: "r".into(),
            room_join: true,
            can_update_own_metadata: Some(true),
            ..VideoGrants::default()
        };
        let claims = Claims { identity: identity.into(), video, ..Claims::default() };
        let validity = Validity { issued: Duration::ZERO, expires: Duration::from_secs(2_000_000) };
        let (responses, inbox) = responses::channel();
        let (reply, mut entered) = oneshot::channel();
        let admission = Admission { claims, validity };
        self.command(Command::Enter { admission, entry, responses, reply });
        Ok((entered.try_recv().expect("the driver answers at once")?, inbox))
    }

    /// Brings a client's message.
    pub fn request(&mut self, session: Session, request: Request) {
        self.command(Command::Request(session, Box::new(request)));
    }

    /// Tells of a socket's end.
    pub fn closed(&mut self, session: Session) {
        self.command(Command::Closed(session));
    }

    /// Brings a datagram.
    pub fn datagram(&mut self, source: SocketAddr, bytes: &[u8]) {
        let media = self.media();
        self.driver.datagram(source, media, bytes, self.now);
        self.driver.settle(self.now);
    }

    /// The one room, while it is open.
    pub fn room(&self) -> Option<&Room> {
        self.driver.rooms.values().next()
    }

    /// Brings a data packet, as the connection gives it once it is up.
    pub fn data(&mut self, session: Session, channel: Channel, bytes: &[u8]) {
        if let Some(room) = self.driver.peers.get(&session.peer).map(|peer| peer.room) {
            self.driver.on(room, Input::Data { peer: session.peer, channel, bytes: bytes.to_vec() }, self.now);
            self.driver.settle(self.now);
        }
    }

    /// What the driver holds.
    pub fn census(&self) -> Census {
        self.driver.census()
    }

    fn command(&mut self, command: Command) {
        let _guard = self.runtime.enter();
        self.driver.command(command, self.now);
        self.driver.settle(self.now);
    }
}
