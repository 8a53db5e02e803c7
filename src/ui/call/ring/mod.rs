//! The ring: one shape for both voices, drawn on a canvas around a still core.

mod motion;

use leptos::{html::Canvas as CanvasElement, prelude::*};

use self::motion::{Look, Motion, TICKS, Tick};
use super::session::{CallSession, use_call_session};
use crate::{
    browser::{
        screen::{Canvas, Frames, prefers_little_motion},
        stroke::{Ink, Stroke},
    },
    domain::call::{AgentState, CallState},
    ui::{
        icon::{Glyph, Icon},
        live::live,
    },
};

/// The drawing's edge, in its own units.
const VIEW: f64 = 144.0;
/// Where ticks begin, from the middle.
const RADIUS: f64 = 50.0;

/// How large the ring is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// In the panel: 148 px, and 84 px while the visitor types.
    Stage,
    /// In the collapsed call: 40 px.
    Mini,
}

impl Size {
    const fn edge_px(self) -> f64 {
        match self {
            Self::Stage => 148.0,
            Self::Mini => 40.0,
        }
    }

    /// Ticks are thicker where the ring is small, so that they stay visible.
    const fn stroke(self) -> f64 {
        match self {
            Self::Stage => 3.0,
            Self::Mini => 4.2,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Stage => "voices",
            Self::Mini => "voices mini",
        }
    }
}

/// The ring, moved by the session's levels.
#[component]
pub fn Ring(
    /// Its size.
    size: Size,
) -> impl IntoView {
    let session = use_call_session();
    let look = Memo::new(move |_| look_of(&session));
    let canvas = NodeRef::<CanvasElement>::new();
    let frames = StoredValue::new_local(None::<Frames>);
    Effect::new(move || {
        let Some(mut painter) = canvas.get().and_then(|canvas| Canvas::new(&canvas, size.edge_px(), VIEW)) else {
            return;
        };
        if prefers_little_motion() {
            // Drawn anew with each look, and once a frame for the colours of the theme.
            frames.set_value(Some(Frames::start(move |_| {
                painter.show(size.stroke(), strokes(&Motion::still(look.get_untracked())));
            })));
            return;
        }
        let mut motion = Motion::default();
        frames.set_value(Some(Frames::start(move |now| {
            let ticks = motion.step(look.get_untracked(), session.levels(), now);
            painter.show(size.stroke(), strokes(ticks));
        })));
    });
    on_cleanup(move || frames.set_value(None));
    view! {
        <span class=size.class() data-look=live(move || look_name(look.get())) aria-hidden="true">
            <canvas node_ref=canvas></canvas>
            <span class="core">
                <Glyph icon=Icon::Wave size={if size == Size::Mini { 12 } else { 36 }}/>
            </span>
        </span>
    }
}

fn look_of(session: &CallSession) -> Look {
    let agent = session.agent.get();
    session.state.with(|state| match state {
        CallState::Idle | CallState::Ended { .. } | CallState::Failed(_) => Look::Idle,
        CallState::RequestingMicrophone
        | CallState::Connecting
        | CallState::WaitingForAgent { .. }
        | CallState::Reconnecting { .. } => Look::Connecting,
        CallState::Connected { .. } => match agent {
            Some(AgentState::Speaking) => Look::Speaking,
            Some(AgentState::Thinking) => Look::Thinking,
            Some(AgentState::Listening | AgentState::Idle | AgentState::Initializing) | None => Look::Listening,
        },
    })
}

fn look_name(look: Look) -> &'static str {
    match look {
        Look::Idle => "idle",
        Look::Connecting => "connecting",
        Look::Listening => "listening",
        Look::Thinking => "thinking",
        Look::Speaking => "speaking",
    }
}

/// The lines of all ticks: a dot in the line's colour where a tick is not lit, and its two owners' colours above it.
fn strokes(ticks: &[Tick; TICKS]) -> Vec<Stroke> {
    /// Less than this is not seen.
    const FAINT: f64 = 0.02;
    let mut strokes = Vec::with_capacity(TICKS);
    for (index, tick) in ticks.iter().enumerate() {
        let turn = index as f64 / TICKS as f64;
        let mut add = |ink, alpha, length| {
            if alpha > FAINT {
                strokes.push(Stroke { turn, from: RADIUS, to: RADIUS + length, ink, alpha });
            }
        };
        add(Ink::Outline, 1.0 - tick.lit, 0.2);
        add(Ink::Text, tick.lit * tick.accent, tick.length);
        add(Ink::Border, tick.lit * (1.0 - tick.accent), tick.length);
    }
    strokes
}
