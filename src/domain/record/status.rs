//! The states of a recorded call, telephony's own, and which may follow which.

use super::words;

words! {
    /// Where a recorded call stands.
    CallStatus {
        /// Waits to be dialled.
        Queued = "queued",
        /// Is being dialled.
        Dialing = "dialing",
        /// One side is there, nobody answers yet.
        Ringing = "ringing",
        /// Somebody answered.
        InProgress = "in_progress",
        /// It was answered, and ended as one side wished.
        Completed = "completed",
        /// The line was busy.
        Busy = "busy",
        /// The caller was there and nobody answered.
        NoAnswer = "no_answer",
        /// It broke off, as neither side wished.
        Failed = "failed",
        /// It ended before the caller came.
        Canceled = "canceled",
        /// The other side refused it.
        Rejected = "rejected",
        /// A machine answered.
        Voicemail = "voicemail",
    }
}

impl CallStatus {
    /// Whether the call is over.
    pub fn is_terminal(self) -> bool {
        self.stage() == TERMINAL
    }

    /// Whether `next` may follow: a live call only goes forward, and one that is over never lives again. How it ended may
    /// still be corrected by what was learnt late, unless the carrier said it.
    pub fn may_become(self, next: Self) -> bool {
        if self.is_terminal() {
            return next != self && self.is_inferred() && next.is_inferred();
        }
        self.stage() < next.stage()
    }

    /// Whether it follows from who was in the room, rather than from a carrier's word.
    fn is_inferred(self) -> bool {
        matches!(self, Self::Completed | Self::NoAnswer | Self::Failed | Self::Canceled)
    }

    fn stage(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Dialing => 1,
            Self::Ringing => 2,
            Self::InProgress => 3,
            Self::Completed
            | Self::Busy
            | Self::NoAnswer
            | Self::Failed
            | Self::Canceled
            | Self::Rejected
            | Self::Voicemail => TERMINAL,
        }
    }
}

const TERMINAL: u8 = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_status_is_read_as_it_was_written() {
        for status in CallStatus::ALL {
            assert_eq!(CallStatus::parse(status.as_str()), Some(*status));
        }
        assert_eq!(CallStatus::parse("pondering"), None);
    }

    #[test]
    fn a_live_call_goes_forward() {
        use CallStatus::{Busy, Completed, Dialing, InProgress, NoAnswer, Queued, Ringing, Voicemail};
        for (from, to) in
            [(Queued, Dialing), (Dialing, Ringing), (Ringing, InProgress), (Ringing, Busy), (InProgress, Completed)]
        {
            assert!(from.may_become(to) && !to.may_become(from), "{from:?} {to:?}");
        }
        assert!(NoAnswer.may_become(Completed) && !Voicemail.may_become(Completed) && !Ringing.may_become(Ringing));
    }

    proptest! {
        #[test]
        fn a_terminal_state_never_regresses(path in prop::collection::vec(prop::sample::select(CallStatus::ALL), 0..40)) {
            let mut status = CallStatus::Queued;
            let mut is_over = false;
            for next in path {
                if status.may_become(next) {
                    status = next;
                }
                prop_assert!(status.is_terminal() || !is_over);
                is_over |= status.is_terminal();
            }
        }
    }
}
