//! What the visitor does during a call besides starting and ending it.

use leptos::{prelude::*, task::spawn_local};

use super::{Levels, driver::Driver, settings, ticket};
use crate::{
    browser::{clock, event::RoomEvent},
    domain::{
        call::{CallState, Input},
        transcript::{Line, Speaker},
    },
};

impl Driver {
    /// A visitor who gives up while the browser asks, and has said nothing, has had no call to look back at.
    pub(super) fn hang_up(&self) {
        let asking = self.held.borrow().machine.state() == CallState::RequestingMicrophone;
        let nothing_said =
            self.cells.lines.with_untracked(|lines| lines.iter().all(|line| line.speaker != Speaker::Visitor));
        self.feed(Input::HangUp);
        if asking && nothing_said {
            self.feed(Input::Reset);
        }
        self.show();
    }

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
    use std::time::Duration;

    use super::super::cells::Cells;
    use super::*;
    use crate::domain::call::{Departure, Mode, News};

    fn line(text: &str, is_final: bool) -> Line {
        let (id, speaker) = ("SG_1".into(), Speaker::Agent);
        Line { id, speaker, text: text.into(), is_final, typed: false, interrupted: false }
    }

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

    /// In the room, with the browser still asking for the microphone.
    fn asking(driver: &Driver) {
        let mut held = driver.held.borrow_mut();
        held.machine.on(Input::Start(Mode::Voice), Duration::ZERO);
        let attempt = held.machine.attempt();
        for news in [News::TicketGranted { until: None }, News::Joined] {
            held.machine.on(Input::News(attempt, news), Duration::ZERO);
        }
    }

    #[test]
    fn giving_up_before_anything_was_said_leaves_nothing_to_see() {
        let owner = Owner::new();
        owner.set();
        let cells = Cells::default();
        let driver = Driver::new(cells);
        asking(&driver);
        driver.hang_up();
        assert_eq!(cells.state.get_untracked(), CallState::Idle);
        asking(&driver);
        cells.lines.set(vec![line("Hello.", true)]);
        driver.hang_up();
        assert_eq!(cells.state.get_untracked(), CallState::Idle);
        asking(&driver);
        cells.lines.set(vec![Line { speaker: Speaker::Visitor, ..line("What does a quartet cost?", true) }]);
        driver.hang_up();
        assert_eq!(cells.state.get_untracked().length(), Some(Duration::ZERO));
    }

    #[test]
    fn an_answer_that_outlasts_the_call_is_cut_short() {
        let owner = Owner::new();
        owner.set();
        let cells = Cells::default();
        let driver = Driver::new(cells);
        asking(&driver);
        cells.lines.set(vec![line("A quartet for", false)]);
        driver.hang_up();
        let cut = Line { interrupted: true, ..line("A quartet for", true) };
        assert_eq!(cells.lines.get_untracked(), [cut]);
    }

    #[test]
    fn a_call_that_is_tried_again_keeps_what_was_said() {
        let owner = Owner::new();
        owner.set();
        let cells = Cells::default();
        let driver = Driver::new(cells);
        cells.lines.set(vec![line("Hello.", true)]);
        asking(&driver);
        let attempt = driver.held.borrow().machine.attempt();
        driver.input(Input::News(attempt, News::Disconnected(Departure::Lost)));
        driver.ready_for(Mode::Text);
        assert_eq!(cells.lines.get_untracked(), [line("Hello.", true)]);
        driver.input(Input::Reset);
        driver.ready_for(Mode::Text);
        assert_eq!(cells.lines.get_untracked(), []);
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
