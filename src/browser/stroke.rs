//! What a canvas shows.

/// A colour of the canvas's own CSS: the stylesheet chooses, the canvas follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// `color`.
    Text,
    /// `border-top-color`.
    Border,
    /// `outline-color`.
    Outline,
}

/// A line with round ends that points straight out from the drawing's middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Where it points, in turns clockwise from the top.
    pub turn: f64,
    /// How far from the middle it begins.
    pub from: f64,
    /// How far from the middle it ends.
    pub to: f64,
    /// Its colour.
    pub ink: Ink,
    /// How much of it is seen, 0..=1.
    pub alpha: f64,
}
