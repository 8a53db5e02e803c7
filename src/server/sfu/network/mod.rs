//! The UDP port: one socket for each of the machine's addresses that are announced, all on the same port.
//!
//! Each is bound to its own address, so that an answer leaves from where the question arrived.

mod arrivals;
mod queue;
#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod socket;
#[cfg(not(target_os = "linux"))]
#[path = "portable.rs"]
mod socket;

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    task::Poll,
};

use tokio::net::UdpSocket;

use self::socket::Socket;
pub use self::{
    arrivals::Arrivals,
    queue::{Route, SendQueue},
};
use super::config::SfuConfig;

/// An address in a network set aside for documentation (RFC 5737): asking the kernel for the way to it tells the
/// machine's own address without sending anything.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// The sockets and the addresses that they are known by.
#[derive(Debug)]
pub struct Network {
    sockets: Vec<Bound>,
    announced: Vec<SocketAddr>,
    by_address: HashMap<SocketAddr, usize>,
}

#[derive(Debug)]
struct Bound {
    socket: Socket,
    known_as: SocketAddr,
}

impl Network {
    /// Binds what the settings ask for.
    ///
    /// # Errors
    /// An address that cannot be bound.
    pub async fn bind(config: &SfuConfig) -> io::Result<Self> {
        let mut network = Self { sockets: Vec::new(), announced: Vec::new(), by_address: HashMap::new() };
        let mut port = config.udp.port();
        let own = own_addresses(config.udp.ip()).await;
        // Where nothing is announced, whatever is bound is.
        let wanted = if config.announce.is_empty() { own.clone() } else { config.announce.clone() };
        let mut foreign = Vec::new();
        for ip in wanted {
            match Socket::bind((ip, port).into()).await {
                Ok(socket) => port = network.add(socket, None)?.port(),
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => foreign.push(ip),
                Err(error) => return Err(error),
            }
        }
        for ip in foreign {
            network.announce_foreign(ip, &own, port).await?;
        }
        Ok(network)
    }

    /// Announces an address that is not the machine's: the public side of the NAT before its main address.
    async fn announce_foreign(&mut self, ip: IpAddr, own: &[IpAddr], port: u16) -> io::Result<()> {
        let unreachable = || io::Error::new(io::ErrorKind::AddrNotAvailable, format!("no address behind {ip}"));
        let behind = own.iter().copied().find(|own| !own.is_loopback()).or_else(|| own.first().copied());
        let behind = behind.ok_or_else(unreachable)?;
        match self.by_address.get(&SocketAddr::new(behind, port)) {
            Some(&index) => {
                let public = SocketAddr::new(ip, port);
                self.announced.push(public);
                self.by_address.insert(public, index);
            }
            None => {
                let socket = Socket::bind((behind, port).into()).await?;
                self.add(socket, Some(ip))?;
            }
        }
        Ok(())
    }

    fn add(&mut self, socket: Socket, public: Option<IpAddr>) -> io::Result<SocketAddr> {
        let local = socket.local_addr()?;
        let known_as = public.map_or(local, |ip| SocketAddr::new(ip, local.port()));
        self.announced.push(known_as);
        self.by_address.insert(known_as, self.sockets.len());
        self.sockets.push(Bound { socket, known_as });
        Ok(local)
    }

    /// The addresses that clients are told.
    pub fn announced(&self) -> &[SocketAddr] {
        &self.announced
    }

    /// Waits until there may be datagrams to take.
    pub async fn readable(&self) {
        poll_fn(|context| {
            let ready = self.sockets.iter().any(|bound| bound.socket.poll_readable(context).is_ready());
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Takes the datagrams that have come, as far as there is room for them, from each socket its share.
    pub fn receive(&self, arrivals: &mut Arrivals) {
        for bound in &self.sockets {
            let (room, mut took) = arrivals.room(self.sockets.len());
            bound.socket.receive(room, |length, source| took(length, source, bound.known_as));
        }
    }

    /// Sends what waits, each from its source, which is one of the announced addresses, in as few calls of the kernel as
    /// can be; gives how many datagrams waited. One that the kernel does not take is lost, as on any way.
    pub fn send(&self, queue: &mut SendQueue) -> usize {
        let waiting = queue.len();
        for (source, mut places) in queue.runs() {
            let Some(bound) = self.by_address.get(&source).and_then(|&index| self.sockets.get(index)) else { continue };
            while !places.is_empty() {
                let sent = bound.socket.send(queue, places.clone()).unwrap_or_else(|error| {
                    tracing::trace!(%error, "datagram not sent");
                    if error.kind() == io::ErrorKind::WouldBlock { places.len() } else { 1 }
                });
                places.start += sent;
            }
        }
        queue.clear();
        waiting
    }
}

/// The addresses to bind for `ip`: loopback and the machine's own for the unspecified one.
async fn own_addresses(ip: IpAddr) -> Vec<IpAddr> {
    if !ip.is_unspecified() {
        return vec![ip];
    }
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let probe = async {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        socket.connect(ELSEWHERE).await?;
        socket.local_addr()
    };
    match probe.await {
        Ok(own) if !own.ip().is_loopback() => addresses.push(own.ip()),
        Ok(_) => {}
        Err(error) => tracing::info!(%error, "no network but loopback"),
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::{arrivals::DATAGRAM_MAX_BYTES, *};

    fn config(udp: &str, announce: &[&str]) -> SfuConfig {
        let announce = announce.iter().map(|ip| ip.parse().unwrap()).collect();
        SfuConfig { udp: udp.parse().unwrap(), announce, ..SfuConfig::default() }
    }

    #[tokio::test]
    async fn many_datagrams_leave_in_order_and_past_one_that_cannot() {
        let network = Network::bind(&config("127.0.0.1:0", &[])).await.unwrap();
        let source = network.announced()[0];
        let clients = [UdpSocket::bind("127.0.0.1:0").await.unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap()];
        let [one, two] = clients.each_ref().map(|client| client.local_addr().unwrap());
        // Port 0 is nobody's: the kernel takes no datagram for it.
        let nobody = SocketAddr::new(source.ip(), 0);
        let mut queue = SendQueue::default();
        queue.push(Route { source, destination: nobody }, b"x");
        for number in 0..100 {
            for destination in [one, two, nobody] {
                queue.push(Route { source, destination }, &[number]);
            }
        }
        assert_eq!((network.send(&mut queue), queue.len()), (301, 0));
        let mut buffer = [0; DATAGRAM_MAX_BYTES];
        for number in 0..100 {
            for client in &clients {
                assert_eq!(client.recv_from(&mut buffer).await.unwrap(), (1, source));
                assert_eq!(buffer[0], number);
            }
        }
    }

    #[tokio::test]
    async fn the_bound_address_is_announced() {
        let network = Network::bind(&config("127.0.0.1:0", &[])).await.unwrap();
        let [address] = network.announced() else { panic!("not one address") };
        assert!(address.ip().is_loopback() && address.port() != 0);
    }

    #[tokio::test]
    async fn a_public_address_stands_for_the_one_behind_it() {
        let network = Network::bind(&config("127.0.0.1:0", &["198.51.100.7"])).await.unwrap();
        let [public] = *network.announced() else { panic!("not one address") };
        assert_eq!(public.ip().to_string(), "198.51.100.7");
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.send_to(b"hello", ("127.0.0.1", public.port())).await.unwrap();
        let mut buffer = [0; DATAGRAM_MAX_BYTES];
        network.readable().await;
        let mut arrivals = Arrivals::default();
        network.receive(&mut arrivals);
        let (source, to, contents) = arrivals.iter().next().unwrap();
        assert_eq!((source, to, contents), (client.local_addr().unwrap(), public, &b"hello"[..]));
        let mut queue = SendQueue::default();
        queue.push(Route { source: public, destination: source }, b"back");
        assert_eq!(network.send(&mut queue), 1);
        assert_eq!(client.recv(&mut buffer).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn all_sockets_share_the_port() {
        let network = Network::bind(&config("0.0.0.0:0", &[])).await.unwrap();
        let ports: std::collections::HashSet<_> = network.announced().iter().map(SocketAddr::port).collect();
        assert_eq!(ports.len(), 1);
    }
}
