//! The page of a small business around the call button. Knows its words only as data; starts nothing by itself.

mod art;
mod footer;
mod header;
mod hero;
mod questions;
mod scene;
mod services;
mod steps;

use leptos::prelude::*;

use self::{footer::Footer, header::Header, hero::HeroBand, questions::Questions, services::Services, steps::Steps};
use crate::domain::{call::Answering, faq::Faq, site::Site};

/// The whole page but the call widget.
#[component]
pub fn SitePage(
    /// The page's words.
    site: Site,
    /// What people ask.
    faq: Faq,
    /// Who answers calls.
    answering: Answering,
) -> impl IntoView {
    let Site { name, description: _, opening_questions: _, hero, facts, services, steps, quote, contact, imprint } =
        site;
    view! {
        <a
            href="#content"
            class="fixed left-4 top-4 z-50 -translate-y-20 rounded-xl bg-raised px-4 py-2 font-semibold text-ink focus:translate-y-0"
        >
            "Skip to the content"
        </a>
        <Header name=name.clone() phone=contact.phone.clone()/>
        <main id="content">
            <HeroBand hero facts answering/>
            <Services services/>
            <Steps steps quote/>
            <Questions faq/>
        </main>
        <Footer name contact imprint/>
    }
    .into_any()
}

/// A telephone number as a link's address.
fn tel(phone: &str) -> String {
    let digits: String = phone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    format!("tel:{digits}")
}

#[cfg(test)]
mod tests {
    use super::tel;

    #[test]
    fn a_telephone_link_holds_digits_only() {
        assert_eq!(tel("+49 40 5550-0142"), "tel:+494055500142");
    }
}
