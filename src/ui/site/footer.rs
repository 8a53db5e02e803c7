//! How to reach people, and who is answerable for the page.

use leptos::prelude::*;

use super::tel;
use crate::domain::site::{Contact, Imprint};

/// The end of the page. Its anchor is where the call button leads while no script has arrived.
#[component]
pub fn Footer(
    /// The business's name.
    name: String,
    /// How to reach people.
    contact: Contact,
    /// Who is answerable.
    imprint: Imprint,
) -> impl IntoView {
    let Contact { lead, phone, email, address, hall } = contact;
    let address = address.into_iter().map(|line| view! { <span class="block">{line}</span> }).collect_view();
    let lines = imprint.lines.into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
    let ring = tel(&phone);
    view! {
        <footer id="contact" class="quay">
            <div class="mx-auto max-w-6xl px-5 pb-28 pt-16 md:px-8 md:pt-24">
                <h2 class="display max-w-2xl text-4xl font-semibold md:text-6xl">"Tell us about the evening."</h2>
                <p class="mt-4 max-w-lg text-lg">{lead}</p>
                <div class="mt-10 grid gap-8 md:grid-cols-3">
                    <p class="text-xl font-semibold">
                        <a class="num block py-1 hover:underline" href=ring>{phone}</a>
                        <a class="block py-1 hover:underline" href=format!("mailto:{email}")>{email.clone()}</a>
                    </p>
                    <address class="not-italic">{address}</address>
                    <p class="max-w-xs">{hall}</p>
                </div>
                <div class="quay-line mt-16 grid gap-6 border-t pt-6 text-sm md:grid-cols-2">
                    <div id="imprint">
                        <p class="font-semibold">{name}</p>
                        {lines}
                    </div>
                    <p class="md:max-w-md md:justify-self-end">{imprint.privacy}</p>
                </div>
            </div>
        </footer>
    }
    .into_any()
}
