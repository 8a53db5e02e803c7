//! The one row of controls, always in the same place: microphone, speaker, keyboard, End.

use leptos::prelude::*;

use super::{desk::use_desk, session::use_call_session, words};
use crate::{
    browser::screen::Frames,
    domain::call::{Answering, Mode},
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::{part, when},
    },
};

/// The row at the panel's foot during a call.
#[component]
pub fn Controls(
    /// Who answers calls.
    answering: Answering,
) -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let voices = move || answering != Answering::InWriting && !session.text_only.get();
    view! {
        <div role="group" aria-label=words::CONTROLS class="controls">
            {when(voices, || view! { <Microphone/> <Speaker/> })}
            <button
                type="button"
                class="control"
                class:on=live(move || desk.typing.get())
                aria-label=words::TYPE
                aria-pressed=live(move || desk.typing.get().to_string())
                title="K"
                on:click=move |_| desk.toggle_typing()
            >
                <Glyph icon=Icon::Keyboard/>
            </button>
            <button
                type="button"
                class="control end"
                aria-label=words::END_CALL
                title="E"
                on:click=move |_| session.hang_up()
            >
                <Glyph icon=Icon::HangUp/>
                <span>{words::END}</span>
            </button>
        </div>
    }
}

/// The speaker's switch.
#[component]
fn Speaker() -> impl IntoView {
    let session = use_call_session();
    view! {
        <button
            type="button"
            class="control"
            class:off=live(move || !session.speaker_on.get())
            aria-label=words::SPEAKER
            aria-pressed=live(move || session.speaker_on.get().to_string())
            title="S"
            on:click=move |_| session.toggle_speaker()
        >
            {live(move || {
                let icon = if session.speaker_on.get() { Icon::Speaker } else { Icon::SpeakerOff };
                part(view! { <Glyph icon/> })
            })}
        </button>
    }
}

/// The microphone's button: a switch, or a key to hold under push to talk. The level rises inside it.
#[component]
fn Microphone() -> impl IntoView {
    let session = use_call_session();
    let level = RwSignal::new(0_u8);
    let frames = StoredValue::new_local(None::<Frames>);
    Effect::new(move || {
        frames.set_value(Some(Frames::start(move |_| {
            // The root, since small levels are heard better than they measure.
            let percent = (session.levels().microphone.sqrt() * 100.0) as u8;
            if percent != level.get_untracked() {
                level.set(percent);
            }
        })));
    });
    on_cleanup(move || frames.set_value(None));

    let pushing = session.push_to_talk;
    let open = move || session.microphone_on.get() && session.microphone_problem.with(Option::is_none);
    let silent = move || if pushing.get() { !session.talking.get() } else { !open() };
    let pressed = move || if pushing.get() { session.talking.get() } else { !open() };
    let hold = move |held| {
        if pushing.get_untracked() {
            session.talk(held);
        }
    };
    view! {
        <button
            type="button"
            class="control microphone"
            class:off=live(move || silent() && !pushing.get() && session.mode.get() == Mode::Voice)
            class:on=live(move || pushing.get() && session.talking.get())
            data-first=""
            aria-label=live(move || if pushing.get() { words::HOLD } else { words::MUTE })
            aria-pressed=live(move || pressed().to_string())
            title=live(move || if pushing.get() { "Space" } else { "M" })
            on:click=move |_| session.toggle_microphone()
            on:pointerdown=move |_| hold(true)
            on:pointercancel=move |_| hold(false)
            on:pointerleave=move |_| hold(false)
            on:contextmenu=move |event| {
                if pushing.get_untracked() {
                    event.prevent_default();
                }
            }
        >
            <i class="level" style:transform=live(move || format!("scaleY({}%)", level.get()))></i>
            {live(move || {
                let icon = if silent() { Icon::MicrophoneOff } else { Icon::Microphone };
                part(view! { <Glyph icon/> })
            })}
        </button>
    }
}
