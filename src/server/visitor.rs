//! Who asks: the visitor behind a connection, seen through the proxies that are trusted and no others.
//!
//! It knows nothing of limits; it only says under which address they are counted.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use axum::http::HeaderMap;

/// What a proxy in front says of the connection that it took.
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The address that limits are counted under: an IPv4 address, or the /64 that one IPv6 subscriber is given (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Visitor(IpAddr);

impl From<IpAddr> for Visitor {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            v4 @ IpAddr::V4(_) => Self(v4),
        }
    }
}

/// The networks whose word on a visitor's address is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// The visitor behind the connection from `peer`: the last address in `X-Forwarded-For` that no trusted proxy has,
    /// where `peer` itself is trusted; `peer` otherwise, whatever the headers say.
    pub fn visitor(&self, peer: IpAddr, headers: &HeaderMap) -> Visitor {
        if !self.trusts(peer) {
            return Visitor::from(peer);
        }
        let mut visitor = peer;
        for value in headers.get_all(FORWARDED_FOR).iter().rev() {
            for hop in value.to_str().unwrap_or_default().rsplit(',') {
                let Ok(address) = hop.trim().parse::<IpAddr>() else { return Visitor::from(visitor) };
                visitor = address;
                if !self.trusts(address) {
                    return Visitor::from(visitor);
                }
            }
        }
        Visitor::from(visitor)
    }

    /// Whether the visitor's browser speaks TLS, by the word of a trusted proxy.
    pub fn says_tls(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        headers.get(FORWARDED_PROTO).is_some_and(|proto| proto == "https") && self.trusts(peer)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address.to_canonical()))
    }
}

impl FromStr for TrustedProxies {
    type Err = BadNetwork;

    /// Reads addresses and networks divided by commas: `127.0.0.1, 10.0.0.0/8, fd00::/8`.
    fn from_str(list: &str) -> Result<Self, BadNetwork> {
        list.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// One network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let bad = || BadNetwork(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| bad())?)),
            None => (text, None),
        };
        let address = address.parse::<IpAddr>().map_err(|_| bad())?.to_canonical();
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(widest);
        if bits > widest { Err(bad()) } else { Ok(Self { address, bits }) }
    }
}

/// A text that names no network.
#[derive(Debug, PartialEq, Eq)]
pub struct BadNetwork(String);

impl fmt::Display for BadNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is neither an address nor a network such as 10.0.0.0/8", self.0)
    }
}

impl std::error::Error for BadNetwork {}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (FORWARDED_FOR.parse().unwrap(), HeaderValue::from_str(v).unwrap())).collect()
    }

    #[test]
    fn without_a_trusted_proxy_the_peer_is_the_visitor() {
        let nobody = TrustedProxies::default();
        let visitor = nobody.visitor(ip("198.51.100.7"), &forwarded(&["203.0.113.9"]));
        assert_eq!(visitor, Visitor::from(ip("198.51.100.7")));
    }

    #[test]
    fn the_last_untrusted_hop_is_the_visitor() {
        let proxies: TrustedProxies = "127.0.0.1, 10.0.0.0/8".parse().unwrap();
        let headers = forwarded(&["6.6.6.6, 203.0.113.9", "10.1.2.3"]);
        assert_eq!(proxies.visitor(ip("127.0.0.1"), &headers), Visitor::from(ip("203.0.113.9")));
    }

    #[test]
    fn rubbish_in_the_header_stops_at_the_hop_that_wrote_it() {
        let proxies: TrustedProxies = "127.0.0.1".parse().unwrap();
        let headers = forwarded(&["203.0.113.9, <script>"]);
        assert_eq!(proxies.visitor(ip("127.0.0.1"), &headers), Visitor::from(ip("127.0.0.1")));
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_visitor_and_mapped_ipv4_is_ipv4() {
        assert_eq!(Visitor::from(ip("2001:db8:1:2::3")), Visitor::from(ip("2001:db8:1:2:ffff::")));
        assert_ne!(Visitor::from(ip("2001:db8:1:2::3")), Visitor::from(ip("2001:db8:1:3::3")));
        assert_eq!(Visitor::from(ip("::ffff:192.0.2.1")), Visitor::from(ip("192.0.2.1")));
    }

    #[test]
    fn networks_are_checked_when_read() {
        for bad in ["10.0.0.0/33", "fd00::/129", "proxy.example", "10.0.0.0/x"] {
            assert_eq!(bad.parse::<TrustedProxies>(), Err(BadNetwork(bad.to_owned())));
        }
        assert!("0.0.0.0/0".parse::<TrustedProxies>().unwrap().trusts(ip("203.0.113.9")));
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_cannot_name_another_visitor(header in "[ -~]{0,80}", peer: [u8; 4]) {
            let proxies: TrustedProxies = "127.0.0.0/8".parse().unwrap();
            let peer = IpAddr::from(peer);
            prop_assume!(!peer.is_loopback());
            prop_assert_eq!(proxies.visitor(peer, &forwarded(&[&header])), Visitor::from(peer));
        }
    }
}
