//! The floating button, and the pill that stands in its place while a call goes on behind a collapsed panel.

use leptos::{ev::KeyboardEvent, prelude::*};

use super::{
    desk::use_desk,
    ring::{Ring, Size},
    session::use_call_session,
    words,
};
use crate::{
    browser::screen,
    domain::call::{Answering, CallState},
    ui::{
        icon::{Glyph, Icon},
        live::live,
    },
};

/// Opens the panel. The server renders a link to the ways of reaching people; it becomes a button once code stands
/// behind it.
#[component]
pub fn CallButton(
    /// Whether a call stands, whose pill takes this button's place.
    in_call: Memo<bool>,
) -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let alive = RwSignal::new(false);
    Effect::new(move || alive.set(true));
    let prefetch = move || session.prefetch();
    let open = move || desk.open.set(true);
    let label = live(move || if session.rejoin.with(Option::is_some) { words::GO_BACK } else { words::TALK_TO_US });
    view! {
        <a
            id=live(move || (!in_call.get()).then_some("call"))
            hidden=live(move || in_call.get())
            href="#contact"
            class="fab inline-flex h-14 items-center gap-2.5 rounded-full bg-accent px-5 font-semibold text-on-accent"
            class:away=live(move || desk.open.get())
            class:back=live(move || session.rejoin.with(Option::is_some))
            role=live(move || alive.get().then_some("button"))
            aria-haspopup=live(move || alive.get().then_some("dialog"))
            aria-expanded=live(move || alive.get().then(|| desk.open.get().to_string()))
            on:click=move |event| {
                event.prevent_default();
                open();
            }
            on:keydown=move |event: KeyboardEvent| {
                if event.key() == " " {
                    event.prevent_default();
                    open();
                }
            }
            on:pointerenter=move |_| prefetch()
            on:focus=move |_| prefetch()
        >
            <Glyph icon=Icon::Phone size=22/>
            <span class="fab-label">{label}</span>
        </a>
    }
}

/// The collapsed call: both voices, the time, and the way out.
#[component]
pub fn CallPill() -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let talking = |state: &CallState| matches!(state, CallState::WaitingForAgent { .. } | CallState::Connected { .. });
    let time = live(move || {
        session.state.with(|state| match talking(state) {
            true => words::clock(session.elapsed.get()),
            false => words::status(state, Answering::Aloud).to_owned(),
        })
    });
    let hang_up = move |_| {
        session.hang_up();
        screen::after_render(|| screen::focus("#call"));
    };
    view! {
        <div class="pill flex h-14 items-center rounded-full bg-surface pr-1.5 text-ink" class:away=live(move || desk.open.get())>
            <button
                id="call"
                type="button"
                aria-haspopup="dialog"
                aria-expanded=live(move || desk.open.get().to_string())
                aria-label=words::SHOW_CALL
                class="flex h-14 items-center gap-2 rounded-full pl-2 pr-3"
                on:click=move |_| desk.open.set(true)
            >
                <Ring size=Size::Mini/>
                <span class="num font-semibold">{time}</span>
            </button>
            <button
                type="button"
                aria-label=words::END_CALL
                class="grid h-11 w-11 place-items-center rounded-full bg-danger text-on-danger"
                on:click=hang_up
            >
                <Glyph icon=Icon::HangUp/>
            </button>
        </div>
    }
}
