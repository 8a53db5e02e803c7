//! The words of both sides. The assistant's stand free and light up one after the other; the visitor's sit in a quiet
//! bubble. The newest line keeps its place above the controls.

use leptos::prelude::*;

use super::{session::use_call_session, words};
use crate::{
    domain::{
        call::CallState,
        transcript::{Line, Speaker},
    },
    ui::{
        live::live,
        part::{part, when},
    },
};

/// How long a spoken word stands before the next lights up: about 180 words a minute, as flite speaks.
const SPOKEN_WORD_MS: usize = 330;
/// The same for words that nobody speaks.
const WRITTEN_WORD_MS: usize = 30;
/// Words beyond this many in one piece light up together, so that long answers stay readable.
const SLOW_WORDS: usize = 40;

/// The transcript of the call.
#[component]
pub fn Transcript() -> impl IntoView {
    let session = use_call_session();
    let newest = Memo::new(move |_| {
        session
            .lines
            .with(|lines| lines.iter().rfind(|line| line.speaker != Speaker::Visitor).map(|line| line.id.clone()))
    });
    let last_final = live(move || {
        session
            .lines
            .with(|lines| lines.iter().rfind(|line| line.is_final).map(|line| line.text.clone()).unwrap_or_default())
    });
    view! {
        <div class="words" tabindex="0" role="region" aria-label=words::TRANSCRIPT>
            <ol class="grid gap-2.5">
                <For each=move || session.lines.get() key=|line| line.id.clone() let:line>
                    <TranscriptLine first=line newest/>
                </For>
            </ol>
        </div>
        <p class="sr-only" aria-live="polite">{last_final}</p>
    }
}

#[component]
fn TranscriptLine(
    /// The line as it began.
    first: Line,
    /// The other side's newest line.
    newest: Memo<Option<String>>,
) -> impl IntoView {
    let session = use_call_session();
    let id = StoredValue::new(first.id.clone());
    let speaker = first.speaker;
    let in_call = session.state.with_untracked(|state| matches!(state, CallState::Connected { .. }));
    let word_ms = match (in_call, session.text_only.get_untracked()) {
        (true, false) => SPOKEN_WORD_MS,
        (true, true) => WRITTEN_WORD_MS,
        (false, _) => 0,
    };
    let line = Memo::new(move |before: Option<&Line>| {
        session
            .lines
            .with(|lines| id.with_value(|id| lines.iter().rfind(|line| line.id == *id).cloned()))
            .or_else(|| before.cloned())
            .unwrap_or_else(|| first.clone())
    });
    match speaker {
        Speaker::Visitor => part(view! {
            <li class="said-by-you" class:interim=live(move || !line.with(|line| line.is_final))>
                {live(move || line.with(|line| line.text.clone()))}
            </li>
        }),
        Speaker::Agent | Speaker::Staff => {
            let old = live(move || newest.with(|newest| id.with_value(|id| newest.as_ref() != Some(id))));
            part(view! {
                <li class="said-by-us" class:old=old>
                    <Words text=Signal::derive(move || line.with(|line| line.text.clone())) word_ms/>
                    {when(move || line.with(|line| line.interrupted), || "\u{2026}")}
                </li>
            })
        }
    }
}

/// Words that light up in the order in which they came.
#[component]
fn Words(
    /// The text so far.
    text: Signal<String>,
    /// How long each word waits for the one before it.
    word_ms: usize,
) -> impl IntoView {
    let shown = StoredValue::new(0_usize);
    let pieces = move || {
        text.with(|text| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            let known = shown.get_value().min(words.len());
            shown.set_value(words.len());
            words
                .into_iter()
                .enumerate()
                .map(|(index, word)| (index, index.saturating_sub(known).min(SLOW_WORDS) * word_ms, word))
                .collect::<Vec<_>>()
        })
    };
    view! {
        <For each=pieces key=|(index, _, word)| (*index, word.clone()) let((_, delay, word))>
            <span class="word" style:animation-delay=format!("{delay}ms")>{word}</span>
            " "
        </For>
    }
}
