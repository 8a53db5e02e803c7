//! Microphones and speakers, as people choose them.

/// A microphone or a speaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The browser's id for it.
    pub id: String,
    /// Its name as people know it; empty until the visitor has allowed a microphone once.
    pub label: String,
}

/// The devices at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    /// What can be spoken into.
    pub microphones: Vec<Device>,
    /// What can be heard; empty where the browser does not tell.
    pub speakers: Vec<Device>,
}

/// Which microphone to open, and what the browser does to its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrophoneSettings {
    /// The device; empty for the browser's own choice. One that has gone is replaced by the browser's choice.
    pub id: String,
    /// Filter noise out.
    pub noise_suppression: bool,
    /// Filter the speaker's sound out.
    pub echo_cancellation: bool,
}

/// How the other side is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// The speaker's device; empty for the browser's own choice.
    pub speaker_id: String,
    /// Whether anything is heard at all.
    pub on: bool,
    /// 0..=1.
    pub volume: u8,
}
