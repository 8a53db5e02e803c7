//! Datagrams on their way out, back to back in one buffer: what is forwarded is written once, where it is sent from.

use std::{net::SocketAddr, ops::Range};

/// Beyond what is kept of the buffer for the next time, in bytes: a room of thirty sends 100 KB at once.
const KEPT_BYTES: usize = 1 << 20;

/// Where a datagram leaves from and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// One of the announced addresses.
    pub source: SocketAddr,
    /// The client's.
    pub destination: SocketAddr,
}

/// Datagrams that wait to be sent, in order.
#[derive(Debug, Default)]
pub struct SendQueue {
    bytes: Vec<u8>,
    waiting: Vec<(Route, Range<usize>)>,
}

impl SendQueue {
    /// Adds a datagram.
    pub fn push(&mut self, route: Route, contents: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(contents);
        self.waiting.push((route, start..self.bytes.len()));
    }

    /// Adds a datagram that `write` appends to the buffer.
    ///
    /// # Errors
    /// Those of `write`; then there is no datagram.
    pub fn push_with<E>(&mut self, route: Route, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        let start = self.bytes.len();
        let written = write(&mut self.bytes);
        match written {
            Ok(()) => self.waiting.push((route, start..self.bytes.len())),
            Err(_) => self.bytes.truncate(start),
        }
        written
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those at `places`, each with where it goes.
    pub fn get(&self, places: Range<usize>) -> impl ExactSizeIterator<Item = (Route, &[u8])> {
        self.waiting[places].iter().map(|(route, range)| (*route, &self.bytes[range.clone()]))
    }

    /// Runs of neighbours that leave from one address.
    pub fn runs(&self) -> impl Iterator<Item = (SocketAddr, Range<usize>)> {
        let mut start = 0;
        self.waiting.chunk_by(|(one, _), (next, _)| one.source == next.source).map(move |run| {
            let places = start..start + run.len();
            start = places.end;
            (run[0].0.source, places)
        })
    }

    /// Forgets them all.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(source: u16, destination: u16) -> Route {
        Route { source: ([127, 0, 0, 1], source).into(), destination: ([127, 0, 0, 1], destination).into() }
    }

    #[test]
    fn datagrams_wait_in_order_in_runs_of_one_source() {
        let mut queue = SendQueue::default();
        queue.push(route(1, 7), b"one");
        queue.push(route(1, 8), b"two");
        queue.push(route(2, 7), b"");
        queue.push(route(1, 7), b"four");
        let runs: Vec<_> = queue.runs().map(|(source, places)| (source.port(), places)).collect();
        assert_eq!(runs, [(1, 0..2), (2, 2..3), (1, 3..4)]);
        let first: Vec<_> = queue.get(0..2).collect();
        assert_eq!(first, [(route(1, 7), &b"one"[..]), (route(1, 8), b"two")]);
        queue.clear();
        assert_eq!((queue.len(), queue.runs().count()), (0, 0));
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing() {
        let mut queue = SendQueue::default();
        let failed = queue.push_with(route(1, 2), |bytes| {
            bytes.extend_from_slice(b"half");
            Err("no key")
        });
        assert_eq!(failed, Err("no key"));
        let written = queue.push_with(route(1, 3), |bytes| {
            bytes.extend_from_slice(b"whole");
            Ok::<_, ()>(())
        });
        assert_eq!(written, Ok(()));
        assert_eq!(queue.get(0..1).collect::<Vec<_>>(), [(route(1, 3), &b"whole"[..])]);
    }
}
