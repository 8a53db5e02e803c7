//! The server's twin of the browser: the same names, and nothing behind them. Rooms and microphones cannot be made
//! here, so that their methods are never called.

/// Clocks: none.
pub mod clock {
    use std::time::Duration;

    /// The page's epoch, always.
    pub fn now() -> Duration {
        Duration::ZERO
    }

    /// 1970, always.
    pub fn wall_clock() -> Duration {
        Duration::ZERO
    }

    /// A timer that never fires.
    pub struct Timer;

    impl Timer {
        /// Forgets `f`.
        pub fn after(_delay: Duration, _f: impl FnOnce() + 'static) -> Self {
            Self
        }
    }
}

/// Microphones: none.
pub mod media {
    use super::page::Listener;
    use crate::{
        browser::device::{Devices, MicrophoneSettings},
        domain::call::Problem,
    };

    /// A microphone, of which there is none.
    pub struct Microphone(());

    impl Microphone {
        /// Finds none.
        ///
        /// # Errors
        /// Always.
        pub async fn open(_settings: MicrophoneSettings, _on_lost: impl Fn() + 'static) -> Result<Self, Problem> {
            Err(Problem::MicrophoneMissing)
        }

        /// Never called.
        pub fn set_live(&self, _live: bool) {}
    }

    /// Lists nothing.
    pub async fn devices() -> Devices {
        Devices::default()
    }

    /// Hears of nothing.
    pub fn on_devices_changed(_f: impl Fn() + 'static) -> Option<Listener> {
        None
    }

    /// There is nothing to choose.
    pub fn can_choose_speaker() -> bool {
        false
    }
}

/// Levels: silence.
pub mod meter {
    use super::media::Microphone;

    /// A meter that reads zero.
    #[derive(Default)]
    pub struct Meter;

    impl Meter {
        /// Does nothing.
        pub fn wake(&self) {}

        /// Does nothing.
        pub fn sleep(&self) {}

        /// Does nothing.
        pub fn forget_microphone(&self) {}

        /// Never called.
        pub fn watch_microphone(&self, _microphone: &Microphone) {}

        /// Zero.
        pub fn levels(&self) -> (f32, f32) {
            (0.0, 0.0)
        }
    }
}

/// The page: rendered, not shown.
pub mod page {
    /// A listener, of which there is none.
    pub struct Listener(());

    /// Hears of nothing.
    pub fn on_leave(_f: impl Fn() + 'static) -> Option<Listener> {
        None
    }

    /// Hears of nothing.
    pub fn on_let_go(_f: impl Fn() + Clone + 'static) -> Option<[Listener; 4]> {
        None
    }
}

/// Storage: none.
pub mod storage {
    /// Nothing is kept.
    pub fn setting(_name: &str) -> Option<String> {
        None
    }

    /// Forgets.
    pub fn keep_setting(_name: &str, _value: &str) {}

    /// Nothing is kept.
    pub fn tab_note(_name: &str) -> Option<String> {
        None
    }

    /// Forgets.
    pub fn keep_tab_note(_name: &str, _value: Option<&str>) {}
}

/// Rooms: none to be had.
pub mod livekit {
    use std::rc::Rc;

    use super::{media::Microphone, meter::Meter};
    use crate::{
        browser::{device::Sound, event::RoomEvent},
        domain::call::Problem,
    };

    /// A room, of which there is none.
    #[derive(Clone)]
    pub struct Room(());

    /// Does nothing.
    pub fn prefetch() {}

    /// Does nothing.
    pub fn warm(_speaker_id: String) {}

    impl Room {
        /// Makes none.
        ///
        /// # Errors
        /// Always.
        pub async fn new(
            _sound: Sound,
            _meter: Rc<Meter>,
            _report: impl Fn(RoomEvent) + 'static,
        ) -> Result<Self, Problem> {
            Err(Problem::ServerUnreachable)
        }

        /// Never called.
        ///
        /// # Errors
        /// Always.
        pub async fn join(&self, _url: &str, _token: &str) -> Result<(), Problem> {
            Err(Problem::ServerUnreachable)
        }

        /// Never called.
        pub fn publish(&self, _microphone: &Microphone) {}

        /// Never called.
        pub fn set_live(&self, _live: bool) {}

        /// Never called.
        pub async fn send(&self, _text: &str) -> Option<String> {
            None
        }

        /// Never called.
        pub fn set_sound(&self, _on: bool, _volume: u8) {}

        /// Never called.
        pub fn choose_speaker(&self, _id: &str) {}

        /// Never called.
        pub fn start_audio(&self) {}

        /// Never called.
        pub fn leave(&self) {}
    }
}

/// The screen: nothing has the focus, no frame comes, nothing is drawn.
pub mod screen {
    use std::time::Duration;

    use leptos::web_sys::{HtmlCanvasElement, HtmlDialogElement, HtmlElement};

    use crate::browser::stroke::Stroke;

    /// Opens nothing.
    pub fn open_dialog(_dialog: &HtmlDialogElement) {}

    /// Never runs `then`.
    pub fn after_render(_then: impl FnOnce() + 'static) {}

    /// Moves nothing.
    pub fn focus(_selector: &str) {}

    /// Turns nothing.
    pub fn turn_focus(_dialog: &HtmlElement, _backwards: bool) -> bool {
        false
    }

    /// Nobody has asked.
    pub fn prefers_little_motion() -> bool {
        false
    }

    /// No frames.
    pub struct Frames;

    impl Frames {
        /// Never calls `on_frame`.
        pub fn start(_on_frame: impl FnMut(Duration) + 'static) -> Self {
            Self
        }
    }

    /// No canvas.
    pub struct Canvas;

    impl Canvas {
        /// There is none.
        pub fn new(_element: &HtmlCanvasElement, _edge: f64, _view: f64) -> Option<Self> {
            None
        }

        /// Shows nothing.
        pub fn show(&mut self, _width: f64, _strokes: impl IntoIterator<Item = Stroke>) {}
    }
}
