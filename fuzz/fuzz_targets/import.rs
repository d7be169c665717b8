//! Finds a file that is neither read as what it is nor refused with a reason.

#![no_main]

#[path = "../../tests/support/entry_points.rs"]
#[allow(dead_code, reason = "each target asks one of them")]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::import(bytes));
