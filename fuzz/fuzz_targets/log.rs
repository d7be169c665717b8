//! Finds a log whose entries are not counted or not shown as they are.

#![no_main]

#[path = "../../tests/support/entry_points.rs"]
#[allow(dead_code, reason = "each target asks one of them")]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::log(bytes));
