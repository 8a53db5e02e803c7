//! Datagrams that have come, each in a buffer of its own that is used again.

use std::net::SocketAddr;

/// The largest datagram that is read, in bytes: more than any MTU in use on the internet.
pub const DATAGRAM_MAX_BYTES: usize = 2048;
/// How many datagrams are read before the connections that they touch are run.
const BURST: usize = 64;

/// The buffer of one datagram.
pub type Buffer = [u8; DATAGRAM_MAX_BYTES];

/// A burst of datagrams.
#[derive(Debug)]
pub struct Arrivals {
    buffers: Box<[Buffer]>,
    came: Vec<Arrival>,
}

/// A datagram, as the kernel tells of it.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    length: usize,
    source: SocketAddr,
    to: SocketAddr,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { buffers: vec![[0; DATAGRAM_MAX_BYTES]; BURST].into(), came: Vec::with_capacity(BURST) }
    }
}

impl Arrivals {
    /// Forgets what came, and makes room.
    pub fn clear(&mut self) {
        self.came.clear();
    }

    /// A share of the buffers for one of `sockets`, and how to note that the next of them is taken: once for each.
    pub fn room(&mut self, sockets: usize) -> (&mut [Buffer], impl FnMut(usize, SocketAddr, SocketAddr)) {
        let start = self.came.len();
        let free = &mut self.buffers[start..(start + BURST / sockets).min(BURST)];
        let came = &mut self.came;
        (free, |length, source, to| came.push(Arrival { length: length.min(DATAGRAM_MAX_BYTES), source, to }))
    }

    /// What came: from where, to which announced address, and what.
    pub fn iter(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr, &[u8])> {
        self.came
            .iter()
            .zip(&self.buffers)
            .map(|(Arrival { length, source, to }, buffer)| (*source, *to, &buffer[..*length]))
    }
}
