//! The list of keys.

use leptos::prelude::*;

use super::{settings::SheetHead, words};

/// What the keys do.
#[component]
pub fn KeySheet() -> impl IntoView {
    let keys = words::KEYS
        .into_iter()
        .map(|(key, meaning)| {
            view! {
                <div class="flex items-center justify-between gap-4">
                    <dt>{meaning}</dt>
                    <dd><kbd>{key}</kbd></dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="sheet" aria-labelledby="keys-title">
            <SheetHead title=words::SHORTCUTS id="keys-title"/>
            <dl class="grid gap-2.5 text-sm">{keys}</dl>
            <p class="text-xs text-ink-2">{words::KEYS_NOTE}</p>
        </section>
    }
}
