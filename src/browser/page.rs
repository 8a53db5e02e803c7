//! The page's own life.

pub use super::listener::Listener;

/// Calls `f` when the page goes away: closed, reloaded or left for another.
pub fn on_leave(f: impl Fn() + 'static) -> Option<Listener> {
    let window = web_sys::window()?;
    Some(Listener::new(&window, "pagehide", f))
}

/// Calls `f` when what is held down may have been let go: a key or a pointer released anywhere, the window left, the
/// page hidden. Whoever leaves the window releases the key elsewhere, and nothing here is told.
pub fn on_let_go(f: impl Fn() + Clone + 'static) -> Option<[Listener; 4]> {
    let window = web_sys::window()?;
    Some(["keyup", "pointerup", "blur", "visibilitychange"].map(|event| Listener::new(&window, event, f.clone())))
}
