//! What speech providers have in common: how they fail, in which order they are asked, and how they are reached.
//!
//! It knows neither speech nor any provider's protocol.

mod error;
mod pool;
mod roster;
mod setting;
mod web;

pub use self::{
    error::ProviderError,
    setting::{MissingKey, Place},
};
pub(super) use self::{
    pool::{Lease, Pool},
    roster::Roster,
    setting::{Said, Usual},
    web::{Door, Web},
};
