//! The page's own life.

pub use super::listener::Listener;

/// Calls `f` when the page goes away: closed, reloaded or left for another.
pub fn on_leave(f: impl Fn() + 'static) -> Option<Listener> {
    let window = web_sys::window()?;
    Some(Listener::new(&window, "pagehide", f))
}
