//! A DOM event listener that ends with its owner.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::EventTarget;

/// Listens until it is dropped.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn Fn()>,
}

impl Listener {
    pub(super) fn new(target: &EventTarget, event: &'static str, f: impl Fn() + 'static) -> Self {
        let closure = Closure::<dyn Fn()>::new(f);
        // Fails only for a target that is none.
        let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), event, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.target.remove_event_listener_with_callback(self.event, self.closure.as_ref().unchecked_ref());
    }
}
