//! Many datagrams in one call of the kernel: Linux has `sendmmsg`.

use std::{
    io::{self, IoSlice},
    os::fd::AsRawFd,
};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};
use str0m::net::Transmit;
use tokio::net::UdpSocket;

/// As many as Linux takes at once (`UIO_MAXIOV`).
const BATCH_MAX: usize = 1024;

/// Sends the first of `datagrams`, as many as the kernel takes; gives how many those are, at least one.
///
/// # Errors
/// The kernel does not take the first.
pub fn send(socket: &UdpSocket, datagrams: &[Transmit]) -> io::Result<usize> {
    let datagrams = &datagrams[..datagrams.len().min(BATCH_MAX)];
    let contents: Vec<_> = datagrams.iter().map(|datagram| [IoSlice::new(&datagram.contents)]).collect();
    let destinations: Vec<_> = datagrams.iter().map(|datagram| Some(datagram.destination.into())).collect();
    let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(datagrams.len(), None);
    let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &contents, &destinations, [], MsgFlags::MSG_DONTWAIT)?;
    Ok(sent.count())
}
