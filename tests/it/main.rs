//! The integration tests: real listeners on free ports, real clients.

mod app;
mod token;
