//! The visitor's choices, kept by the browser for the next call.

use leptos::prelude::{GetUntracked, Set};

use super::cells::Cells;
use crate::browser::{
    device::{MicrophoneSettings, Sound},
    storage,
};

const MICROPHONE: &str = "frontdesk.microphone";
const SPEAKER: &str = "frontdesk.speaker";
const VOLUME: &str = "frontdesk.volume";
const NOISE_SUPPRESSION: &str = "frontdesk.noise-suppression";
const ECHO_CANCELLATION: &str = "frontdesk.echo-cancellation";
const PUSH_TO_TALK: &str = "frontdesk.push-to-talk";

/// Brings the kept choices back.
pub(super) fn load(cells: Cells) {
    if let Some(id) = storage::setting(MICROPHONE) {
        cells.microphone_id.set(id);
    }
    if let Some(id) = storage::setting(SPEAKER) {
        cells.speaker_id.set(id);
    }
    if let Some(percent) = storage::setting(VOLUME).and_then(|volume| volume.parse::<u8>().ok()) {
        cells.volume.set(percent.min(100));
    }
    for (name, cell) in [
        (NOISE_SUPPRESSION, cells.noise_suppression),
        (ECHO_CANCELLATION, cells.echo_cancellation),
        (PUSH_TO_TALK, cells.push_to_talk),
    ] {
        if let Some(word) = storage::setting(name) {
            cell.set(word == "on");
        }
    }
}

/// Keeps every choice.
pub(super) fn keep(cells: Cells) {
    storage::keep_setting(MICROPHONE, &cells.microphone_id.get_untracked());
    storage::keep_setting(SPEAKER, &cells.speaker_id.get_untracked());
    storage::keep_setting(VOLUME, &cells.volume.get_untracked().to_string());
    for (name, cell) in [
        (NOISE_SUPPRESSION, cells.noise_suppression),
        (ECHO_CANCELLATION, cells.echo_cancellation),
        (PUSH_TO_TALK, cells.push_to_talk),
    ] {
        storage::keep_setting(name, if cell.get_untracked() { "on" } else { "off" });
    }
}

/// The microphone as chosen.
pub(super) fn microphone(cells: Cells) -> MicrophoneSettings {
    MicrophoneSettings {
        id: cells.microphone_id.get_untracked(),
        noise_suppression: cells.noise_suppression.get_untracked(),
        echo_cancellation: cells.echo_cancellation.get_untracked(),
    }
}

/// The other side's sound as chosen.
pub(super) fn sound(cells: Cells) -> Sound {
    Sound {
        speaker_id: cells.speaker_id.get_untracked(),
        on: cells.speaker_on.get_untracked(),
        volume: cells.volume.get_untracked(),
    }
}
