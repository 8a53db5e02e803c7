//! Where the kernel takes one datagram at a time.

use std::io;

use str0m::net::Transmit;
use tokio::net::UdpSocket;

/// Sends the first of `datagrams`; gives how many those are, which is one.
///
/// # Errors
/// The kernel does not take it.
pub fn send(socket: &UdpSocket, datagrams: &[Transmit]) -> io::Result<usize> {
    let Some(first) = datagrams.first() else { return Ok(0) };
    socket.try_send_to(&first.contents, first.destination)?;
    Ok(1)
}
