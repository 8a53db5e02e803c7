//! The short notes above the controls: what is off, what is blocked, what was not sent.

use leptos::prelude::*;

use super::{desk::use_desk, session::use_call_session, words};
use crate::{
    browser::screen,
    domain::call::{CallState, Mode},
    ui::{
        icon::{Glyph, Icon},
        live::{Live, live},
        part::{Part, part, when},
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
            {when(
                reconnecting,
                || {
                    view! {
                        <div class="card warn">
                            <p class="font-semibold">{words::NETWORK_TITLE}</p>
                            <p>{words::NETWORK_TEXT}</p>
                        </div>
                    }
                },
            )}
            {live(move || {
                session
                    .microphone_problem
                    .get()
                    .map(|problem| {
                        let advice = words::advice(&problem);
                        part(view! {
                            <div class="card bad">
                                <p class="font-semibold">{advice.title}</p>
                                <p>{words::MICROPHONE_LOST}</p>
                            </div>
                        })
                    })
            })}
            {live(move || {
                session
                    .chat_problem
                    .get()
                    .map(|text| {
                        let again = text.clone();
                        part(view! {
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
                        })
                    })
            })}
            {when(
                move || session.playback_blocked.get(),
                move || {
                    view! {
                        <button type="button" class="control hear" on:click=move |_| session.allow_playback()>
                            <Glyph icon=Icon::Speaker/>
                            {words::TAP_TO_HEAR}
                        </button>
                    }
                },
            )}
            {note(Icon::Keyboard, move || session.text_only.get().then_some(words::TEXT_ONLY))}
            {note(Icon::MicrophoneOff, move || muted().then_some(words::MUTED))}
            {note(
                Icon::Push,
                move || pushing().then(|| if session.talking.get() { words::PUSH_TALKING } else { words::PUSH_NOTE }),
            )}
            {note(Icon::SpeakerOff, move || silent().then_some(words::SILENT))}
        </div>
    }
}

/// A note that stands while there is something to say.
fn note(icon: Icon, text: impl Fn() -> Option<&'static str> + Send + Sync + 'static) -> Live<Option<Part>> {
    let text = Memo::new(move |_| text());
    live(move || text.get().map(|text| part(view! { <Note icon text/> })))
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
