//! What the assistant tells of a call while it goes on: the words as they were heard, and how well it went.
//!
//! The assistant may run in another process than the record, so that every type here travels as JSON.

use serde::{Deserialize, Serialize};

use super::{Message, RoomLife};
use crate::domain::transcript::Speaker;

/// Something that the assistant tells of its call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Of which call.
    pub room: RoomLife,
    /// When it was told.
    pub at_ms: i64,
    /// What.
    pub what: Told,
}

/// What the assistant tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Words; they replace what was told of the same segment.
    Segment(Segment),
    /// Measurements.
    Sample(Sample),
    /// A message for the team.
    Message(Message),
}

/// What was really heard of one side, or typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Unique in the call.
    pub id: String,
    /// Who.
    pub speaker: Speaker,
    /// Their identity in the room.
    pub identity: String,
    /// The words so far.
    pub text: String,
    /// Whether they will not change any more.
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

/// Measurements of one participant at one time; those that nobody could take are absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Whose.
    pub identity: String,
    /// When.
    pub at_ms: i64,
    /// Sound that was lost on its way from them, in per cent.
    pub loss_pct: Option<f64>,
    /// How unevenly it arrived.
    pub jitter_ms: Option<f64>,
    /// The way there and back.
    pub rtt_ms: Option<f64>,
    /// The connection as the room server judges it: `excellent`, `good`, `poor` or `lost`.
    pub quality: Option<String>,
    /// From the end of the caller's speech to its words.
    pub stt_ms: Option<i64>,
    /// From the caller's words to the answer's first.
    pub llm_ms: Option<i64>,
    /// From the answer's first words to their sound.
    pub tts_ms: Option<i64>,
    /// From the end of the caller's speech to the answer's first sound.
    pub e2e_ms: Option<i64>,
}
