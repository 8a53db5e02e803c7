//! Data on its way to one peer connection: what the channel does not take yet waits here, in order and within bounds.

use std::collections::VecDeque;

use bytes::Bytes;

/// What may wait for one peer, in bytes. A peer that is further behind loses what comes then.
const BACKLOG_MAX_BYTES: usize = 4 * 1024 * 1024;

/// The data channels of a LiveKit peer connection that carry data packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// In order, all of it.
    Reliable,
    /// As it comes.
    Lossy,
}

impl Channel {
    /// The channel with this label; LiveKit's data tracks and others have none here.
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "_reliable" => Some(Self::Reliable),
            "_lossy" => Some(Self::Lossy),
            _ => None,
        }
    }

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Reliable => "_reliable",
            Self::Lossy => "_lossy",
        }
    }
}

/// Reliable packets that wait for room in the channel, or for the channel itself.
#[derive(Debug, Default)]
pub struct Backlog {
    packets: VecDeque<Bytes>,
    bytes: usize,
}

/// The backlog is full and the packet was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {BACKLOG_MAX_BYTES} bytes wait for this peer")]
pub struct Overflow;

impl Backlog {
    /// Whether nothing waits, so that a packet may be written directly without overtaking.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Makes a packet wait.
    ///
    /// # Errors
    /// Too much waits already.
    pub fn push(&mut self, packet: Bytes) -> Result<(), Overflow> {
        if self.bytes + packet.len() > BACKLOG_MAX_BYTES {
            return Err(Overflow);
        }
        self.bytes += packet.len();
        self.packets.push_back(packet);
        Ok(())
    }

    /// Hands packets to `write` in order until it does not take one.
    pub fn drain(&mut self, mut write: impl FnMut(&[u8]) -> bool) {
        while self.packets.front().is_some_and(|packet| write(packet)) {
            self.bytes -= self.packets.pop_front().map_or(0, |packet| packet.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_bounded() {
        let mut backlog = Backlog::default();
        let packet = Bytes::from(vec![0; BACKLOG_MAX_BYTES / 2]);
        assert_eq!(backlog.push(packet.clone()), Ok(()));
        assert_eq!(backlog.push(packet.clone()), Ok(()));
        assert_eq!(backlog.push(Bytes::from_static(b"x")), Err(Overflow));
        let mut room = true;
        backlog.drain(|_| std::mem::take(&mut room));
        assert_eq!(backlog.push(packet), Ok(()));
    }

    proptest! {
        #[test]
        fn everything_comes_out_once_and_in_order(steps in proptest::collection::vec((1..4_usize, 0..5_usize), 1..60)) {
            let (mut backlog, mut pushed, mut written) = (Backlog::default(), 0_u32, Vec::new());
            for (push, mut room) in steps {
                for _ in 0..push {
                    backlog.push(Bytes::copy_from_slice(&pushed.to_be_bytes())).unwrap();
                    pushed += 1;
                }
                backlog.drain(|packet| {
                    if room == 0 {
                        return false;
                    }
                    room -= 1;
                    written.push(packet.to_vec());
                    true
                });
            }
            backlog.drain(|packet| { written.push(packet.to_vec()); true });
            prop_assert!(backlog.is_empty());
            prop_assert_eq!(written, (0..pushed).map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>());
        }
    }
}
