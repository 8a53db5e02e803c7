//! Focus, frames and canvas: the few things that views need from the browser and markup cannot say.

use std::{cell::Cell, f64::consts::TAU, rc::Rc, time::Duration};

use leptos::prelude::{document, request_animation_frame, window};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{CanvasRenderingContext2d, CssStyleDeclaration, HtmlCanvasElement, HtmlDialogElement, HtmlElement};

use super::stroke::Stroke;

/// Below this width the panel is a sheet over the whole page (`--narrow` in the stylesheet).
const NARROW: &str = "(width < 520px)";
/// What takes the focus by keyboard.
const FOCUSABLE: &str = "a[href], button:not([disabled]), input:not([disabled]), select, summary, [tabindex='0']";

/// Opens `dialog`: over an inert page where the screen is narrow, beside the page otherwise.
pub fn open_dialog(dialog: &HtmlDialogElement) {
    if dialog.open() {
        return;
    }
    if matches(NARROW) {
        // Refused only for a dialog that is open already or not in the page.
        let _ = dialog.show_modal();
    } else {
        dialog.show();
    }
}

/// Runs `then` once the views have caught up with their signals.
pub fn after_render(then: impl FnOnce() + 'static) {
    request_animation_frame(then);
}

/// Moves the focus to the first element that `selector` finds, if any.
pub fn focus(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector)
        && let Ok(element) = element.dyn_into::<HtmlElement>()
    {
        // An element that cannot take the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// Turns the focus around at the ends of `dialog`; whether it did.
pub fn turn_focus(dialog: &HtmlElement, backwards: bool) -> bool {
    let Ok(found) = dialog.query_selector_all(FOCUSABLE) else { return false };
    let stops: Vec<HtmlElement> = (0..found.length())
        .filter_map(|index| found.item(index)?.dyn_into::<HtmlElement>().ok())
        .filter(|element| element.offset_width() > 0)
        .collect();
    let (Some(first), Some(last)) = (stops.first(), stops.last()) else { return false };
    let (edge, other) = if backwards { (first, last) } else { (last, first) };
    let at_edge = document().active_element().is_some_and(|active| active == **edge);
    at_edge && other.focus().is_ok()
}

/// Whether the visitor asked for little motion.
pub fn prefers_little_motion() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

type FrameClosure = Closure<dyn FnMut(f64)>;

/// Calls back before each frame until it is dropped.
pub struct Frames {
    running: Rc<Cell<bool>>,
}

impl Frames {
    /// Calls `on_frame` with the time since the page began, before each frame.
    pub fn start(mut on_frame: impl FnMut(Duration) + 'static) -> Self {
        let running = Rc::new(Cell::new(true));
        let closure: Rc<Cell<Option<FrameClosure>>> = Rc::default();
        let (still, again) = (Rc::clone(&running), Rc::clone(&closure));
        closure.set(Some(Closure::new(move |ms: f64| {
            // Taken out while it runs, so that the last frame drops it.
            let Some(this) = again.take() else { return };
            if still.get() {
                on_frame(Duration::from_secs_f64(ms.max(0.0) / 1_000.0));
                request(&this);
                again.set(Some(this));
            }
        })));
        if let Some(first) = closure.take() {
            request(&first);
            closure.set(Some(first));
        }
        Self { running }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.running.set(false);
    }
}

fn request(closure: &FrameClosure) {
    // Refused only where the window is gone.
    let _ = window().request_animation_frame(closure.as_ref().unchecked_ref());
}

/// A square canvas that shows strokes.
pub struct Canvas {
    context: CanvasRenderingContext2d,
    style: CssStyleDeclaration,
    view: f64,
    inks: [String; 3],
    drawn: u32,
}

impl Canvas {
    /// How many frames the colours are kept: half a second, within which a change of theme shows.
    const KEEP_INKS: u32 = 30;

    /// Prepares `element`, `edge` CSS pixels wide and high, for coordinates of 0..=`view`.
    pub fn new(element: &HtmlCanvasElement, edge: f64, view: f64) -> Option<Self> {
        let sharp = (edge * window().device_pixel_ratio().max(1.0)).round();
        element.set_width(sharp as u32);
        element.set_height(sharp as u32);
        let context = element.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
        context.scale(sharp / view, sharp / view).ok()?;
        context.set_line_cap("round");
        let style = window().get_computed_style(element).ok()??;
        Some(Self { context, style, view, inks: Default::default(), drawn: 0 })
    }

    /// Shows `strokes`, each `width` wide, and nothing else.
    pub fn show(&mut self, width: f64, strokes: impl IntoIterator<Item = Stroke>) {
        if self.drawn.is_multiple_of(Self::KEEP_INKS) {
            let read = |property| self.style.get_property_value(property).unwrap_or_default();
            self.inks = ["color", "border-top-color", "outline-color"].map(read);
        }
        self.drawn = self.drawn.wrapping_add(1);
        let context = &self.context;
        context.clear_rect(0.0, 0.0, self.view, self.view);
        context.set_line_width(width);
        context.save();
        // Refused only for numbers that are none.
        let _ = context.translate(self.view / 2.0, self.view / 2.0);
        let mut turned = 0.0;
        for Stroke { turn, from, to, ink, alpha } in strokes {
            let _ = context.rotate((turn - turned) * TAU);
            turned = turn;
            context.set_stroke_style_str(&self.inks[ink as usize]);
            context.set_global_alpha(alpha);
            context.begin_path();
            context.move_to(0.0, -from);
            context.line_to(0.0, -to);
            context.stroke();
        }
        context.restore();
    }
}
