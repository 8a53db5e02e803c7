//! The integration tests: real listeners on free ports, real clients.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]

mod agent;
mod app;
mod call;
mod caller;
mod commands;
mod databases;
mod ears;
mod emulation;
mod endurance;
mod faults;
mod limits;
mod llm;
mod process;
mod record;
mod record_faults;
mod record_webhooks;
mod recording;
mod room_server;
mod room_service;
mod rooms;
mod security;
mod sfu_call;
mod sfu_connection;
mod sfu_door;
mod sfu_host;
mod sfu_participant;
mod storage;
mod token;
mod visit;
mod voices;
mod webhooks;
mod workers;
