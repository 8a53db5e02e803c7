//! Microphones and speakers.

/// A microphone or a speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The browser's id for it.
    pub id: String,
    /// Its name as people know it; empty until the visitor has allowed a microphone once.
    pub label: String,
}
