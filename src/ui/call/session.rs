//! The call as views see it: signals to read, actions to take. No `JsValue` and no browser object passes through it.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    browser::media::Device,
    domain::{
        call::{AgentState, CallState, Mode, Problem, Quality},
        transcript::Line,
    },
};

/// How loud both sides are at this moment, 0..=1 each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Levels {
    /// The visitor's microphone; 0 while it is off.
    pub microphone: f32,
    /// Everybody else.
    pub agent: f32,
}

/// A call of this tab that outlived a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejoin {
    /// How the visitor took part.
    pub mode: Mode,
    /// How long the ticket is still good, counted from the page's start.
    pub expires_in: Duration,
}

/// One call at a time: its signals and its actions.
#[derive(Clone, Copy)]
pub struct CallSession {
    /// Where the call stands.
    pub state: Signal<CallState>,
    /// What the assistant is doing, where one is in the room.
    pub agent: Signal<Option<AgentState>>,
    /// The transcript, in the order in which lines were begun.
    pub lines: Signal<Vec<Line>>,
    /// How long the room has been joined, in whole seconds.
    pub elapsed: Signal<Duration>,
    /// The connection as the room server judges it.
    pub quality: Signal<Quality>,
    /// How the visitor takes part.
    pub mode: Signal<Mode>,
    /// Whether the visitor wants to be heard.
    pub microphone_on: Signal<bool>,
    /// Whether the other side is audible.
    pub speaker_on: Signal<bool>,
    /// How loud the other side is, 0..=1.
    pub volume: Signal<f64>,
    /// Whether the microphone is open only while the talk key is held.
    pub push_to_talk: Signal<bool>,
    /// Whether the talk key is held.
    pub talking: Signal<bool>,
    /// Whether the browser filters noise out of the microphone.
    pub noise_suppression: Signal<bool>,
    /// Whether the browser filters the speaker's sound out of the microphone.
    pub echo_cancellation: Signal<bool>,
    /// The microphones of this device.
    pub microphones: Signal<Vec<Device>>,
    /// The speakers of this device.
    pub speakers: Signal<Vec<Device>>,
    /// The chosen microphone's id; empty for the browser's own choice.
    pub microphone_id: Signal<String>,
    /// The chosen speaker's id; empty for the browser's own choice.
    pub speaker_id: Signal<String>,
    /// Whether this browser lets a page choose the speaker.
    pub can_choose_speaker: Signal<bool>,
    /// Whether the browser waits for a tap before it plays anything.
    pub playback_blocked: Signal<bool>,
    /// Whether the assistant has neither ears nor voice on its machine, so that the call works by text.
    pub text_only: Signal<bool>,
    /// A call of this tab that can be joined again.
    pub rejoin: Signal<Option<Rejoin>>,
    /// The text of a message that could not be sent.
    pub chat_problem: Signal<Option<String>>,
    /// What became of the microphone during the call.
    pub microphone_problem: Signal<Option<Problem>>,
    cells: Cells,
}

#[derive(Clone, Copy)]
struct Cells {
    state: RwSignal<CallState>,
    agent: RwSignal<Option<AgentState>>,
    lines: RwSignal<Vec<Line>>,
    elapsed: RwSignal<Duration>,
    quality: RwSignal<Quality>,
    mode: RwSignal<Mode>,
    microphone_on: RwSignal<bool>,
    speaker_on: RwSignal<bool>,
    volume: RwSignal<f64>,
    push_to_talk: RwSignal<bool>,
    talking: RwSignal<bool>,
    noise_suppression: RwSignal<bool>,
    echo_cancellation: RwSignal<bool>,
    microphones: RwSignal<Vec<Device>>,
    speakers: RwSignal<Vec<Device>>,
    microphone_id: RwSignal<String>,
    speaker_id: RwSignal<String>,
    can_choose_speaker: RwSignal<bool>,
    playback_blocked: RwSignal<bool>,
    text_only: RwSignal<bool>,
    rejoin: RwSignal<Option<Rejoin>>,
    chat_problem: RwSignal<Option<String>>,
    microphone_problem: RwSignal<Option<Problem>>,
}

/// Makes the call session and puts it into the context of the views below.
pub fn provide_call_session() -> CallSession {
    let cells = Cells {
        state: RwSignal::default(),
        agent: RwSignal::default(),
        lines: RwSignal::default(),
        elapsed: RwSignal::default(),
        quality: RwSignal::default(),
        mode: RwSignal::default(),
        microphone_on: RwSignal::new(true),
        speaker_on: RwSignal::new(true),
        volume: RwSignal::new(1.0),
        push_to_talk: RwSignal::default(),
        talking: RwSignal::default(),
        noise_suppression: RwSignal::new(true),
        echo_cancellation: RwSignal::new(true),
        microphones: RwSignal::default(),
        speakers: RwSignal::default(),
        microphone_id: RwSignal::default(),
        speaker_id: RwSignal::default(),
        can_choose_speaker: RwSignal::default(),
        playback_blocked: RwSignal::default(),
        text_only: RwSignal::default(),
        rejoin: RwSignal::default(),
        chat_problem: RwSignal::default(),
        microphone_problem: RwSignal::default(),
    };
    let session = CallSession {
        state: cells.state.into(),
        agent: cells.agent.into(),
        lines: cells.lines.into(),
        elapsed: cells.elapsed.into(),
        quality: cells.quality.into(),
        mode: cells.mode.into(),
        microphone_on: cells.microphone_on.into(),
        speaker_on: cells.speaker_on.into(),
        volume: cells.volume.into(),
        push_to_talk: cells.push_to_talk.into(),
        talking: cells.talking.into(),
        noise_suppression: cells.noise_suppression.into(),
        echo_cancellation: cells.echo_cancellation.into(),
        microphones: cells.microphones.into(),
        speakers: cells.speakers.into(),
        microphone_id: cells.microphone_id.into(),
        speaker_id: cells.speaker_id.into(),
        can_choose_speaker: cells.can_choose_speaker.into(),
        playback_blocked: cells.playback_blocked.into(),
        text_only: cells.text_only.into(),
        rejoin: cells.rejoin.into(),
        chat_problem: cells.chat_problem.into(),
        microphone_problem: cells.microphone_problem.into(),
        cells,
    };
    provide_context(session);
    session
}

/// Finds the call session of the widget.
///
/// # Panics
/// Where no view above has called [`provide_call_session`].
pub fn use_call_session() -> CallSession {
    expect_context()
}

impl CallSession {
    /// Fetches the LiveKit client ahead of a call: for hover, focus and touch.
    pub fn prefetch(&self) {}

    /// Begins a call.
    pub fn start(&self, mode: Mode) {
        self.cells.mode.set(mode);
    }

    /// Begins the failed call again, in the same way.
    pub fn retry(&self) {
        self.start(self.cells.mode.get_untracked());
    }

    /// Ends the call and releases the microphone.
    pub fn hang_up(&self) {}

    /// Goes back from a call that is over to none.
    pub fn reset(&self) {
        self.cells.state.set(CallState::Idle);
    }

    /// Turns the visitor's microphone on or off; asks for one where the call has none.
    pub fn toggle_microphone(&self) {
        self.cells.microphone_on.update(|on| *on = !*on);
    }

    /// Makes the other side audible or silent.
    pub fn toggle_speaker(&self) {
        self.cells.speaker_on.update(|on| *on = !*on);
    }

    /// Sets how loud the other side is, 0..=1.
    pub fn set_volume(&self, volume: f64) {
        self.cells.volume.set(volume.clamp(0.0, 1.0));
    }

    /// Speaks through another microphone.
    pub fn choose_microphone(&self, id: String) {
        self.cells.microphone_id.set(id);
    }

    /// Hears through another speaker.
    pub fn choose_speaker(&self, id: String) {
        self.cells.speaker_id.set(id);
    }

    /// Turns the browser's noise filter on or off.
    pub fn set_noise_suppression(&self, on: bool) {
        self.cells.noise_suppression.set(on);
    }

    /// Turns the browser's echo filter on or off.
    pub fn set_echo_cancellation(&self, on: bool) {
        self.cells.echo_cancellation.set(on);
    }

    /// Opens the microphone only while the talk key is held, or all the time.
    pub fn set_push_to_talk(&self, on: bool) {
        self.cells.push_to_talk.set(on);
    }

    /// Holds or lets go the talk key.
    pub fn talk(&self, held: bool) {
        self.cells.talking.set(held);
    }

    /// Sends a typed message.
    pub fn send(&self, text: String) {
        self.cells.chat_problem.set(Some(text));
    }

    /// Plays what the browser held back; to be called inside a click.
    pub fn allow_playback(&self) {
        self.cells.playback_blocked.set(false);
    }

    /// Joins the call that outlived a reload.
    pub fn rejoin_call(&self) {
        self.dismiss_rejoin();
    }

    /// Forgets the call that outlived a reload.
    pub fn dismiss_rejoin(&self) {
        self.cells.rejoin.set(None);
    }

    /// How loud both sides are at this moment; cheap enough for every animation frame.
    pub fn levels(&self) -> Levels {
        Levels::default()
    }

    /// The transcript as plain text, one line a turn.
    pub fn transcript_text(&self) -> String {
        String::new()
    }
}
