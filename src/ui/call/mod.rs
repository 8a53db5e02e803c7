//! The call widget: the floating button and its panel. It sees a call only through [`session`].

mod button;
mod composer;
mod controls;
mod desk;
mod ended;
mod header;
mod key;
mod notes;
mod panel;
mod problem;
mod ring;
pub mod session;
mod settings;
mod shortcuts;
mod stage;
mod start;
mod transcript;
mod words;

use leptos::{ev::KeyboardEvent, html::Div, mount::mount_to, prelude::*, wasm_bindgen::JsCast};

use self::{
    button::{CallButton, CallPill},
    desk::{Sheet, provide_desk},
    key::{Key, Place, presses_once},
    panel::Panel,
    session::provide_call_session,
};
use crate::{
    domain::call::{AgentState, CallState, Opening},
    ui::{live::live, part::when},
};

/// The floating call button and, once opened, its panel: the page's one island.
#[island]
pub fn CallWidget() -> impl IntoView {
    let session = provide_call_session();
    let desk = provide_desk();
    let in_call = Memo::new(move |_| session.state.with(is_standing));

    // The opening question is asked as soon as somebody is there to answer it. It outlives a call that failed, which can
    // be tried again, and no other.
    Effect::new(move || match session.state.get() {
        CallState::Connected { .. } => {
            if let Some(question) = desk.question.get_untracked() {
                desk.question.set(None);
                session.send(question);
            }
        }
        CallState::Idle | CallState::Ended { .. } => desk.question.set(None),
        CallState::RequestingMicrophone
        | CallState::Connecting
        | CallState::WaitingForAgent { .. }
        | CallState::Reconnecting { .. }
        | CallState::Failed(_) => {}
    });

    // The page carries the button alone. What only a browser shows is built there, so that the module needs no code
    // for taking it over from the server's markup: that code is as large as the views themselves. What the views have to
    // know comes along as an attribute: the props of an island would bring a reader of JSON.
    let opening = use_context::<Opening>().map(|opening| opening.to_text());
    let browser_only = NodeRef::<Div>::new();
    Effect::new(move || {
        let Some(place) = browser_only.get() else { return };
        let Some(opening) = place.dataset().get("opening").and_then(|text| Opening::parse(&text)) else { return };
        let views = move || {
            view! {
                {when(move || in_call.get(), || view! { <CallPill/> })}
                <Panel opening/>
            }
        };
        mount_to(place.unchecked_into(), views).forget();
    });

    let voices = move || in_call.get_untracked() && !session.text_only.get_untracked();
    let on_keydown = move |event: KeyboardEvent| {
        if event.repeat() && presses_once(&event.key(), Place::of(&event)) {
            return event.prevent_default();
        }
        let Some(key) = Key::of(&event.key()) else { return };
        if event.repeat() && !key.repeats() {
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if !key.works_at(Place::of(&event)) {
            return;
        }
        match key {
            Key::Escape if desk.open.get_untracked() => desk.step_back(),
            Key::Escape => return,
            Key::Help => desk.toggle_sheet(Sheet::Keys),
            Key::Microphone if voices() => session.toggle_microphone(),
            Key::Speaker if voices() => session.toggle_speaker(),
            Key::Type if in_call.get_untracked() => desk.toggle_typing(),
            Key::End if in_call.get_untracked() => session.hang_up(),
            Key::Talk if voices() && session.push_to_talk.get_untracked() => session.talk(true),
            Key::Microphone | Key::Speaker | Key::Type | Key::End | Key::Talk => return,
        }
        event.prevent_default();
    };
    // The session hears of the released key by itself; a button that has the focus must not.
    let on_keyup = move |event: KeyboardEvent| {
        let talked = Key::of(&event.key()) == Some(Key::Talk) && Key::Talk.works_at(Place::of(&event));
        if talked && in_call.get_untracked() && session.push_to_talk.get_untracked() {
            event.prevent_default();
        }
    };

    view! {
        <section
            aria-label=words::CALL
            class="call"
            data-state=live(move || session.state.with(state_name))
            data-agent=live(move || session.agent.get().map_or("", AgentState::as_str))
            on:keydown=on_keydown
            on:keyup=on_keyup
        >
            <CallButton in_call/>
            <div node_ref=browser_only data-opening=opening class="contents"></div>
        </section>
    }
}

/// Whether a call is on its way or stands.
fn is_standing(state: &CallState) -> bool {
    match state {
        CallState::RequestingMicrophone
        | CallState::Connecting
        | CallState::WaitingForAgent { .. }
        | CallState::Connected { .. }
        | CallState::Reconnecting { .. } => true,
        CallState::Idle | CallState::Ended { .. } | CallState::Failed(_) => false,
    }
}

fn state_name(state: &CallState) -> &'static str {
    match state {
        CallState::Idle => "idle",
        CallState::RequestingMicrophone => "requesting-microphone",
        CallState::Connecting => "connecting",
        CallState::WaitingForAgent { .. } => "waiting",
        CallState::Connected { .. } => "connected",
        CallState::Reconnecting { .. } => "reconnecting",
        CallState::Ended { .. } => "ended",
        CallState::Failed(_) => "failed",
    }
}
