//! Where times and random numbers come from.

use std::time::SystemTime;

use uuid::Builder;

/// The clock and the randomness that ids and times are made of.
pub trait Edge: Send + Sync {
    /// The time, in milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64;

    /// Random bytes: what of a UUIDv7 is not its time.
    fn random(&self) -> [u8; 10];
}

/// The machine's own.
pub struct SystemEdge;

impl Edge for SystemEdge {
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn random(&self) -> [u8; 10] {
        rand::random()
    }
}

/// A UUIDv7 (RFC 9562, 5.7) of this moment: ids sort by the time of their making.
pub(super) fn id(edge: &dyn Edge) -> String {
    let now_ms = u64::try_from(edge.now_ms()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(now_ms, &edge.random()).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Edge for Fixed {
        fn now_ms(&self) -> i64 {
            0x017F_22E2_79B0
        }

        fn random(&self) -> [u8; 10] {
            [0xCC, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F]
        }
    }

    #[test]
    fn an_id_is_the_time_and_then_chance() {
        // The example of RFC 9562, appendix A.6.
        assert_eq!(id(&Fixed), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }
}
