//! What goes into the call machine and what comes out of it.

use std::time::Duration;

use super::{Mode, Problem};

/// The number of a call on this page: what answers late to a call that is over is told by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt(u32);

impl Attempt {
    pub(super) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The visitor wants a call.
    Start(Mode),
    /// The visitor wants back into the call whose ticket the shell has kept.
    Rejoin {
        /// How the visitor took part.
        mode: Mode,
        /// When the ticket ends.
        until: Duration,
        /// How long the call has stood by then.
        age: Duration,
    },
    /// The visitor hangs up, or gives up before the room was joined.
    HangUp,
    /// The visitor has seen how the call ended.
    Reset,
    /// The visitor wants to speak in a call that has no microphone.
    WantMicrophone,
    /// The visitor chose another microphone, or other filters for it.
    ChangeMicrophone,
    /// The page goes away.
    LeavePage,
    /// Something that was started for an attempt has news.
    News(Attempt, News),
    /// [`next_timeout`](super::CallMachine::next_timeout) was reached.
    TimePassed,
}

/// What the browser or the room reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The microphone is open.
    MicrophoneOpened,
    /// There is no microphone, for this reason.
    MicrophoneFailed(Problem),
    /// The open microphone was unplugged or forbidden.
    MicrophoneLost,
    /// The room did not take the open microphone.
    MicrophoneUnheard,
    /// The server gave a ticket.
    TicketGranted {
        /// When it ends, where it says so.
        until: Option<Duration>,
    },
    /// The server gave none.
    TicketRefused(Problem),
    /// The room is joined.
    Joined,
    /// The room could not be joined.
    JoinFailed(Problem),
    /// The connection dropped; LiveKit's client is at it.
    Reconnecting,
    /// The connection is back.
    Reconnected,
    /// Out of the room for good.
    Disconnected(Departure),
    /// Somebody who can answer is in the room.
    DeskArrived,
    /// Nobody who can answer is in the room any more.
    DeskLeft,
}

/// Why the room is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// LiveKit's client left by itself, as it does when the page goes away.
    Client,
    /// The room was closed, or the visitor put out of it.
    Desk,
    /// The same identity joined from elsewhere.
    OtherPage,
    /// The connection did not come back.
    Lost,
}

/// What the shell has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a microphone and report.
    OpenMicrophone(Attempt),
    /// Release every microphone of the attempt.
    CloseMicrophone(Attempt),
    /// Ask the server for a ticket and report.
    FetchTicket(Attempt),
    /// Join the room of the ticket and report.
    JoinRoom(Attempt),
    /// Let the room hear the newest microphone; the room may still be on its way.
    PublishMicrophone(Attempt),
    /// Leave the room, also in the middle of joining it.
    LeaveRoom(Attempt),
    /// Forget the kept ticket: nobody will come back to this call.
    ForgetTicket,
}
