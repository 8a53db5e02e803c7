//! After a call: how long it was, what was said, and what one can do with it.

use leptos::prelude::*;

use super::{session::use_call_session, transcript::Transcript, words};
use crate::{
    domain::{call::CallState, transcript::Speaker},
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::when,
    },
};

/// What the panel shows for [`CallState::Ended`].
#[component]
pub fn Ended() -> impl IntoView {
    let session = use_call_session();
    let length = live(move || session.state.with(CallState::length).map_or_else(String::new, words::clock));
    let lines = move |visitor: bool| {
        session.lines.with(|lines| lines.iter().filter(|line| (line.speaker == Speaker::Visitor) == visitor).count())
    };
    let something_said = move || session.lines.with(|lines| !lines.is_empty());
    view! {
        <div class="sheet-body">
            <h3 class="title">{words::THANKS}</h3>
            <dl class="facts">
                <div>
                    <dt>{words::LENGTH}</dt>
                    <dd class="num">{length}</dd>
                </div>
                <div>
                    <dt>{words::QUESTIONS}</dt>
                    <dd class="num">{live(move || lines(true))}</dd>
                </div>
                <div>
                    <dt>{words::ANSWERS}</dt>
                    <dd class="num">{live(move || lines(false))}</dd>
                </div>
            </dl>
            <p class="text-ink-2">
                {words::AFTER} " " {when(something_said, || words::AFTER_TEXT)}
            </p>
        </div>
        <Transcript/>
        <div class="controls two">
            {when(
                something_said,
                move || {
                    view! {
                        <a class="control" download=words::SAVE_AS href=live(move || text_file(&session.transcript_text()))>
                            <Glyph icon=Icon::Save/>
                            {words::SAVE}
                        </a>
                    }
                },
            )}
            <button type="button" class="control accent" data-first="" on:click=move |_| session.retry()>
                <Glyph icon=Icon::Phone/>
                {words::CALL_AGAIN}
            </button>
        </div>
    }
}

/// A text as a file that a link can save.
fn text_file(text: &str) -> String {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let mut url = String::from("data:text/plain;charset=utf-8,");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            url.push(char::from(byte));
        } else {
            url.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::text_file;

    #[test]
    fn a_saved_text_survives_its_address() {
        assert_eq!(text_file("Ja: 1 €\n#?"), "data:text/plain;charset=utf-8,Ja%3A%201%20%E2%82%AC%0A%23%3F");
    }
}
