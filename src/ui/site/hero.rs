//! The top of the page: one sentence over a harbour, what to do next, and what speaks for the business.

use leptos::prelude::*;

use super::scene::HarbourScene;
use crate::{
    domain::{
        call::Answering,
        site::{Fact, Hero},
    },
    ui::icon::{Glyph, Icon},
};

/// The band at the top.
#[component]
pub fn HeroBand(
    /// Its words.
    hero: Hero,
    /// The numbers below it.
    facts: Vec<Fact>,
    /// Who answers calls; the page says so where they go by text.
    answering: Answering,
) -> impl IntoView {
    let facts = facts
        .into_iter()
        .map(|Fact { value, label }| {
            view! {
                <div class="flex flex-col-reverse justify-end gap-1 border-line pt-5 sm:border-l sm:pl-6 sm:pt-0">
                    <dt class="max-w-56 text-sm text-ink-2">{label}</dt>
                    <dd class="display num text-4xl font-semibold text-ink">{value}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="hero relative -mt-16 overflow-hidden">
            <HarbourScene/>
            <div class="relative mx-auto max-w-6xl px-5 pb-72 pt-28 md:px-8 md:pt-40">
                <p class="text-sm font-semibold text-accent-ink">{hero.eyebrow}</p>
                <h1 class="display mt-4 max-w-2xl text-5xl font-semibold leading-none text-ink md:text-7xl">{hero.title}</h1>
                <p class="mt-6 max-w-lg text-lg text-ink md:text-xl">{hero.lead}</p>
                <div class="mt-8 flex flex-wrap gap-3">
                    <a
                        href="#contact"
                        data-call=""
                        class="inline-flex h-12 items-center gap-2 rounded-2xl bg-ink px-5 font-semibold text-surface hover:opacity-90"
                    >
                        <Glyph icon=Icon::Phone size=18/>
                        "Ask for your date"
                    </a>
                    <a
                        href="#music"
                        class="glass inline-flex h-12 items-center rounded-2xl px-5 font-semibold text-ink hover:text-accent-ink"
                    >
                        "Music and prices"
                    </a>
                </div>
                {(answering == Answering::InWriting)
                    .then(|| {
                        view! {
                            <p class="glass mt-6 inline-block rounded-2xl px-4 py-3 text-sm text-ink">
                                "The assistant has no voice on this machine, so calls work by text."
                            </p>
                        }
                    })}
            </div>
        </section>
        <section aria-label="In numbers" class="mx-auto max-w-6xl px-5 py-12 md:px-8">
            <dl class="grid gap-5 sm:grid-cols-3">{facts}</dl>
        </section>
    }
    .into_any()
}
