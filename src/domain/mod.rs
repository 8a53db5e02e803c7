//! Pure rules that server and browser share: no clock, no IO, no browser, no server.

pub mod call;
pub mod faq;
pub mod json;
pub mod record;
pub mod site;
pub mod transcript;
