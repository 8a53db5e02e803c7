//! Frontdesk: a floating call button, answered in real time by an AI voice assistant or by the site's own team.
//!
//! One crate, two targets. The server (feature `ssr`) renders the page, mints tokens, carries the call's media and
//! runs the assistant; the browser (feature `hydrate`, wasm32) runs the call widget. Arrows point down only:
//!
//! `app` → `ui` → {`api`, `browser`} → `domain`, and the bodies of `api` → `server`.

// The page is one nested view type; its layout is deeper than the compiler's default of 128.
#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod browser;
pub mod domain;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod server;

/// Makes the widget's island ready to run; the page's start-on-intent script calls it once the module has arrived.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
