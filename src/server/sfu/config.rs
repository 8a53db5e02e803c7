//! The room server's settings. Where they come from is not its business.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::Url;

use crate::server::origin::AllowedOrigins;

/// LiveKit's UDP port where one port carries all media.
const UDP_PORT: u16 = 7882;

/// The settings of the embedded room server.
#[derive(Clone, Debug)]
pub struct SfuConfig {
    /// Where media arrives. An unspecified address means loopback and the machine's own address; port 0 a free port.
    pub udp: SocketAddr,
    /// The addresses that clients are told to send media to; empty means those that are bound. An address that is not
    /// the machine's own is taken for the public side of a 1:1 NAT before it.
    pub announce: Vec<IpAddr>,
    /// The pages of other sites that may open the signal socket; `None` means every one. Clients that send no `Origin`
    /// are not pages and are let through to the token check.
    pub origins: Option<AllowedOrigins>,
    /// Where webhooks go.
    pub webhooks: Vec<Url>,
    /// Whether tokens may ask to be failed; for tests of clients.
    pub faults: bool,
}

impl Default for SfuConfig {
    fn default() -> Self {
        Self {
            udp: (Ipv4Addr::UNSPECIFIED, UDP_PORT).into(),
            announce: Vec::new(),
            origins: None,
            webhooks: Vec::new(),
            faults: false,
        }
    }
}
