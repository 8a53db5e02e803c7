//! The socket where the kernel moves one datagram at a time.

use std::{
    io,
    net::SocketAddr,
    ops::Range,
    task::{Context, Poll},
};

use tokio::net::UdpSocket;

use super::{arrivals::Buffer, queue::SendQueue};

/// A UDP socket.
#[derive(Debug)]
pub struct Socket(UdpSocket);

impl Socket {
    /// Binds to `address`.
    ///
    /// # Errors
    /// An address that is taken, or not this machine's.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        UdpSocket::bind(address).await.map(Self)
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// The kernel's own.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Waits until there may be datagrams to read.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error is for whoever reads.
        self.0.poll_recv_ready(context).map(|_| ())
    }

    /// Sends the first of the datagrams at `places`; gives how many those are, which is one.
    ///
    /// # Errors
    /// The kernel does not take it.
    pub fn send(&self, queue: &SendQueue, places: Range<usize>) -> io::Result<usize> {
        let Some((route, contents)) = queue.get(places).next() else { return Ok(0) };
        self.0.try_send_to(contents, route.destination)?;
        Ok(1)
    }

    /// Reads datagrams into `buffers`, as many as there are or as there is room for, and tells of each in order.
    pub fn receive(&self, buffers: &mut [Buffer], mut came: impl FnMut(usize, SocketAddr)) {
        for buffer in buffers {
            let Ok((length, source)) = self.0.try_recv_from(buffer) else { return };
            came(length, source);
        }
    }
}
