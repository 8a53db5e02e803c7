//! The call widget: the floating button and its panel.

pub mod session;

use leptos::prelude::*;

/// The floating call button and, once opened, its panel: the page's one island.
#[island]
pub fn CallWidget() -> impl IntoView {
    view! { <button type="button" id="call">"Talk to us"</button> }
}
