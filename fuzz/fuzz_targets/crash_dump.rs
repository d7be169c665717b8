//! Finds a crash dump that is not read, or read as what it does not say.

#![no_main]

#[path = "../../tests/support/entry_points.rs"]
#[allow(dead_code, reason = "each target asks one of them")]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::crash_dump(bytes));
