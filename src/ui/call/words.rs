//! Every word that the call widget shows or announces, so that another language is another file.

use std::time::Duration;

use crate::domain::call::{AgentState, Answering, CallState, EndedBy, Problem, Quality};

/// The widget, as a landmark.
pub const CALL: &str = "Call";
/// The floating button.
pub const TALK_TO_US: &str = "Talk to us";
/// The floating button while a call can be joined again.
pub const GO_BACK: &str = "Back to your call";
/// The collapsed call.
pub const SHOW_CALL: &str = "Show the call";

/// Collapses the panel.
pub const COLLAPSE: &str = "Collapse";
/// Opens the sound settings.
pub const SOUND_SETTINGS: &str = "Sound settings";

/// The start screen's heading.
pub const START_TITLE: &str = "Talk to us, right here.";
/// What can be asked.
pub const ASK: &str = "Begin with a question";
/// Begins a call.
pub const START: &str = "Start the call";
/// Begins a call by keyboard, where calls carry voices.
pub const START_TYPING: &str = "Type instead of talking";
/// Begins a call by keyboard, where calls carry none.
pub const START_CHAT: &str = "Start writing";

/// The rejoin offer.
pub const REJOIN_TITLE: &str = "Your call is still open.";
/// What the rejoin offer is about.
pub const REJOIN_TEXT: &str = "The page was loaded again. You can go back to the same call.";
/// Takes the rejoin offer.
pub const REJOIN: &str = "Go back to the call";
/// Leaves the rejoin offer.
pub const REJOIN_NOT: &str = "Not now";

/// The microphone's button while it is open.
pub const MUTE: &str = "Mute microphone";
/// The microphone's button under push to talk.
pub const HOLD: &str = "Hold to talk";
/// The speaker's button.
pub const SPEAKER: &str = "Speaker";
/// The keyboard's button, and the text field.
pub const TYPE: &str = "Type a message";
/// The row of controls.
pub const CONTROLS: &str = "Call controls";
/// Ends the call; short.
pub const END: &str = "End";
/// Ends the call.
pub const END_CALL: &str = "End the call";
/// Sends the text field.
pub const SEND: &str = "Send";

/// The transcript.
pub const TRANSCRIPT: &str = "What was said";
/// The note while the microphone is off.
pub const MUTED: &str = "You are muted";
/// The note while the speaker is off.
pub const SILENT: &str = "Sound is off";
/// The note under push to talk.
pub const PUSH_NOTE: &str = "Hold Space or the microphone to talk";
/// The note while the talk key is held.
pub const PUSH_TALKING: &str = "You are heard";
/// The note where the assistant neither hears nor speaks.
pub const TEXT_ONLY: &str = "The assistant has no voice here. Please type.";
/// The button where the browser holds the sound back.
pub const TAP_TO_HEAR: &str = "Tap to hear the call";
/// The card while the network is away.
pub const NETWORK_TITLE: &str = "Your network dropped.";
/// What happens while the network is away.
pub const NETWORK_TEXT: &str = "We are getting you back; nothing that was said is lost.";
/// The card under a message that could not be sent.
pub const UNSENT: &str = "This message was not sent:";
/// Sends it again.
pub const SEND_AGAIN: &str = "Send again";

/// The sound sheet's heading.
pub const SOUND: &str = "Sound";
/// The microphone picker.
pub const MICROPHONE: &str = "Microphone";
/// The browser's own choice of a device.
pub const DEFAULT_DEVICE: &str = "The browser's choice";
/// The volume slider.
pub const VOLUME: &str = "Volume";
/// The noise filter's switch.
pub const NOISE: &str = "Noise filter";
/// The echo filter's switch.
pub const ECHO: &str = "Echo cancellation";
/// The switch of push to talk.
pub const PUSH: &str = "Push to talk";
/// Opens the list of keys.
pub const SHORTCUTS: &str = "Keyboard shortcuts";
/// Closes a sheet.
pub const CLOSE: &str = "Close";
/// What the keys do, in the order of the help sheet.
pub const KEYS: [(&str, &str); 7] = [
    ("M", "Microphone on or off"),
    ("S", "Speaker on or off"),
    ("K", "Type a message"),
    ("Space", "Talk while held, under push to talk"),
    ("E", "End the call"),
    ("Esc", "Collapse; the call goes on"),
    ("?", "This list"),
];
/// Where the keys work.
pub const KEYS_NOTE: &str = "They work while the panel has the focus, and not while you type.";

/// The ended screen's heading.
pub const THANKS: &str = "Thank you for calling.";
/// What is over with an ended call.
pub const AFTER: &str = "Your microphone is off.";
/// What is left of it.
pub const AFTER_TEXT: &str = "The text of this call stays on this page until you close it.";
/// The call's length.
pub const LENGTH: &str = "length";
/// How often the visitor spoke or wrote.
pub const QUESTIONS: &str = "from you";
/// How often the other side did.
pub const ANSWERS: &str = "from us";
/// Saves the transcript.
pub const SAVE: &str = "Save the text";
/// The saved transcript's file name.
pub const SAVE_AS: &str = "call.txt";
/// Begins another call.
pub const CALL_AGAIN: &str = "Call again";

/// Begins the failed call again.
pub const TRY_AGAIN: &str = "Try again";
/// Begins it by keyboard.
pub const TYPE_INSTEAD: &str = "Type instead";
/// Begins it without a microphone.
pub const LISTEN_ONLY: &str = "Listen only";
/// Ways on where only the microphone is missing.
pub const WITHOUT_MICROPHONE: &str = "Or go on without it: type, or just listen. You hear the answers either way.";
/// The way on when the microphone is lost during a call.
pub const MICROPHONE_LOST: &str = "The call goes on. Choose another one under Sound settings, or type.";

/// What is wrong, in one sentence, and what one can do, step by step.
pub struct Advice {
    /// What is wrong.
    pub title: String,
    /// What to do, in order.
    pub steps: Vec<&'static str>,
}

/// The plain words for a problem.
pub fn advice(problem: &Problem) -> Advice {
    let (title, steps): (&str, &[&str]) = match problem {
        Problem::MicrophoneDenied => (
            "The browser blocked the microphone.",
            &["Click the icon to the left of the address.", "Set Microphone to Allow.", "Press Try again."],
        ),
        Problem::MicrophoneMissing => {
            ("No microphone was found.", &["Plug one in, or switch on your headset.", "Press Try again."])
        }
        Problem::MicrophoneBusy => {
            ("Another program is using the microphone.", &["Close the other call or recording.", "Press Try again."])
        }
        Problem::MicrophoneUnheard => {
            ("Your microphone does not reach the call.", &["Press the microphone to open it again."])
        }
        Problem::InsecurePage => (
            "This page is not secure, so the browser keeps the microphone closed.",
            &["Open the page again with https:// in front.", "Then start the call there."],
        ),
        Problem::BlockedFrame => (
            "This page sits inside another one that does not pass on the microphone.",
            &["Open the page in a tab of its own.", "Then start the call there."],
        ),
        Problem::TokenRefused(reason) => {
            return Advice {
                title: format!("The call was not accepted: {}", sentence(reason)),
                steps: vec!["Load the page again, then try once more."],
            };
        }
        Problem::RateLimited { .. } => (
            "There were too many calls from here in a short time.",
            &["Wait until the time below has passed.", "Press Try again."],
        ),
        Problem::ServerUnreachable => {
            ("We cannot be reached at the moment.", &["Check that you are online.", "Press Try again."])
        }
        Problem::AgentNeverJoined => (
            "Nobody came to the phone.",
            &["Press Try again.", "Or ring us, or write: the ways are at the end of the page."],
        ),
        Problem::ConnectionLost => (
            "The connection was lost and did not come back.",
            &["Check that you are online.", "Press Try again. The text so far is kept."],
        ),
    };
    Advice { title: title.to_owned(), steps: steps.to_vec() }
}

/// What happens in a call.
pub fn start_text(answering: Answering) -> &'static str {
    match answering {
        Answering::Aloud => {
            "Our assistant picks up at once and answers aloud. Your microphone is on only during the call."
        }
        Answering::InWriting => {
            "Our assistant picks up at once. It has no voice on this server, so the call goes by text."
        }
        Answering::ByTeam => {
            "Our team picks up as soon as somebody is free. Your microphone is on only during the call."
        }
    }
}

/// The line under the business's name; the timer stands beside it where there is one.
pub fn status(state: &CallState, answering: Answering) -> &'static str {
    match state {
        CallState::Idle => match answering {
            Answering::Aloud => "Usually answers at once",
            Answering::InWriting => "Answers by text",
            Answering::ByTeam => "Answers when somebody is free",
        },
        CallState::RequestingMicrophone => "Asking for the microphone",
        CallState::Connecting => "Connecting",
        CallState::WaitingForAgent { .. } if answering == Answering::ByTeam => "Calling the team",
        CallState::WaitingForAgent { .. } => "Calling the assistant",
        CallState::Connected { .. } => "Connected",
        CallState::Reconnecting { .. } => "Reconnecting",
        CallState::Ended { by: EndedBy::Visitor, .. } => "You ended the call",
        CallState::Ended { by: EndedBy::Desk, .. } if answering == Answering::ByTeam => "Our team ended the call",
        CallState::Ended { by: EndedBy::Desk, .. } => "The assistant ended the call",
        CallState::Ended { by: EndedBy::TimeLimit, .. } => "The longest call time was reached",
        CallState::Ended { by: EndedBy::OtherPage, .. } => "The call goes on in another tab",
        CallState::Failed(_) => "Not connected",
    }
}

/// The label below the ring: what is happening, and what one can do.
pub fn label(state: &CallState, agent: Option<AgentState>) -> (&'static str, &'static str) {
    match (state, agent) {
        (CallState::RequestingMicrophone, _) => ("Allow the microphone", "the browser is asking"),
        (CallState::WaitingForAgent { .. }, _) => ("Calling", "one moment"),
        (CallState::Reconnecting { .. }, _) => ("Reconnecting", "stay on the line"),
        (CallState::Connected { .. }, Some(AgentState::Speaking)) => ("Speaking", "just talk to interrupt"),
        (CallState::Connected { .. }, Some(AgentState::Thinking)) => ("One moment", ""),
        (CallState::Connected { .. }, Some(AgentState::Listening | AgentState::Idle)) => ("Listening", ""),
        (CallState::Connected { .. }, Some(AgentState::Initializing) | None) => ("Connected", "one moment"),
        (CallState::Idle | CallState::Connecting | CallState::Ended { .. } | CallState::Failed(_), _) => {
            ("Connecting", "")
        }
    }
}

/// The connection's quality for screen readers and the bars' tooltip.
pub fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Unknown => "Connection not judged yet",
        Quality::Excellent => "Excellent connection",
        Quality::Good => "Good connection",
        Quality::Poor => "Poor connection",
        Quality::Lost => "Connection lost",
    }
}

/// A length of time as a call's clock shows it: `0:42`, `61:07`.
pub fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What is left of a wait, rounded up to whole seconds: `in 12 s`, `in 2 min`.
pub fn wait(left: Duration) -> String {
    let seconds = left.as_millis().div_ceil(1_000);
    if seconds < 120 { format!("in {seconds} s") } else { format!("in {} min", seconds.div_ceil(60)) }
}

fn sentence(reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    format!("{reason}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_counts_minutes_beyond_the_hour() {
        assert_eq!(clock(Duration::from_millis(42_900)), "0:42");
        assert_eq!(clock(Duration::from_secs(3_667)), "61:07");
    }

    #[test]
    fn a_wait_is_never_said_to_be_over_too_early() {
        assert_eq!(wait(Duration::from_millis(11_001)), "in 12 s");
        assert_eq!(wait(Duration::from_secs(121)), "in 3 min");
        assert_eq!(wait(Duration::ZERO), "in 0 s");
    }

    #[test]
    fn an_assistant_is_promised_only_where_there_is_one() {
        let since = Duration::ZERO;
        let states = [CallState::Idle, CallState::WaitingForAgent { since }];
        let status = |answering| states.each_ref().map(|state| status(state, answering));
        assert_eq!(status(Answering::Aloud), ["Usually answers at once", "Calling the assistant"]);
        assert_eq!(status(Answering::InWriting), ["Answers by text", "Calling the assistant"]);
        assert_eq!(status(Answering::ByTeam), ["Answers when somebody is free", "Calling the team"]);
        assert!(start_text(Answering::ByTeam).starts_with("Our team picks up"));
    }

    #[test]
    fn a_refusal_keeps_the_servers_own_words() {
        let advice = advice(&Problem::TokenRefused("this room is for staff".into()));
        assert_eq!(advice.title, "The call was not accepted: this room is for staff.");
    }
}
