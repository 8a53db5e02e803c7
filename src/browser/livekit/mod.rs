//! The unmodified LiveKit JS client: `ffi` names its classes, `bridge` turns its values into ours and back, `handle`
//! owns a room and every closure that the room may call.
//!
//! The client is a module of its own and is fetched only when a call is near.

mod bridge;
mod ffi;
mod handle;

pub use bridge::{prefetch, warm};
pub use handle::Room;
