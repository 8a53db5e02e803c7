//! A call as it stands in the record, for whoever looks it up.

use serde::Serialize;

use super::{CallStatus, Departure, EndReason, MemberKind, Sample};
use crate::domain::transcript::Speaker;

/// A call's line in the list of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedCall {
    /// Its id.
    pub id: String,
    /// Its room's name.
    pub room: String,
    /// Where it stands.
    pub status: CallStatus,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Whoever left a message in it, by name.
    pub contact: Option<String>,
    /// When its room opened.
    pub started_ms: i64,
    /// When two could talk.
    pub answered_ms: Option<i64>,
    /// Who answered: `assistant` or `team`.
    pub answered_by: Option<String>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// From the answer to the end.
    pub duration_ms: Option<i64>,
}

/// All that is recorded of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRecord {
    /// Its line in the list.
    #[serde(flatten)]
    pub call: RecordedCall,
    /// Who was in it, in the order of their coming.
    pub participants: Vec<RecordedMember>,
    /// What was heard, in the order of its beginning.
    pub segments: Vec<RecordedSegment>,
    /// Messages that were taken.
    pub notes: Vec<RecordedNote>,
    /// How well it went, in the order of time.
    pub metrics: Vec<Sample>,
}

/// A stay of somebody in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedMember {
    /// The room server's id of the stay.
    pub sid: String,
    /// Who.
    pub identity: String,
    /// The name that others saw.
    pub name: String,
    /// What they are.
    pub kind: MemberKind,
    /// When they came.
    pub joined_ms: i64,
    /// When they left.
    pub left_ms: Option<i64>,
    /// Why, if it was said.
    pub departure: Option<Departure>,
}

/// Words of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedSegment {
    /// Unique in the call.
    pub id: String,
    /// Who.
    pub speaker: Speaker,
    /// Their identity.
    pub identity: String,
    /// What was heard of it.
    pub text: String,
    /// Whether the words were settled.
    pub is_final: bool,
    /// Whether the speaker was cut short.
    pub interrupted: bool,
    /// Whether it was typed.
    pub typed: bool,
    /// When it began, in milliseconds from the call's start.
    pub start_ms: i64,
    /// When it was heard until, in milliseconds from the call's start.
    pub end_ms: i64,
}

/// A message that was taken in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedNote {
    /// The contact's name.
    pub contact: String,
    /// Where to call back.
    pub phone: Option<String>,
    /// What it is about.
    pub text: String,
    /// When it was taken.
    pub created_ms: i64,
}
