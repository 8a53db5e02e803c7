#![no_main]
#![allow(missing_docs, reason = "libFuzzer makes a C function of it")]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frontdesk::server::sfu::fuzz::description(bytes));
