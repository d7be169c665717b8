//! The decoder of Erlang terms: what real nodes sent, what Elixir prints, and what no node would send.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

mod any_term;
mod hostile;
mod recordings;
mod shown;

use elixir_scope_storage::etf::Term;

/// A term after its version byte.
fn versioned(bytes: &[u8]) -> Vec<u8> {
    [&[131], bytes].concat()
}

/// The byte at which reading fails, and why.
fn refusal(bytes: &[u8]) -> (usize, String) {
    let error = Term::parse(bytes).expect_err("no term");
    assert!(error.offset <= bytes.len(), "{error}");
    (error.offset, error.message)
}
