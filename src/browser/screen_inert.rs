//! The server's twin of `screen`: nothing has the focus, no frame comes, nothing is drawn.

use std::time::Duration;

use leptos::web_sys::{HtmlCanvasElement, HtmlDialogElement, HtmlElement};

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

/// A colour of the canvas's own CSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// `color`.
    Text,
    /// `border-top-color`.
    Border,
    /// `outline-color`.
    Outline,
}

/// One line with round ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Where it begins.
    pub from: (f64, f64),
    /// Where it ends.
    pub to: (f64, f64),
    /// Its colour.
    pub ink: Ink,
    /// How much of it is seen, 0..=1.
    pub alpha: f64,
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
