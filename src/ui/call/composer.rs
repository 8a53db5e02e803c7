//! The text field: the same conversation, by keyboard.

use leptos::{ev::SubmitEvent, prelude::*};

use super::{session::use_call_session, words};
use crate::{
    browser::screen,
    ui::icon::{Glyph, Icon},
};

/// The text field above the controls.
#[component]
pub fn Composer() -> impl IntoView {
    let session = use_call_session();
    let text = RwSignal::new(String::new());
    Effect::new(|| screen::after_render(|| screen::focus(".composer input")));
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let message = text.get_untracked().trim().to_owned();
        if !message.is_empty() {
            session.send(message);
            text.set(String::new());
        }
    };
    view! {
        <form class="composer" on:submit=send>
            <input
                type="text"
                name="message"
                autocomplete="off"
                enterkeyhint="send"
                maxlength="2000"
                aria-label=words::TYPE
                placeholder=words::TYPE
                bind:value=text
            />
            <button
                type="submit"
                aria-label=words::SEND
                class="grid h-9 w-9 shrink-0 place-items-center rounded-lg bg-accent text-on-accent"
            >
                <Glyph icon=Icon::Send size=18/>
            </button>
        </form>
    }
}
