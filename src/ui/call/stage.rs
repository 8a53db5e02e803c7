//! The ring and its label: what is happening, and what one can do.

use leptos::prelude::*;

use super::{
    desk::use_desk,
    ring::{Ring, Size},
    session::use_call_session,
    words,
};
use crate::ui::live::live;

/// The upper part of the call screen; it makes room while the visitor types.
#[component]
pub fn Stage() -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let label = Memo::new(move |_| session.state.with(|state| words::label(state, session.agent.get())));
    view! {
        <div class="stage" class:small=live(move || desk.typing.get())>
            <Ring size=Size::Stage/>
            <p class="stage-label text-sm font-semibold">
                {live(move || label.get().0)}
                <span class="ml-1 font-normal text-ink-2">{live(move || label.get().1)}</span>
            </p>
        </div>
    }
}
