//! The words of a call, in the order in which they were said.
//!
//! Transcripts come as text streams on `lk.transcription`, several streams to a segment: a line is found again by its
//! segment id and its text is replaced.

/// Who said a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The visitor, by voice or keyboard.
    Visitor,
    /// The assistant.
    Agent,
    /// A member of the team.
    Staff,
}

/// One line of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The segment's id (`lk.segment_id`), or the chat message's.
    pub id: String,
    /// Who said it.
    pub speaker: Speaker,
    /// The words so far.
    pub text: String,
    /// Whether the words are settled; interim words may still change.
    pub is_final: bool,
    /// Whether it was typed.
    pub typed: bool,
}
