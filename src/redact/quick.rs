//! May a term hold a secret? Nearly all hold none, and are not looked at further.

use super::Secrets;
use super::card;
use super::text::is_response_like;
use crate::etf::{Leaf, Term};

/// Whether something in a term may be a secret: cheap, and never wrong where it says no.
pub(super) fn may_hold(secrets: &Secrets, term: Term<'_>) -> bool {
    secrets.has_hint(term.as_bytes())
        || term.any_leaf(|leaf| match leaf {
            Leaf::Text(text) => is_response_like(text) || card::may_hold(text),
            Leaf::Big(digits) => integer(digits).is_some_and(card::is_card_integer),
            // A name may be in one piece and its value in another.
            Leaf::Pieces => true,
        })
}

/// The integer of up to eight bytes, little endian.
pub(super) fn integer(digits: &[u8]) -> Option<i64> {
    let mut bytes = [0; 8];
    bytes.get_mut(..digits.len())?.copy_from_slice(digits);
    i64::try_from(u64::from_le_bytes(bytes)).ok()
}
