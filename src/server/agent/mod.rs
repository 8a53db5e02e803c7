//! The assistant: a participant in pure Rust that greets, hears, answers and can be interrupted.
//!
//! ```text
//! room ─link─▶ ear (Opus, VAD) ─▶ turn ─▶ script ─▶ mouth (sentences, TTS, playout, Opus) ─link─▶ room
//!                    └─▶ stt ──────┘                  └─▶ transcript ──────────────────────link─▶ room
//! ```
//!
//! [`AgentHost`] joins each room it is told of and runs one session in it, which wires these. `attendance`, `turn`,
//! `playout`, `transcript` and `script` are pure; `link` alone knows LiveKit; engines stand behind small traits (`stt::Stt`,
//! `tts::Tts`, `vad::Vad`, `script::Brain`).
//! It knows the room server by its address only, embedded or not, and the record of calls as a [`Reporter`] only.

mod attendance;
mod audio;
mod ear;
mod host;
pub mod link;
mod mouth;
mod outbox;
mod playout;
mod report;
mod script;
mod session;
mod stopwatch;
mod stt;
mod transcript;
mod tts;
mod turn;
mod vad;

pub use self::{
    host::{AgentConfig, AgentHost, Speech, speech},
    link::Link,
    report::Reporter,
};
