//! How a booking comes about, and what somebody said about one.

use leptos::prelude::*;

use crate::domain::site::{Quote, Step};

/// The steps, and the quote beside them.
#[component]
pub fn Steps(
    /// The steps, in order.
    steps: Vec<Step>,
    /// What a customer said.
    quote: Quote,
) -> impl IntoView {
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(index, Step { title, text })| {
            view! {
                <li class="grid grid-cols-[2.5rem_1fr] gap-x-4 border-t border-line py-6">
                    <span aria-hidden="true" class="display num text-xl font-semibold text-accent-ink">{index + 1}</span>
                    <div>
                        <h3 class="text-lg font-semibold">{title}</h3>
                        <p class="mt-1 text-ink-2">{text}</p>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <section id="booking" aria-labelledby="booking-title" class="bg-surface">
            <div class="mx-auto grid max-w-6xl gap-12 px-5 py-16 md:px-8 md:py-24 lg:grid-cols-[1fr_26rem] lg:gap-20">
                <div>
                    <h2 id="booking-title" class="display max-w-xl text-4xl font-semibold md:text-5xl">
                        "From a question to the first note."
                    </h2>
                    <ol class="mt-10">{steps}</ol>
                </div>
                <figure class="flex flex-col justify-center rounded-3xl bg-accent-soft p-8 md:p-10">
                    <blockquote class="display text-3xl font-semibold leading-tight text-accent-ink">{quote.text}</blockquote>
                    <figcaption class="mt-6 text-sm text-ink">{quote.who}</figcaption>
                </figure>
            </div>
        </section>
    }
    .into_any()
}
