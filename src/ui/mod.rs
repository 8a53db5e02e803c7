//! Views, and the small component kit that they share.

pub mod call;
