//! What people ask, from the same text that the assistant answers from.

use leptos::prelude::*;

use crate::{
    domain::faq::Faq,
    ui::icon::{Glyph, Icon},
};

/// The questions, each to be opened.
#[component]
pub fn Questions(
    /// Questions and answers.
    faq: Faq,
) -> impl IntoView {
    let entries = faq
        .entries
        .into_iter()
        .map(|entry| {
            view! {
                <details name="faq" class="border-t border-line">
                    <summary class="flex items-center justify-between gap-6 py-5 text-lg font-medium hover:text-accent-ink">
                        {entry.question}
                        <Glyph icon=Icon::Down/>
                    </summary>
                    <p class="max-w-xl pb-6 text-ink-2">{entry.answer}</p>
                </details>
            }
        })
        .collect_view();
    view! {
        <section
            id="questions"
            aria-labelledby="questions-title"
            class="mx-auto grid max-w-6xl gap-10 px-5 py-16 md:px-8 md:py-24 lg:grid-cols-[22rem_1fr] lg:gap-20"
        >
            <div>
                <h2 id="questions-title" class="display text-4xl font-semibold md:text-5xl">"Asked before."</h2>
                <p class="mt-4 text-lg text-ink-2">
                    "Our assistant knows all of these, and answers at three in the morning too."
                </p>
                <a href="#contact" data-call="" class="mt-5 inline-block py-2 font-semibold text-accent-ink underline underline-offset-4">
                    "Ask aloud"
                </a>
            </div>
            <div class="border-b border-line">{entries}</div>
        </section>
    }
    .into_any()
}
