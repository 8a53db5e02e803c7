//! What the widget shows beside the call itself: whether the panel is open, which sheet lies over it, whether the
//! visitor types.

use leptos::prelude::*;

/// A sheet over the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// Devices, volume, filters.
    Sound,
    /// What the keys do.
    Keys,
}

/// The widget's own state, apart from the call.
#[derive(Clone, Copy)]
pub struct Desk {
    /// Whether the panel is open.
    pub open: RwSignal<bool>,
    /// Whether the text field is shown.
    pub typing: RwSignal<bool>,
    /// The sheet over the panel.
    pub sheet: RwSignal<Option<Sheet>>,
    /// The question to ask once the call stands.
    pub question: RwSignal<Option<String>>,
}

/// Makes the widget's state and puts it into the context of the views below.
pub fn provide_desk() -> Desk {
    let desk = Desk {
        open: RwSignal::default(),
        typing: RwSignal::default(),
        sheet: RwSignal::default(),
        question: RwSignal::default(),
    };
    provide_context(desk);
    desk
}

/// Finds the widget's state.
///
/// # Panics
/// Where no view above has called [`provide_desk`].
pub fn use_desk() -> Desk {
    expect_context()
}

impl Desk {
    /// Closes what lies on top: the sheet, or else the panel.
    pub fn step_back(&self) {
        if self.sheet.get_untracked().is_some() {
            self.sheet.set(None);
        } else {
            self.open.set(false);
        }
    }

    /// Opens a sheet, or closes it where it is open.
    pub fn toggle_sheet(&self, sheet: Sheet) {
        self.sheet.update(|shown| *shown = (*shown != Some(sheet)).then_some(sheet));
    }

    /// Shows or hides the text field.
    pub fn toggle_typing(&self) {
        self.typing.update(|typing| *typing = !*typing);
    }
}
