//! What the assistant tells the record of its call: it says, and never waits or learns what becomes of it.

use std::sync::Arc;

use super::link::Transcript;
use crate::domain::{
    record::{Report, RoomLife, Segment, Told},
    transcript::Speaker,
};

/// Takes what assistants tell of their calls.
pub trait Reporter: Send + Sync {
    /// Takes a report, at once; one that cannot be kept is lost.
    fn report(&self, report: Report);
}

/// The account of one session in a room.
pub(super) struct Account {
    /// Whom it is given, and of which call; nobody where there is no record.
    to: Option<(Arc<dyn Reporter>, RoomLife)>,
    /// When the session began, since the call did.
    began_ms: i64,
}

impl Account {
    /// Begins at `now_ms`, since the Unix epoch; without a reporter, or in a room that has no id, nothing is told.
    pub(super) fn new(reporter: Option<Arc<dyn Reporter>>, room: Option<RoomLife>, now_ms: i64) -> Self {
        let began_ms = room.as_ref().map_or(0, |room| now_ms.saturating_sub(room.opened_ms).max(0));
        Self { to: reporter.zip(room), began_ms }
    }

    /// Tells what was heard, or typed; `own` is the assistant's identity.
    pub(super) fn heard(&self, words: &Transcript, own: &str, typed: bool) {
        let speaker = if words.identity == own { Speaker::Agent } else { Speaker::Visitor };
        let segment = Segment {
            id: words.segment.clone(),
            speaker,
            identity: words.identity.clone(),
            text: words.text.clone(),
            is_final: words.is_final,
            interrupted: words.interrupted,
            typed,
            start_ms: self.since_call(words.start_ms),
            end_ms: self.since_call(words.end_ms),
        };
        self.tell(segment.end_ms, Told::Segment(segment));
    }

    fn tell(&self, since_call_ms: i64, what: Told) {
        if let Some((reporter, room)) = &self.to {
            let at_ms = room.opened_ms.saturating_add(since_call_ms);
            reporter.report(Report { room: room.clone(), at_ms, what });
        }
    }

    fn since_call(&self, session_ms: u64) -> i64 {
        self.began_ms.saturating_add(i64::try_from(session_ms).unwrap_or(i64::MAX))
    }
}
