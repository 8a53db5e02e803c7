//! The start screen: what a call is, what it does with the microphone, what one can ask.

use leptos::prelude::*;

use super::{desk::use_desk, session::use_call_session, words};
use crate::{
    browser::screen,
    domain::call::{Answering, Mode},
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::when,
    },
};

/// What the panel shows before a call.
#[component]
pub fn Start(
    /// What one can ask at once.
    questions: Vec<String>,
    /// Who answers calls.
    answering: Answering,
) -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let offered = move || session.rejoin.with(Option::is_some);
    let speech = answering != Answering::InWriting;
    let mode = if speech { Mode::Voice } else { Mode::Text };
    let questions = questions
        .into_iter()
        .map(|question| {
            let asked = question.clone();
            let ask = move |_| {
                desk.question.set(Some(asked.clone()));
                session.start(mode);
            };
            view! {
                <li>
                    <button type="button" class="question" on:click=ask>
                        {question}
                        <Glyph icon=Icon::Right size=16/>
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="sheet-body">
            {when(offered, || view! { <Rejoin/> })}
            <h3 class="title">{words::START_TITLE}</h3>
            <p class="text-ink-2">{words::start_text(answering)}</p>
            <ul class="mt-2 grid gap-2" aria-label=words::ASK hidden=live(offered)>
                {questions}
            </ul>
        </div>
        <div class="controls">
            <button
                type="button"
                class=live(move || if offered() { "control tall flex-1" } else { "control go" })
                data-first=""
                on:click=move |_| session.start(mode)
            >
                <Glyph icon={if speech { Icon::Phone } else { Icon::Keyboard }}/>
                {if speech { words::START } else { words::START_CHAT }}
            </button>
            {speech
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="control tall"
                            aria-label=words::START_TYPING
                            title=words::START_TYPING
                            on:click=move |_| session.start(Mode::Text)
                        >
                            <Glyph icon=Icon::Keyboard/>
                        </button>
                    }
                })}
        </div>
    }
}

/// The offer to go back to a call that outlived a reload.
#[component]
fn Rejoin() -> impl IntoView {
    let session = use_call_session();
    let not_now = move |_| {
        session.dismiss_rejoin();
        screen::after_render(|| screen::focus(".panel [data-first]"));
    };
    view! {
        <section class="card calm" aria-label=words::REJOIN_TITLE>
            <p class="font-semibold">{words::REJOIN_TITLE}</p>
            <p>{words::REJOIN_TEXT}</p>
            <div class="mt-2 flex gap-2">
                <button type="button" class="control strong" data-first="" on:click=move |_| session.rejoin_call()>
                    {words::REJOIN}
                </button>
                <button type="button" class="control plain" on:click=not_now>
                    {words::REJOIN_NOT}
                </button>
            </div>
        </section>
    }
}
