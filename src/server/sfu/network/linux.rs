//! The socket on Linux, which moves many datagrams in one call of the kernel: `sendmmsg` and `recvmmsg`.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    ops::Range,
    os::fd::AsRawFd,
    task::{Context, Poll},
};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};
use tokio::io::{Interest, unix::AsyncFd};

use super::{arrivals::Buffer, queue::SendQueue};

/// As many as Linux takes at once (`UIO_MAXIOV`).
const BATCH_MAX: usize = 1024;

/// Stands for a source that the kernel did not tell; no connection has it.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// A UDP socket that is waited for only to read: to be woken for each datagram that has left would double the wakenings.
#[derive(Debug)]
pub struct Socket(AsyncFd<UdpSocket>);

impl Socket {
    /// Binds to `address`.
    ///
    /// # Errors
    /// An address that is taken, or not this machine's.
    #[expect(deprecated, reason = "its successor is unsafe; this socket stays open for as long as it is registered")]
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        AsyncFd::with_interest(socket, Interest::READABLE).map(Self)
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    /// The kernel's own.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().local_addr()
    }

    /// Waits until there may be datagrams to read.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        // An error is for whoever reads.
        self.0.poll_read_ready(context).map(|_| ())
    }

    /// Sends the first of the datagrams at `places`, as many as the kernel takes; gives how many those are, at least one.
    ///
    /// # Errors
    /// The kernel does not take the first.
    pub fn send(&self, queue: &SendQueue, places: Range<usize>) -> io::Result<usize> {
        let places = places.start..places.end.min(places.start + BATCH_MAX);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(places.len(), None);
        let (destinations, contents): (Vec<_>, Vec<_>) = queue
            .get(places)
            .map(|(route, contents)| (Some(SockaddrStorage::from(route.destination)), [IoSlice::new(contents)]))
            .unzip();
        let sent = sendmmsg(self.0.as_raw_fd(), &mut headers, &contents, &destinations, [], MsgFlags::MSG_DONTWAIT)?;
        Ok(sent.count())
    }

    /// Reads datagrams into `buffers`, as many as there are or as there is room for, and tells of each in order.
    pub fn receive(&self, buffers: &mut [Buffer], mut came: impl FnMut(usize, SocketAddr)) {
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(buffers.len(), None);
        let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let room = slices.len();
        // Linux reports an unreachable peer on the next read; it says nothing about the socket.
        let _ = self.0.try_io(Interest::READABLE, |socket| {
            let messages = recvmmsg(socket.as_raw_fd(), &mut headers, &mut slices, MsgFlags::MSG_DONTWAIT, None)?;
            let mut read = 0;
            for message in messages {
                read += 1;
                came(message.bytes, message.address.and_then(socket_address).unwrap_or(NOWHERE));
            }
            // With room left the socket is empty, and need not be asked once more to say so. What comes from here on
            // is a new event, which makes it readable again.
            if read < room { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
    }
}

fn socket_address(address: SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}
