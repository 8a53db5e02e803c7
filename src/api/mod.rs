//! The contract between browser and server: wire types and server functions.

pub mod call;
pub mod codec;
