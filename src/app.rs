//! The document shell and the routes of the site.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::{Meta, MetaTags, Title, provide_meta_context};
use leptos_router::{
    StaticSegment,
    components::{Route, Router, Routes},
};

use crate::{
    domain::{call::Answering, faq::Faq, site::Site},
    ui::{call::CallWidget, site::SitePage},
};

/// Fetches the widget's code when the visitor reaches for the button; until then the page has no script to load.
const START: &str = include_str!("app/start.js");

/// The HTML document around [`App`].
pub fn shell() -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"/>
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f3f8f8"/>
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0a1114"/>
                <link rel="icon" href="/icon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href="/pkg/frontdesk.css"/>
                <MetaTags/>
            </head>
            <body>
                <App/>
                <script type="module" nonce=use_nonce() inner_html=START></script>
            </body>
        </html>
    }
}

/// Every page of the site.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <Missing/> }>
                <Route path=StaticSegment("") view=Home/>
            </Routes>
        </Router>
    }
}

#[component]
fn Home() -> impl IntoView {
    let site: Site = expect_context();
    let faq: Faq = expect_context();
    let answering = use_context::<Answering>().unwrap_or_default();
    view! {
        <Title text=site.name.clone()/>
        <Meta name="description" content=site.description.clone()/>
        <SitePage site=site.clone() faq answering/>
        <CallWidget/>
        <p id="call-note" class="call-note" role="alert" hidden>
            "The call could not be loaded. Press the button to try again, or "
            <a href="#contact" class="font-semibold underline">"ring or write to us"</a>
            "."
        </p>
    }
}

#[component]
fn Missing() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="mx-auto max-w-xl px-5 py-32">
            <h1 class="display text-4xl font-semibold">"There is nothing at this address."</h1>
            <p class="mt-4 text-lg"><a href="/" class="font-semibold text-accent-ink underline">"To the first page"</a></p>
        </main>
    }
}
