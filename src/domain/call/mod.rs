//! The life of one call as the visitor sees it: its states, and the machine that moves between them.

mod state;

pub use state::{AgentState, CallState, EndedBy, Mode, Problem, Quality};
