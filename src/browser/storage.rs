//! Small texts that the browser keeps for the page. Where storage is forbidden nothing is kept, and nothing fails.

use web_sys::Storage;

/// A text kept for good.
pub fn setting(name: &str) -> Option<String> {
    for_good()?.get_item(name).ok()?
}

/// Keeps a text for good.
pub fn keep_setting(name: &str, value: &str) {
    if let Some(storage) = for_good() {
        let _ = storage.set_item(name, value);
    }
}

/// A text kept as long as the tab lives.
pub fn tab_note(name: &str) -> Option<String> {
    for_tab()?.get_item(name).ok()?
}

/// Keeps a text as long as the tab lives, or forgets it.
pub fn keep_tab_note(name: &str, value: Option<&str>) {
    let Some(storage) = for_tab() else { return };
    let _ = match value {
        Some(value) => storage.set_item(name, value),
        None => storage.remove_item(name),
    };
}

fn for_good() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn for_tab() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}
