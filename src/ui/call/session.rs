//! The call as views see it: signals to read, actions to take. No `JsValue` and no browser object passes through it.

mod cells;
mod controls;
mod driver;
mod errands;
mod history;
mod settings;
mod ticket;

use std::{rc::Rc, time::Duration};

use leptos::prelude::*;

pub use self::cells::CallSession;
use self::driver::Driver;
pub use crate::browser::device::Device;
use crate::{
    browser::livekit,
    domain::{
        call::{Input, Mode},
        transcript,
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

/// Makes the call session and puts it into the context of the views below.
pub fn provide_call_session() -> CallSession {
    let session = CallSession::new();
    provide_context(session);
    // On the server neither runs, so that nothing of a browser's is ever made there.
    Effect::new(move || session.driver().wake());
    on_cleanup(move || session.close());
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
    pub fn prefetch(&self) {
        livekit::prefetch();
    }

    /// Makes a call ready to begin at once, where `early` even its ticket: for the opening of the panel.
    pub fn prepare(&self, early: bool) {
        self.driver().prepare(early);
    }

    /// Begins a call.
    pub fn start(&self, mode: Mode) {
        self.driver().start(mode);
    }

    /// Begins the failed call again, in the same way.
    pub fn retry(&self) {
        self.start(self.mode.get_untracked());
    }

    /// Ends the call and releases the microphone.
    pub fn hang_up(&self) {
        self.driver().hang_up();
    }

    /// Goes back from a call that is over to none.
    pub fn reset(&self) {
        self.driver().input(Input::Reset);
    }

    /// Turns the visitor's microphone on or off, unless push to talk does; asks for one where the call has none.
    pub fn toggle_microphone(&self) {
        self.driver().toggle_microphone();
    }

    /// Makes the other side audible or silent.
    pub fn toggle_speaker(&self) {
        self.driver().set_speaker_on(!self.speaker_on.get_untracked());
    }

    /// Sets how loud the other side is, 0..=1.
    pub fn set_volume(&self, volume: u8) {
        self.driver().set_volume(volume);
    }

    /// Speaks through another microphone.
    pub fn choose_microphone(&self, id: String) {
        self.driver().choose_microphone(id);
    }

    /// Hears through another speaker.
    pub fn choose_speaker(&self, id: String) {
        self.driver().choose_speaker(id);
    }

    /// Turns the browser's noise filter on or off.
    pub fn set_noise_suppression(&self, on: bool) {
        self.driver().set_noise_suppression(on);
    }

    /// Turns the browser's echo filter on or off.
    pub fn set_echo_cancellation(&self, on: bool) {
        self.driver().set_echo_cancellation(on);
    }

    /// Opens the microphone only while the talk key is held, or all the time.
    pub fn set_push_to_talk(&self, on: bool) {
        self.driver().set_push_to_talk(on);
    }

    /// Holds the talk key, or lets it go, as any released key or pointer does by itself; asks for a microphone where
    /// the call has none.
    pub fn talk(&self, held: bool) {
        self.driver().talk(held);
    }

    /// Sends a typed message.
    pub fn send(&self, text: String) {
        self.driver().send(text);
    }

    /// Plays what the browser held back; to be called inside a click.
    pub fn allow_playback(&self) {
        self.driver().allow_playback();
    }

    /// Joins the call that outlived a reload.
    pub fn rejoin_call(&self) {
        self.driver().rejoin();
    }

    /// Forgets the call that outlived a reload.
    pub fn dismiss_rejoin(&self) {
        self.driver().dismiss_rejoin();
    }

    /// How loud both sides are at this moment; cheap enough for every animation frame.
    pub fn levels(&self) -> Levels {
        self.driver().levels()
    }

    /// The transcript as plain text, one line a turn.
    pub fn transcript_text(&self) -> String {
        self.lines.with_untracked(|lines| transcript::to_text(lines))
    }

    /// What drives the call, made at its first use, which is always in a browser.
    fn driver(&self) -> Rc<Driver> {
        let known = self.driver.get_value().and_then(|driver| driver.try_get_value());
        known.unwrap_or_else(|| {
            let driver = Driver::new(self.cells);
            self.driver.set_value(Some(StoredValue::new_local(driver.clone())));
            driver
        })
    }

    fn close(&self) {
        if let Some(driver) = self.driver.try_get_value().flatten() {
            driver.dispose();
        }
    }
}
