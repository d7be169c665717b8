//! Was a value cut before it came here?
//!
//! `scope.exs` (and ElixirScope's own `truncate_if_large/2`) sends `{:truncated, Size, Text}` in place of a long value.
//! Two values that were cut alike may differ, and two that were cut differently may be equal: they are never compared.

use crate::etf::{Atom, Term};

/// The word that stands first in a cut value.
const WORD: &str = "truncated";

/// Whether this stands in place of a value.
pub(super) fn is_cut(term: Term<'_>) -> bool {
    let Some(mut parts) = term.tuple().filter(|parts| parts.len() == 3) else { return false };
    let is_word = parts.next().and_then(Term::atom).is_some_and(|word: Atom<'_>| word.is(WORD));
    is_word && parts.next().and_then(Term::integer).is_some()
}

/// Whether some part of a value was cut. May take a value that only looks so for one.
pub(super) fn holds_cut(term: Term<'_>) -> bool {
    let bytes = term.as_bytes();
    // A tuple of three, and an atom of so many bytes.
    let begins = |before: &[u8]| {
        [&[104, 3, 119, 9][..], &[104, 3, 118, 0, 9], &[104, 3, 100, 0, 9], &[104, 3, 115, 9]]
            .iter()
            .any(|head| before.ends_with(head))
    };
    memchr::memmem::find_iter(bytes, WORD).any(|at| begins(&bytes[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_value_is_seen_wherever_it_stands() {
        let cut = [&[104, 3, 119, 9][..], b"truncated", &[98, 0, 0, 19, 136, 109, 0, 0, 0, 1, b'x']].concat();
        let term = |bytes: &[u8]| [&[131], bytes].concat();
        let whole = term(&cut);
        let whole = Term::parse(&whole).unwrap();
        assert!(is_cut(whole) && holds_cut(whole));
        let inside = term(&[&[104, 1][..], &cut].concat());
        let inside = Term::parse(&inside).unwrap();
        assert!(!is_cut(inside) && holds_cut(inside));
        let other = term(&[&[119, 9][..], b"truncated"].concat());
        let other = Term::parse(&other).unwrap();
        assert!(!is_cut(other) && !holds_cut(other));
    }
}
