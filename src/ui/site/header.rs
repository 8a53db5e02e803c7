//! The bar at the top of the page: who this is, where things are, the number to ring.

use leptos::prelude::*;

use super::tel;
use crate::ui::icon::{Glyph, Icon};

/// The page's header.
#[component]
pub fn Header(
    /// The business's name.
    name: String,
    /// Its telephone number.
    phone: String,
) -> impl IntoView {
    let ring = tel(&phone);
    view! {
        <header class="masthead sticky top-0 z-20">
            <div class="mx-auto flex h-16 max-w-6xl items-center gap-4 px-5 md:gap-8 md:px-8">
                <a href="/" class="flex min-w-0 items-center gap-3 text-base font-semibold tracking-tight text-ink">
                    <span class="grid h-8 w-8 shrink-0 place-items-center rounded-lg bg-accent text-on-accent">
                        <Glyph icon=Icon::Wave size=18/>
                    </span>
                    <span class="truncate">{name}</span>
                </a>
                <nav aria-label="On this page" class="ml-auto hidden items-center gap-7 text-sm font-medium text-ink-2 md:flex">
                    <a href="#music" class="py-2 hover:text-ink">"Music and prices"</a>
                    <a href="#booking" class="py-2 hover:text-ink">"How it works"</a>
                    <a href="#questions" class="py-2 hover:text-ink">"Questions"</a>
                </nav>
                <a
                    href=ring
                    class="num ml-auto whitespace-nowrap py-2 text-sm font-semibold text-ink hover:text-accent-ink md:ml-0"
                >
                    {phone}
                </a>
            </div>
        </header>
    }
    .into_any()
}
