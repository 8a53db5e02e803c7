//! The panel: a native dialog that grows out of the button's corner. It lays out the screens of a call; each screen
//! draws itself.

use leptos::{
    ev::{Event, KeyboardEvent},
    html::Dialog,
    prelude::*,
};

use super::{
    composer::Composer,
    controls::Controls,
    desk::{Sheet, use_desk},
    ended::Ended,
    header::Header,
    notes::Notes,
    problem::ProblemScreen,
    session::use_call_session,
    settings::SoundSheet,
    shortcuts::KeySheet,
    stage::Stage,
    start::Start,
    transcript::Transcript,
};
use crate::{
    browser::screen,
    domain::call::{CallState, Mode, Opening},
    ui::{
        live::live,
        part::{part, when},
    },
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Screen {
    Start,
    Call,
    Ended,
    Problem,
}

fn screen_of(state: &CallState) -> Screen {
    match state {
        CallState::Idle => Screen::Start,
        CallState::Ended { .. } => Screen::Ended,
        CallState::Failed(_) => Screen::Problem,
        CallState::RequestingMicrophone
        | CallState::Connecting
        | CallState::WaitingForAgent { .. }
        | CallState::Connected { .. }
        | CallState::Reconnecting { .. } => Screen::Call,
    }
}

/// The panel, closed until [`Desk::open`](super::desk::Desk) says otherwise.
#[component]
pub fn Panel(
    /// What it has to know of the site.
    opening: Opening,
) -> impl IntoView {
    let Opening { business, questions, answering, early } = opening;
    let session = use_call_session();
    let desk = use_desk();
    let dialog = NodeRef::<Dialog>::new();
    let shown = Memo::new(move |_| session.state.with(screen_of));
    // Built at the first opening: the page does not carry it.
    let built = Memo::new(move |before: Option<&bool>| before == Some(&true) || desk.open.get());
    let business = StoredValue::new(business);
    let questions = StoredValue::new(questions);

    Effect::new(move |was: Option<bool>| {
        let open = desk.open.get();
        if let Some(dialog) = dialog.get() {
            match (was.unwrap_or(false), open) {
                (false, true) => {
                    session.prepare(early);
                    screen::open_dialog(&dialog);
                    screen::after_render(|| screen::focus(".panel [data-first]"));
                }
                (true, false) => {
                    dialog.close();
                    screen::after_render(|| screen::focus("#call"));
                }
                (true, true) | (false, false) => {}
            }
        }
        open
    });
    // A new screen replaces the control that had the focus.
    Effect::new(move |before: Option<Screen>| {
        let now = shown.get();
        if before.is_some_and(|before| before != now) && desk.open.get_untracked() {
            desk.sheet.set(None);
            screen::after_render(|| screen::focus(".panel [data-first]"));
        }
        now
    });
    // A sheet takes the focus and gives it back.
    Effect::new(move |before: Option<Option<Sheet>>| {
        let now = desk.sheet.get();
        match (before.flatten(), now) {
            (_, Some(_)) => screen::after_render(|| screen::focus(".sheet [data-first]")),
            // At once: a key that is pressed before the next frame must not get lost.
            (Some(_), None) => screen::focus("#sound-settings"),
            (None, None) => {}
        }
        now
    });
    // Whoever calls by keyboard has the field at hand.
    Effect::new(move || {
        if session.state.with(|state| *state == CallState::Connecting) {
            desk.typing.set(session.mode.get_untracked() == Mode::Text);
        }
    });

    let on_keydown = move |event: KeyboardEvent| {
        if event.key() == "Tab"
            && let Some(dialog) = dialog.get_untracked()
            && screen::turn_focus(&dialog, event.shift_key())
        {
            event.prevent_default();
        }
    };
    // The browser's own way of closing a modal dialog would leave `open` behind.
    let on_cancel = move |event: Event| {
        event.prevent_default();
        desk.step_back();
    };
    let body = move || {
        live(move || match shown.get() {
            Screen::Start => part(view! { <Start questions=questions.get_value() answering/> }),
            Screen::Call => part(view! {
                <Stage/>
                <Transcript/>
                <div class="foot">
                    <Notes/>
                    {when(move || desk.typing.get(), || view! { <Composer/> })}
                    <Controls answering/>
                </div>
            }),
            Screen::Ended => part(view! { <Ended/> }),
            Screen::Problem => part(view! { <ProblemScreen/> }),
        })
    };
    let sheet = move || {
        live(move || {
            desk.sheet.get().map(|sheet| match sheet {
                Sheet::Sound => part(view! { <SoundSheet/> }),
                Sheet::Keys => part(view! { <KeySheet/> }),
            })
        })
    };
    view! {
        <dialog
            node_ref=dialog
            class="panel"
            aria-labelledby="call-with"
            on:keydown=on_keydown
            on:cancel=on_cancel
        >
            {when(
                move || built.get(),
                move || {
                    view! {
                        <Header business=business.get_value() answering/>
                        {body()}
                        {sheet()}
                    }
                },
            )}
        </dialog>
    }
}
