//! A call that could not begin or go on: the cause in plain words, the way out, and two ways on.

use std::time::Duration;

use leptos::{leptos_dom::helpers::IntervalHandle, prelude::*};

use super::{session::use_call_session, transcript::Transcript, words};
use crate::{
    domain::call::{Mode, Problem},
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::{part, when},
    },
};

/// What the panel shows for a call that failed.
#[component]
pub fn ProblemScreen() -> impl IntoView {
    let session = use_call_session();
    live(move || {
        let problem = session.state.with(|state| state.problem().cloned());
        problem.map(|problem| part(view! { <ProblemCard problem/> }))
    })
}

#[component]
fn ProblemCard(
    /// What is wrong.
    problem: Problem,
) -> impl IntoView {
    let session = use_call_session();
    let advice = words::advice(&problem);
    let steps = advice.steps.into_iter().map(|step| view! { <li>{step}</li> }).collect_view();
    let without_microphone = concerns_microphone(&problem);
    // Any call would be one too many.
    let other_ways = !matches!(problem, Problem::RateLimited { .. });
    let left = match problem {
        Problem::RateLimited { retry_after } => countdown(retry_after),
        Problem::MicrophoneDenied
        | Problem::MicrophoneMissing
        | Problem::MicrophoneBusy
        | Problem::MicrophoneUnheard
        | Problem::InsecurePage
        | Problem::BlockedFrame
        | Problem::TokenRefused(_)
        | Problem::ServerUnreachable
        | Problem::AgentNeverJoined
        | Problem::ConnectionLost => Signal::stored(Duration::ZERO),
    };
    let waiting = move || !left.get().is_zero();
    view! {
        <div class="sheet-body">
            <section class="card bad mt-2" role="alert">
                <h3 class="font-semibold">{advice.title}</h3>
                <ol>{steps}</ol>
            </section>
            {without_microphone.then(|| view! { <p class="text-ink-2">{words::WITHOUT_MICROPHONE}</p> })}
        </div>
        {when(move || session.lines.with(|lines| !lines.is_empty()), || view! { <Transcript/> })}
        <div class="foot">
            <div class="controls" class:tight=other_ways>
                <button
                    type="button"
                    class="control go"
                    data-first=""
                    aria-disabled=live(move || waiting().to_string())
                    on:click=move |_| {
                        if !waiting() {
                            session.retry();
                        }
                    }
                >
                    {words::TRY_AGAIN}
                    {when(waiting, move || view! { <span class="num">{live(move || words::wait(left.get()))}</span> })}
                </button>
            </div>
            {other_ways
                .then(|| {
                    view! {
                        <div class="controls two">
                            <button type="button" class="control" on:click=move |_| session.start(Mode::Text)>
                                <Glyph icon=Icon::Keyboard/>
                                {words::TYPE_INSTEAD}
                            </button>
                            <button type="button" class="control" on:click=move |_| session.start(Mode::Listen)>
                                <Glyph icon=Icon::Speaker/>
                                {words::LISTEN_ONLY}
                            </button>
                        </div>
                    }
                })}
        </div>
    }
}

fn concerns_microphone(problem: &Problem) -> bool {
    match problem {
        Problem::MicrophoneDenied
        | Problem::MicrophoneMissing
        | Problem::MicrophoneBusy
        | Problem::MicrophoneUnheard
        | Problem::InsecurePage
        | Problem::BlockedFrame => true,
        Problem::TokenRefused(_)
        | Problem::RateLimited { .. }
        | Problem::ServerUnreachable
        | Problem::AgentNeverJoined
        | Problem::ConnectionLost => false,
    }
}

/// What is left of `from`, second by second.
fn countdown(from: Duration) -> Signal<Duration> {
    const SECOND: Duration = Duration::from_secs(1);
    let left = RwSignal::new(from);
    let handle = StoredValue::new(None::<IntervalHandle>);
    Effect::new(move || {
        let tick = move || left.update(|left| *left = left.saturating_sub(SECOND));
        handle.set_value(set_interval_with_handle(tick, SECOND).ok());
    });
    on_cleanup(move || {
        if let Some(handle) = handle.try_get_value().flatten() {
            handle.clear();
        }
    });
    left.into()
}
