//! What only a browser has: the LiveKit client, microphones and speakers, storage and clocks. Nothing above it sees a
//! `JsValue`.
//!
//! On the server the same names stand for things that never exist, so that views compile unchanged.

pub mod device;
pub mod event;
pub mod stroke;

#[cfg(feature = "hydrate")]
pub mod clock;
#[cfg(feature = "hydrate")]
mod listener;
#[cfg(feature = "hydrate")]
pub mod livekit;
#[cfg(feature = "hydrate")]
pub mod media;
#[cfg(feature = "hydrate")]
pub mod meter;
#[cfg(feature = "hydrate")]
pub mod page;
#[cfg(feature = "hydrate")]
pub mod screen;
#[cfg(feature = "hydrate")]
pub mod storage;

#[cfg(not(feature = "hydrate"))]
mod inert;
#[cfg(not(feature = "hydrate"))]
pub use inert::{clock, livekit, media, meter, page, screen, storage};
