//! The life of one call as the visitor sees it: its states, and the machines that move between them.

mod agent_label;
mod exchange;
mod machine;
mod opening;
mod state;
pub mod wire;

pub use agent_label::{AgentLabel, SETTLE};
pub use exchange::{Attempt, Departure, Input, News, Output};
pub use machine::{AGENT_TIMEOUT, CallMachine, JOIN_TIMEOUT};
pub use opening::Opening;
pub use state::{AgentState, Answering, CallState, EndedBy, Mode, Problem, Quality};
