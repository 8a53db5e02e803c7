//! The top of the panel: who is on the line, how it stands, how long.

use leptos::prelude::*;

use super::{
    desk::{Sheet, use_desk},
    session::use_call_session,
    words,
};
use crate::{
    domain::call::{Answering, CallState, Quality},
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::when,
    },
};

/// The panel's header.
#[component]
pub fn Header(
    /// The business's name.
    business: String,
    /// Who answers calls.
    answering: Answering,
) -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let dot = live(move || {
        session.state.with(|state| match state {
            CallState::Idle | CallState::Connected { .. } => "dot bg-accent",
            CallState::RequestingMicrophone
            | CallState::Connecting
            | CallState::WaitingForAgent { .. }
            | CallState::Ended { .. } => "dot bg-ink-3",
            CallState::Reconnecting { .. } | CallState::Failed(_) => "dot bg-danger",
        })
    });
    let status = live(move || session.state.with(|state| words::status(state, answering)));
    // The timer says it to those who see it.
    let connected = live(move || session.state.with(|state| matches!(state, CallState::Connected { .. })));
    let timed = move || {
        session.state.with(|state| matches!(state, CallState::Connected { .. } | CallState::Reconnecting { .. }))
    };
    view! {
        <div class="flex items-center gap-2.5 pb-3 pl-4 pr-3 pt-3.5">
            <span class="mark grid h-8 w-8 shrink-0 place-items-center rounded-lg bg-accent text-on-accent">
                <Glyph icon=Icon::Wave size=18/>
            </span>
            <div class="min-w-0 flex-1 leading-tight">
                <h2 id="call-with" class="truncate text-sm font-semibold">{business}</h2>
                <p class="flex min-w-0 items-center gap-1.5 text-xs text-ink-2">
                    <span class=dot></span>
                    <span role="status" class="truncate" class:sr-only=connected>
                        {status}
                    </span>
                    {when(
                        timed,
                        move || {
                            view! {
                                <span class="num" role="timer">{live(move || words::clock(session.elapsed.get()))}</span>
                                <Bars/>
                            }
                        },
                    )}
                </p>
            </div>
            <button
                type="button"
                id="sound-settings"
                class="icon-button"
                aria-label=words::SOUND_SETTINGS
                aria-expanded=live(move || (desk.sheet.get() == Some(Sheet::Sound)).to_string())
                on:click=move |_| desk.toggle_sheet(Sheet::Sound)
            >
                <Glyph icon=Icon::Sound/>
            </button>
            <button type="button" class="icon-button" aria-label=words::COLLAPSE on:click=move |_| desk.open.set(false)>
                <Glyph icon=Icon::Down/>
            </button>
        </div>
    }
}

/// Three bars for the connection.
#[component]
fn Bars() -> impl IntoView {
    let session = use_call_session();
    // What the room server judged last is of a connection that has dropped since.
    let quality = move || match session.state.with(|state| matches!(state, CallState::Reconnecting { .. })) {
        true => Quality::Lost,
        false => session.quality.get(),
    };
    let strength = live(move || match quality() {
        Quality::Excellent | Quality::Unknown => "3",
        Quality::Good => "2",
        Quality::Poor => "1",
        Quality::Lost => "0",
    });
    view! {
        <span class="bars" role="img" aria-label=live(move || words::quality(quality())) data-strength=strength>
            <i></i>
            <i></i>
            <i></i>
        </span>
    }
}
