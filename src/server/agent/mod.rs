//! The assistant: a participant in pure Rust that greets, hears, answers and can be interrupted.
//!
//! ```text
//! room ─link─▶ ear (Opus, VAD) ─▶ turn ─▶ answers ─▶ mouth (sentences, TTS, playout, Opus) ─link─▶ room
//!                    └─▶ stt ──────┘      └─▶ llm      └─▶ transcript ─────────────────────link─▶ room
//!                                             └─▶ tools
//! ```
//!
//! [`AgentHost`] joins each room it is told of and runs one session in it, which wires these. `attendance`, `patience`,
//! `turn`, `conversation`, `playout`, `listeners`, `transcript`, `retrieval` and the script are pure; `link` alone knows LiveKit; engines
//! stand behind small traits (`stt::Stt`, `tts::Tts`, `vad::Vad`, `llm::Llm`), those of other machines with others behind
//! them that stand in (`providers`), and what tools act on behind `tools::Mailbox`.
//! It knows the room server by its address only, embedded or not, and the record of calls as a [`Reporter`] only.

mod answers;
mod attendance;
mod audio;
mod commands;
mod conversation;
mod ear;
mod everyday;
mod host;
pub mod link;
mod listeners;
mod llm;
mod mouth;
mod outbox;
mod patience;
mod phrases;
mod playout;
pub mod providers;
mod reply;
mod report;
mod retrieval;
mod script;
mod session;
mod settings;
mod stopwatch;
pub mod stt;
mod summons;
mod thesaurus;
mod tools;
mod transcript;
pub mod tts;
mod turn;
mod vad;

/// The name that LiveKit dispatches our assistants by.
pub const DISPATCH_NAME: &str = "frontdesk";

pub use self::{
    commands::RpcFailure,
    ear::Ear,
    host::{AgentConfig, AgentHost, Speech, speech},
    link::Link,
    llm::{CloudChoice, LlmChoice, LlmError},
    report::Reporter,
    script::Knowledge,
    settings::{CallingCode, Keys, Settings, SettingsError},
    summons::{Summons, Whereabouts},
    tools::{Mailbox, MailboxError, SpokenMessage},
    vad::Edge,
};
