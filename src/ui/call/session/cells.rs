//! The writing side of the call session's signals.

use std::time::Duration;

use leptos::prelude::RwSignal;

use super::Rejoin;
use crate::{
    browser::device::Device,
    domain::{
        call::{AgentState, CallState, Mode, Problem, Quality},
        transcript::Line,
    },
};

/// One signal for each that views read.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    pub(super) state: RwSignal<CallState>,
    pub(super) agent: RwSignal<Option<AgentState>>,
    pub(super) lines: RwSignal<Vec<Line>>,
    pub(super) elapsed: RwSignal<Duration>,
    pub(super) quality: RwSignal<Quality>,
    pub(super) mode: RwSignal<Mode>,
    pub(super) microphone_on: RwSignal<bool>,
    pub(super) speaker_on: RwSignal<bool>,
    pub(super) volume: RwSignal<u8>,
    pub(super) push_to_talk: RwSignal<bool>,
    pub(super) talking: RwSignal<bool>,
    pub(super) noise_suppression: RwSignal<bool>,
    pub(super) echo_cancellation: RwSignal<bool>,
    pub(super) microphones: RwSignal<Vec<Device>>,
    pub(super) speakers: RwSignal<Vec<Device>>,
    pub(super) microphone_id: RwSignal<String>,
    pub(super) speaker_id: RwSignal<String>,
    pub(super) can_choose_speaker: RwSignal<bool>,
    pub(super) playback_blocked: RwSignal<bool>,
    pub(super) text_only: RwSignal<bool>,
    pub(super) rejoin: RwSignal<Option<Rejoin>>,
    pub(super) chat_problem: RwSignal<Option<String>>,
    pub(super) microphone_problem: RwSignal<Option<Problem>>,
}

impl Default for Cells {
    fn default() -> Self {
        Self {
            state: RwSignal::default(),
            agent: RwSignal::default(),
            lines: RwSignal::default(),
            elapsed: RwSignal::default(),
            quality: RwSignal::default(),
            mode: RwSignal::default(),
            microphone_on: RwSignal::new(true),
            speaker_on: RwSignal::new(true),
            volume: RwSignal::new(100),
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
        }
    }
}
