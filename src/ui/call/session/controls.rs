//! What the visitor does during a call besides starting and ending it.

use leptos::{prelude::*, task::spawn_local};

use super::{Levels, driver::Driver, settings, ticket};
use crate::{
    browser::{clock, event::RoomEvent},
    domain::{
        call::Input,
        transcript::{Line, Speaker},
    },
};

impl Driver {
    /// Does nothing under push to talk, where the talk key alone decides.
    pub(super) fn toggle_microphone(&self) {
        if self.cells.push_to_talk.get_untracked() {
            return;
        }
        let lacks_microphone = self.held.borrow().machine.lacks_microphone();
        if lacks_microphone {
            self.cells.microphone_on.set(true);
            ticket::keep_muted(false);
            self.input(Input::WantMicrophone);
        } else {
            let on = !self.cells.microphone_on.get_untracked();
            self.cells.microphone_on.set(on);
            ticket::keep_muted(!on);
            self.apply_live();
        }
    }

    /// Where no microphone is open nobody is heard: the key asks for one, and the next press speaks through it.
    pub(super) fn talk(&self, held: bool) {
        if held && self.held.borrow().microphone.is_none() {
            return self.input(Input::WantMicrophone);
        }
        if held != self.cells.talking.get_untracked() {
            self.cells.talking.set(held);
            self.apply_live();
        }
    }

    pub(super) fn set_push_to_talk(&self, on: bool) {
        self.cells.push_to_talk.set(on);
        self.cells.talking.set(false);
        settings::keep(self.cells);
        self.apply_live();
    }

    pub(super) fn set_speaker_on(&self, on: bool) {
        self.cells.speaker_on.set(on);
        self.apply_sound();
    }

    pub(super) fn set_volume(&self, volume: u8) {
        self.cells.volume.set(volume.min(100));
        settings::keep(self.cells);
        self.apply_sound();
    }

    pub(super) fn choose_microphone(&self, id: String) {
        self.cells.microphone_id.set(id);
        self.change_microphone();
    }

    pub(super) fn set_noise_suppression(&self, on: bool) {
        self.cells.noise_suppression.set(on);
        self.change_microphone();
    }

    pub(super) fn set_echo_cancellation(&self, on: bool) {
        self.cells.echo_cancellation.set(on);
        self.change_microphone();
    }

    pub(super) fn choose_speaker(&self, id: String) {
        if let Some((_, room)) = &self.held.borrow().room {
            room.choose_speaker(&id);
        }
        self.cells.speaker_id.set(id);
        settings::keep(self.cells);
    }

    /// Sends a message; where it cannot be sent its text stays with the visitor.
    pub(super) fn send(&self, text: String) {
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        self.cells.chat_problem.set(None);
        let room = {
            let held = self.held.borrow();
            held.machine.length(clock::now()).and(held.room.clone())
        };
        let Some((attempt, room)) = room else { return self.cells.chat_problem.set(Some(text)) };
        let me = self.me.clone();
        spawn_local(async move {
            let sent = room.send(&text).await;
            let Some(driver) = me.upgrade() else { return };
            match sent {
                Some(id) => driver.on_room_event(
                    attempt,
                    RoomEvent::Words(Line {
                        id,
                        speaker: Speaker::Visitor,
                        text,
                        is_final: true,
                        typed: true,
                        interrupted: false,
                    }),
                ),
                None => driver.cells.chat_problem.set(Some(text)),
            }
        });
    }

    pub(super) fn allow_playback(&self) {
        self.meter.wake();
        if let Some((_, room)) = &self.held.borrow().room {
            room.start_audio();
        }
    }

    pub(super) fn levels(&self) -> Levels {
        let (microphone, agent) = self.meter.levels();
        Levels { microphone, agent }
    }

    fn change_microphone(&self) {
        settings::keep(self.cells);
        self.input(Input::ChangeMicrophone);
    }

    fn apply_live(&self) {
        let live = self.wants_to_be_heard();
        let held = self.held.borrow();
        let Some((_, microphone)) = &held.microphone else { return };
        microphone.set_live(live);
        if let Some((_, room)) = &held.room {
            room.set_live(live);
        }
    }

    fn apply_sound(&self) {
        if let Some((_, room)) = &self.held.borrow().room {
            let sound = settings::sound(self.cells);
            room.set_sound(sound.on, sound.volume);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::Cells;
    use super::*;

    #[test]
    fn under_push_to_talk_the_key_alone_decides() {
        let owner = Owner::new();
        owner.set();
        let cells = Cells::default();
        let driver = Driver::new(cells);
        cells.microphone_on.set(false);
        driver.set_push_to_talk(true);
        assert!(!driver.wants_to_be_heard());
        cells.talking.set(true);
        assert!(driver.wants_to_be_heard());
        driver.toggle_microphone();
        assert!(!cells.microphone_on.get_untracked());
        driver.talk(false);
        assert!(!driver.wants_to_be_heard());
    }

    #[test]
    fn nobody_is_heard_without_a_microphone() {
        let owner = Owner::new();
        owner.set();
        let cells = Cells::default();
        let driver = Driver::new(cells);
        driver.set_push_to_talk(true);
        driver.talk(true);
        assert!(!cells.talking.get_untracked());
    }
}
