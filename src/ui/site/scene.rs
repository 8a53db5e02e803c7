//! The harbour at the top of the page: a sun whose rays are a voice, and its reflection in the water. Pure geometry;
//! colours are tokens, so that it is morning in the light theme and night in the dark one.

use std::{f32::consts::PI, fmt::Write};

use leptos::prelude::*;

/// Where the sun stands on the horizon, in the drawing's own units (2400 x 720).
const SUN: (f32, f32) = (1_200.0, 560.0);
/// Rays above the horizon.
const RAYS: u16 = 45;
/// Bars of its reflection.
const BARS: u16 = 9;

/// The drawing behind the first words.
#[component]
pub fn HarbourScene() -> impl IntoView {
    view! {
        <svg viewBox="0 0 2400 720" preserveAspectRatio="xMidYMax slice" aria-hidden="true" class="harbour absolute bottom-0 left-0">
            <defs>
                <linearGradient id="water" x2="0" y2="1">
                    <stop stop-color="var(--water)"/>
                    <stop offset="1" stop-color="var(--deep)"/>
                </linearGradient>
            </defs>
            <path d=rays() stroke="var(--sun)" stroke-width="6" stroke-linecap="round"/>
            <path fill="var(--sun)" d="M1080 560a120 120 0 0 1 240 0z"/>
            <path fill="var(--far)" transform="translate(280 224) scale(.9 .6)" d=SKYLINE/>
            <path fill="var(--near)" transform="translate(200)" d=CRANES/>
            <path fill="url(#water)" d="M0 560h2400v160H0z"/>
            <path d=reflection() stroke="var(--sun)" stroke-width="5" stroke-linecap="round" opacity=".85"/>
            <path
                d="M280 604h150M500 640h90M710 610h70M830 668h160M1430 620h120M1368 676h90M370 690h110M1700 640h150"
                stroke="var(--haze)"
                stroke-width="3"
                stroke-linecap="round"
                opacity=".35"
            />
            <path
                fill="var(--deep)"
                transform="translate(330 168) scale(.7)"
                d="M662 560h136l-18 24h-94zM727 556V424l62 120h-62zM719 540v-92l-44 92z"
            />
        </svg>
    }
    .into_any()
}

/// Gabled warehouses and a hall with a roof like a wave.
const SKYLINE: &str = "M0 560v-92h34v-22l22-20 22 20v22h14v-38l24-22 24 22v38h12v-14l20-18 20 18v14h10v-52l26-24 26 24v52h16v-26l20-18 20 18v26h18V560zM380 560v-120c18-30 34 10 56-16s34-40 58-22 26-14 42-18v176z";
/// Two cranes, looking out to sea.
const CRANES: &str = "M1212 560l14-128h-58l-4-10h62l4-46h10l4 46h92v10h-90l14 128h-10l-4-36h-24l-4 36zm12-46h20l-8-74h-4zM1344 560l12-104h-46l-4-8h52l2-38h10l2 38h68v8h-66l12 104h-10l-2-28h-18l-4 28z";

/// How loud the voice is in one direction, 0..=1: three slow waves that never repeat within the drawing.
fn loudness(index: u16) -> f32 {
    let i = f32::from(index);
    let carrier = ((i * 1.7).sin() * 0.5 + (i * 0.61 + 1.0).sin() * 0.5).abs();
    carrier * (0.4 + 0.6 * (i * 0.22 + 0.4).sin().abs())
}

/// The rays, from the left horizon over the top to the right one.
fn rays() -> String {
    let mut path = String::new();
    for index in 0..RAYS {
        let angle = PI * (1.0 + f32::from(index) / f32::from(RAYS - 1));
        let (from, to) = (146.0, 156.0 + 74.0 * loudness(index));
        let at = |radius: f32| (SUN.0 + angle.cos() * radius, SUN.1 - 4.0 + angle.sin() * radius);
        let ((x0, y0), (x1, y1)) = (at(from), at(to));
        write!(path, "M{x0:.0} {y0:.0}L{x1:.0} {y1:.0}").expect("writing to a string");
    }
    path
}

/// The reflection: bars below the sun, as wide as the voice is loud.
fn reflection() -> String {
    let mut path = String::new();
    for index in 0..BARS {
        let half = (118.0 - f32::from(index) * 6.0) * (0.35 + 0.65 * loudness(index + 3));
        let y = SUN.1 + 16.0 + f32::from(index) * 15.0;
        write!(path, "M{:.0} {y:.0}h{:.0}", SUN.0 - half, half * 2.0).expect("writing to a string");
    }
    path
}
