//! Finds bytes that are read as an Erlang term and cannot be shown, or are refused outside of them.

#![no_main]

#[path = "../../tests/support/entry_points.rs"]
#[allow(dead_code, reason = "each target asks one of them")]
mod entry_points;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry_points::etf(bytes));
