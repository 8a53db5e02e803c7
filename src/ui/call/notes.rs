//! The short notes above the controls: what is off, what is blocked, what was not sent.

use leptos::prelude::*;

use super::{desk::use_desk, session::use_call_session, words};
use crate::{
    browser::screen,
    domain::call::{CallState, Mode},
    ui::{
        icon::{Glyph, Icon},
        live::live,
    },
};

/// Every note that applies.
#[component]
pub fn Notes() -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let connected = Memo::new(move |_| session.state.with(|state| matches!(state, CallState::Connected { .. })));
    let reconnecting = move || session.state.with(|state| matches!(state, CallState::Reconnecting { .. }));
    // A microphone that is lost has a card of its own.
    let muted = move || {
        let voice = session.mode.get() == Mode::Voice && !session.text_only.get();
        let lost = session.microphone_problem.with(Option::is_some);
        voice && !lost && connected.get() && !session.push_to_talk.get() && !session.microphone_on.get()
    };
    let pushing = move || connected.get() && session.push_to_talk.get() && !session.text_only.get();
    let silent = move || connected.get() && !session.speaker_on.get();
    // Without a voice on the other side the text field is the way to talk, and the microphone that may have the focus
    // goes.
    Effect::new(move || {
        if session.text_only.get() {
            desk.typing.set(true);
            screen::after_render(|| screen::focus(".composer input"));
        }
    });
    view! {
        <div class="notes" role="status">
            <Show when=reconnecting>
                <div class="card warn">
                    <p class="font-semibold">{words::NETWORK_TITLE}</p>
                    <p>{words::NETWORK_TEXT}</p>
                </div>
            </Show>
            {live(move || {
                session
                    .microphone_problem
                    .get()
                    .map(|problem| {
                        let advice = words::advice(&problem);
                        view! {
                            <div class="card bad">
                                <p class="font-semibold">{advice.title}</p>
                                <p>{words::MICROPHONE_LOST}</p>
                            </div>
                        }
                    })
            })}
            {live(move || {
                session
                    .chat_problem
                    .get()
                    .map(|text| {
                        let again = text.clone();
                        view! {
                            <div class="card bad">
                                <p><span class="font-semibold">{words::UNSENT}</span> " " {text}</p>
                                <button
                                    type="button"
                                    class="justify-self-start py-1 font-semibold underline underline-offset-4"
                                    on:click=move |_| session.send(again.clone())
                                >
                                    {words::SEND_AGAIN}
                                </button>
                            </div>
                        }
                    })
            })}
            <Show when=move || session.playback_blocked.get()>
                <button type="button" class="control hear" on:click=move |_| session.allow_playback()>
                    <Glyph icon=Icon::Speaker/>
                    {words::TAP_TO_HEAR}
                </button>
            </Show>
            <Show when=move || session.text_only.get()>
                <Note icon=Icon::Keyboard text=words::TEXT_ONLY/>
            </Show>
            <Show when=muted>
                <Note icon=Icon::MicrophoneOff text=words::MUTED/>
            </Show>
            <Show when=pushing>
                {live(move || {
                    let text = if session.talking.get() { words::PUSH_TALKING } else { words::PUSH_NOTE };
                    view! { <Note icon=Icon::Push text/> }
                })}
            </Show>
            <Show when=silent>
                <Note icon=Icon::SpeakerOff text=words::SILENT/>
            </Show>
        </div>
    }
}

#[component]
fn Note(
    /// What it is about.
    icon: Icon,
    /// What it says.
    text: &'static str,
) -> impl IntoView {
    view! {
        <p class="note">
            <Glyph icon size=15/>
            {text}
        </p>
    }
}
