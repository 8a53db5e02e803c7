//! What the keys do while the widget has the focus. Single letters work there only, never on the page around it.

use leptos::{ev::KeyboardEvent, wasm_bindgen::JsCast, web_sys::Element};

/// Where a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a text field, or a picker, which finds its entries by letters.
    Writing,
    /// On a switch or a slider, which take Space themselves.
    Setting,
    /// Anywhere else in the widget; buttons can still be pressed by Enter.
    Open,
}

impl Place {
    /// Reads where `event` happened.
    pub fn of(event: &KeyboardEvent) -> Self {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
            return Self::Open;
        };
        match target.tag_name().as_str() {
            "INPUT" if target.get_attribute("type").as_deref() == Some("text") => Self::Writing,
            "TEXTAREA" | "SELECT" => Self::Writing,
            "INPUT" => Self::Setting,
            _ => Self::Open,
        }
    }
}

/// A key with a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Microphone on or off.
    Microphone,
    /// Speaker on or off.
    Speaker,
    /// Text field shown or hidden.
    Type,
    /// The call ends.
    End,
    /// Talk while it is held, under push to talk.
    Talk,
    /// The list of keys.
    Help,
    /// One step back.
    Escape,
}

/// Whether holding `key` down must not press once more what has the focus: the next screen's button may have taken the
/// place of the one that was pressed.
pub fn presses_once(key: &str, place: Place) -> bool {
    matches!(key, "Enter" | " ") && place != Place::Writing
}

impl Key {
    /// Reads `KeyboardEvent.key`.
    pub fn of(key: &str) -> Option<Self> {
        match key {
            "m" | "M" => Some(Self::Microphone),
            "s" | "S" => Some(Self::Speaker),
            "k" | "K" => Some(Self::Type),
            "e" | "E" => Some(Self::End),
            " " => Some(Self::Talk),
            "?" => Some(Self::Help),
            "Escape" => Some(Self::Escape),
            _ => None,
        }
    }

    /// Whether holding it down says anything that pressing it did not.
    pub fn repeats(self) -> bool {
        self == Self::Escape
    }

    /// Whether it keeps its meaning where it was pressed.
    pub fn works_at(self, place: Place) -> bool {
        match (self, place) {
            (Self::Escape, _) | (_, Place::Open) => true,
            (Self::Talk, Place::Setting) | (_, Place::Writing) => false,
            (_, Place::Setting) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_mean_nothing_in_a_text_field() {
        let letters = ["m", "S", "k", "E", " ", "?"].map(|key| Key::of(key).unwrap());
        assert!(letters.iter().all(|key| !key.works_at(Place::Writing)));
        assert!(letters.iter().all(|key| key.works_at(Place::Open)));
        assert!(Key::Escape.works_at(Place::Writing));
    }

    #[test]
    fn space_still_turns_the_switch_that_has_the_focus() {
        assert!(!Key::Talk.works_at(Place::Setting));
        assert!(Key::Talk.works_at(Place::Open));
        assert!(Key::Microphone.works_at(Place::Setting));
    }

    #[test]
    fn a_held_key_presses_one_button_and_turns_one_switch() {
        for place in [Place::Open, Place::Setting] {
            assert!(presses_once("Enter", place) && presses_once(" ", place));
        }
        assert!(!presses_once("Enter", Place::Writing) && !presses_once(" ", Place::Writing));
        assert!(!presses_once("ArrowDown", Place::Open));
        let repeating = ["m", "S", "k", "E", "?", " ", "Escape"].map(|key| Key::of(key).unwrap().repeats());
        assert_eq!(repeating, [false, false, false, false, false, false, true]);
    }

    #[test]
    fn other_keys_mean_nothing() {
        assert_eq!(Key::of("Tab"), None);
        assert_eq!(Key::of("é"), None);
    }
}
