//! Builds, runs and tests Frontdesk.
fn main() {}
