//! Who listens and how well they are reached: the bitrate of the assistant's voice. Pure.

use std::collections::BTreeMap;

use crate::domain::call::Quality;

/// What each listener's connection carries, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Listeners(BTreeMap<String, u32>);

impl Listeners {
    /// Somebody's connection is of this quality, in the room server's word for it.
    pub(super) fn on_quality(&mut self, identity: String, quality: &str) {
        self.0.insert(identity, Quality::parse(quality).bitrate_bps());
    }

    /// Somebody listens no more.
    pub(super) fn on_left(&mut self, identity: &str) {
        self.0.remove(identity);
    }

    /// What the worst of the connections carries: all of them are sent the same.
    pub(super) fn bitrate_bps(&self) -> u32 {
        self.0.values().min().copied().unwrap_or(Quality::Unknown.bitrate_bps())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_connection_decides() {
        let mut listeners = Listeners::default();
        assert_eq!(listeners.bitrate_bps(), 32_000);
        listeners.on_quality("ada".into(), "good");
        assert_eq!(listeners.bitrate_bps(), 24_000);
        listeners.on_quality("bob".into(), "lost");
        listeners.on_quality("ada".into(), "excellent");
        assert_eq!(listeners.bitrate_bps(), 16_000);
        listeners.on_left("bob");
        assert_eq!(listeners.bitrate_bps(), 32_000);
    }
}
