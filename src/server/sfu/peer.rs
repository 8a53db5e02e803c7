//! A participant as the driver holds it: its connections and the way to its socket.

use std::time::{Duration, Instant};

use super::{ids::SocketId, responses::Responses, signal::Leg, transport::Transport};

/// A connection with its place in the timer heap.
#[derive(Debug)]
pub struct Connection {
    /// The connection.
    pub transport: Transport,
    /// When it wants to be run.
    pub due: Instant,
    /// The earliest of its entries in the timer heap.
    pub queued: Option<Instant>,
    /// Whether something was done to it since it was run.
    pub touched: bool,
}

impl Connection {
    /// Starts with a fresh connection that has not been run.
    pub fn new(transport: Transport, now: Instant) -> Self {
        Self { transport, due: now, queued: None, touched: false }
    }
}

/// The connections of a participant.
#[derive(Debug)]
pub enum Connections {
    /// v1: one for everything.
    Single(Box<Connection>),
    /// v0: one for each way.
    Dual {
        /// Offered by the client.
        publisher: Box<Connection>,
        /// Offered by the server.
        subscriber: Box<Connection>,
    },
}

/// A participant's connections and socket.
#[derive(Debug)]
pub struct Peer {
    /// The index of its room.
    pub room: u64,
    /// Its connections.
    pub connections: Connections,
    /// Its present socket.
    pub socket: SocketId,
    /// The way to it.
    pub responses: Responses,
    /// When the last of its tokens ends, since the Unix epoch.
    pub tokens_end: Duration,
}

impl Peer {
    /// The connection on which the client receives.
    pub fn main_leg(&self) -> Leg {
        match self.connections {
            Connections::Single(_) => Leg::Publisher,
            Connections::Dual { .. } => Leg::Subscriber,
        }
    }

    /// A connection; v1 has one under both names.
    pub fn connection(&mut self, leg: Leg) -> &mut Connection {
        match (&mut self.connections, leg) {
            (Connections::Single(connection), Leg::Publisher | Leg::Subscriber) => connection,
            (Connections::Dual { publisher, .. }, Leg::Publisher) => publisher,
            (Connections::Dual { subscriber, .. }, Leg::Subscriber) => subscriber,
        }
    }

    /// The name under which a connection is known.
    pub fn leg(&self, leg: Leg) -> Leg {
        match self.connections {
            Connections::Single(_) => Leg::Publisher,
            Connections::Dual { .. } => leg,
        }
    }
}
