//! What only a browser has: the LiveKit client, microphones and speakers. Nothing above it sees a `JsValue`.

pub mod media;
