//! Views, and the small component kit that they share.

pub mod call;
pub mod icon;
pub mod live;
pub mod part;
pub mod site;
