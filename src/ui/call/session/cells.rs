//! The call session's signals, each named once: what views read of it, and what the driver writes.

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;

use super::{Rejoin, driver::Driver};
use crate::{
    browser::device::Device,
    domain::{
        call::{AgentState, CallState, Mode, Problem, Quality},
        transcript::Line,
    },
};

/// Makes the session and its writing side from one list of signals and their first values. A closure of a view takes
/// along the fields that it reads and no others, so that they stand in the session itself.
macro_rules! signals {
    ($($(#[$words:meta])+ $name:ident: $value:ty = $first:expr,)+) => {
        /// One call at a time: its signals and its actions.
        #[derive(Clone, Copy)]
        pub struct CallSession {
            $($(#[$words])+ pub $name: ReadSignal<$value>,)+
            pub(super) cells: Cells,
            pub(super) driver: StoredValue<Option<StoredValue<Rc<Driver>, LocalStorage>>>,
        }

        impl CallSession {
            pub(super) fn new() -> Self {
                let cells = Cells::default();
                Self { $($name: cells.$name.read_only(),)+ cells, driver: StoredValue::new(None) }
            }
        }

        /// The writing side.
        #[derive(Clone, Copy)]
        pub(super) struct Cells {
            $(pub(super) $name: RwSignal<$value>,)+
        }

        impl Default for Cells {
            fn default() -> Self {
                Self { $($name: RwSignal::new($first),)+ }
            }
        }
    };
}

signals! {
    /// Where the call stands.
    state: CallState = CallState::Idle,
    /// What the assistant is doing, where one is in the room.
    agent: Option<AgentState> = None,
    /// The transcript, in the order in which lines were begun.
    lines: Vec<Line> = Vec::new(),
    /// How long the room has been joined, in whole seconds.
    elapsed: Duration = Duration::ZERO,
    /// The connection as the room server judges it.
    quality: Quality = Quality::Unknown,
    /// How the visitor takes part.
    mode: Mode = Mode::Voice,
    /// Whether the visitor wants to be heard.
    microphone_on: bool = true,
    /// Whether the other side is audible.
    speaker_on: bool = true,
    /// How loud the other side is, 0..=1.
    volume: u8 = 100,
    /// Whether the microphone is open only while the talk key is held.
    push_to_talk: bool = false,
    /// Whether the talk key is held.
    talking: bool = false,
    /// Whether the browser filters noise out of the microphone.
    noise_suppression: bool = true,
    /// Whether the browser filters the speaker's sound out of the microphone.
    echo_cancellation: bool = true,
    /// The microphones of this device.
    microphones: Vec<Device> = Vec::new(),
    /// The speakers of this device.
    speakers: Vec<Device> = Vec::new(),
    /// The chosen microphone's id; empty for the browser's own choice.
    microphone_id: String = String::new(),
    /// The chosen speaker's id; empty for the browser's own choice.
    speaker_id: String = String::new(),
    /// Whether this browser lets a page choose the speaker.
    can_choose_speaker: bool = false,
    /// Whether the browser waits for a tap before it plays anything.
    playback_blocked: bool = false,
    /// Whether the assistant has neither ears nor voice on its machine, so that the call works by text.
    text_only: bool = false,
    /// A call of this tab that can be joined again.
    rejoin: Option<Rejoin> = None,
    /// The text of a message that could not be sent.
    chat_problem: Option<String> = None,
    /// What became of the microphone during the call.
    microphone_problem: Option<Problem> = None,
}
