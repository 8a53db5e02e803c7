//! The icon set: strokes of 1.9 on a grid of 24, in the colour of the text around them.

use leptos::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Five bars of sound: the desk's own mark.
    Wave,
    /// A telephone receiver.
    Phone,
    /// A receiver put down.
    HangUp,
    /// A microphone.
    Microphone,
    /// A microphone crossed out.
    MicrophoneOff,
    /// A loudspeaker.
    Speaker,
    /// A loudspeaker crossed out.
    SpeakerOff,
    /// A keyboard.
    Keyboard,
    /// Three dots.
    More,
    /// A chevron down.
    Down,
    /// A chevron to the right.
    Right,
    /// An arrow up.
    Send,
    /// A cross.
    Close,
    /// A pulse: the noise filter.
    Noise,
    /// Two arcs: the echo filter.
    Echo,
    /// A pressed key: push to talk.
    Push,
    /// Sliders.
    Sound,
    /// An arrow into a tray.
    Save,
    /// Two arrows in a circle.
    Again,
}

impl Icon {
    const fn strokes(self) -> &'static str {
        match self {
            Self::Wave => "M4 10v4M8 7v10M12 4v16M16 8v8M20 10.5v3",
            Self::Phone => {
                "M5 4h3.2l1.5 4-2 1.4a12 12 0 0 0 5.9 5.9l1.4-2 4 1.5V18a2 2 0 0 1-2.2 2A16 16 0 0 1 3 6.2 2 2 0 0 1 5 4z"
            }
            Self::HangUp => {
                "M3.6 14.8c-.9-1-.8-2.5.2-3.4 4.9-4 11.5-4 16.4 0 1 .9 1.1 2.4.2 3.4l-.8.9c-.7.7-1.7.8-2.5.3l-1.7-1.1c-.6-.4-.9-1.1-.8-1.8l.1-.8a11 11 0 0 0-5.4 0l.1.8c.1.7-.2 1.4-.8 1.8L6.9 16c-.8.5-1.8.4-2.5-.3z"
            }
            Self::Microphone => {
                "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"
            }
            Self::MicrophoneOff => {
                "M9 9v2a3 3 0 0 0 5 2.2M15 11V6a3 3 0 0 0-5.6-1.5M5.5 11.5a6.5 6.5 0 0 0 10.6 5M18.5 11.5c0 .9-.2 1.8-.5 2.6M12 18v3M4 4l16 16"
            }
            Self::Speaker => "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
            Self::SpeakerOff => "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
            Self::Keyboard => {
                "M5.5 6h13A2.5 2.5 0 0 1 21 8.5v7a2.5 2.5 0 0 1-2.5 2.5h-13A2.5 2.5 0 0 1 3 15.5v-7A2.5 2.5 0 0 1 5.5 6zM7 10h.01M11 10h.01M15 10h.01M8 14h8"
            }
            Self::More => "M5.5 12h.01M12 12h.01M18.5 12h.01",
            Self::Down => "M6 9l6 6 6-6",
            Self::Right => "M9 6l6 6-6 6",
            Self::Send => "M12 19V5M6 11l6-6 6 6",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Noise => "M3 12h3l2-6 3 12 3-9 2 3h5",
            Self::Echo => "M5 12h.01M9 8.5a5 5 0 0 1 0 7M13 5.5a9.2 9.2 0 0 1 0 13M17 3a13 13 0 0 1 0 18",
            Self::Push => {
                "M6.5 10h11a2.5 2.5 0 0 1 2.5 2.5v4a2.5 2.5 0 0 1-2.5 2.5h-11A2.5 2.5 0 0 1 4 16.5v-4A2.5 2.5 0 0 1 6.5 10zM12 2.5v4.5M9.5 5L12 7.5 14.5 5"
            }
            Self::Sound => "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
            Self::Save => "M12 4v10M7.5 10l4.5 4.5L16.5 10M4.5 16v2a2 2 0 0 0 2 2h11a2 2 0 0 0 2-2v-2",
            Self::Again => "M20 11a8 8 0 0 0-14-4.5L4 8.5M4 4v4.5h4.5M4 13a8 8 0 0 0 14 4.5l2-2M20 20v-4.5h-4.5",
        }
    }
}

/// Draws an icon, hidden from screen readers: the control around it carries the name.
#[component]
pub fn Glyph(
    /// The icon.
    icon: Icon,
    /// Its edge in CSS pixels.
    #[prop(default = 20)]
    size: u8,
) -> impl IntoView {
    let weight = if icon == Icon::More { "3" } else { "1.9" };
    view! {
        <svg
            width=size
            height=size
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width=weight
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            class="shrink-0"
        >
            <path d=icon.strokes()/>
        </svg>
    }
}
