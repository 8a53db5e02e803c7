//! The browser's clocks.

use std::time::Duration;

use leptos::prelude::{TimeoutHandle, set_timeout_with_handle};

/// The time since the page's own epoch.
pub fn now() -> Duration {
    let ms = web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now());
    Duration::from_micros((ms * 1_000.0) as u64)
}

/// The wall clock, as the time since 1970.
pub fn wall_clock() -> Duration {
    Duration::from_millis(js_sys::Date::now() as u64)
}

/// A call that is due once; dropping it calls it off.
pub struct Timer(Option<TimeoutHandle>);

impl Timer {
    /// Calls `f` after `delay`.
    pub fn after(delay: Duration, f: impl FnOnce() + 'static) -> Self {
        // Browsers round down: a timer must not fire before its time.
        Self(set_timeout_with_handle(f, delay + Duration::from_millis(1)).ok())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            handle.clear();
        }
    }
}
