//! The drawings on the service cards, in the accent on its soft companion.

use leptos::prelude::*;

use crate::domain::site::Art;

/// One card's drawing.
#[component]
pub fn Drawing(
    /// Which.
    art: Art,
) -> impl IntoView {
    let (strokes, fills) = match art {
        // Four strings; the second one sounds.
        Art::Strings => (
            "M0 40h480M0 72c80-30 160-30 240 0s160 30 240 0M0 72c80 30 160 30 240 0s160-30 240 0M0 104h480M0 136h480",
            "",
        ),
        Art::Keys => (
            "M30 176V60M90 176V60M150 176V60M210 176V60M270 176V60M330 176V60M390 176V60M450 176V60M0 60h480",
            "M76 60h28v66H76zM136 60h28v66h-28zM256 60h28v66h-28zM316 60h28v66h-28zM376 60h28v66h-28z",
        ),
        Art::Decks => (
            "M240 20a68 68 0 1 1-.1 0M240 42a46 46 0 1 1-.1 0M240 62a26 26 0 1 1-.1 0M352 24l12 12-38 82-22 14",
            "M240 78a10 10 0 1 1-.1 0",
        ),
        Art::Waves => (
            "M0 128c40-24 80-24 120 0s80 24 120 0 80-24 120 0 80 24 120 0M0 154c40-24 80-24 120 0s80 24 120 0 80-24 120 0 80 24 120 0M150 92V44h180v48M132 44h216L330 24H150z",
            "M180 92V66h12v26zM210 92V56h12v36zM240 92V62h12v30zM270 92V52h12v40zM300 92V68h12v24z",
        ),
    };
    view! {
        <svg viewBox="0 0 480 176" preserveAspectRatio="xMidYMid slice" aria-hidden="true" class="h-44 w-full bg-accent-soft text-accent">
            <path d=fills fill="currentColor" opacity=".85"/>
            <path d=strokes fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"/>
        </svg>
    }
}
