//! What one can book, and what it costs.

use leptos::prelude::*;

use super::art::Drawing;
use crate::domain::site::Service;

/// The services, one card each.
#[component]
pub fn Services(
    /// What is sold.
    services: Vec<Service>,
) -> impl IntoView {
    let cards = services
        .into_iter()
        .map(|Service { name, art, price, unit, text, suits }| {
            view! {
                <li class="flex flex-col overflow-hidden rounded-3xl border border-line bg-surface">
                    <Drawing art/>
                    <div class="flex flex-1 flex-col p-6">
                        <div class="flex flex-wrap items-baseline justify-between gap-x-4">
                            <h3 class="display text-2xl font-semibold">{name}</h3>
                            <p class="num text-lg font-semibold text-accent-ink">{price}</p>
                        </div>
                        <p class="mt-3 text-ink-2">{text}</p>
                        <p class="mt-auto flex flex-wrap justify-between gap-x-4 pt-5 text-sm text-ink-2">
                            <span>{suits}</span>
                            <span>{unit}</span>
                        </p>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <section id="music" aria-labelledby="music-title" class="mx-auto max-w-6xl px-5 py-16 md:px-8 md:py-24">
            <h2 id="music-title" class="display max-w-xl text-4xl font-semibold md:text-5xl">"Four ways to fill a room."</h2>
            <p class="mt-4 max-w-lg text-lg text-ink-2">
                "Prices are for the whole group, with travel in the city, set-up and sound included."
            </p>
            <ul class="mt-10 grid gap-5 md:grid-cols-2">{cards}</ul>
        </section>
    }
    .into_any()
}
