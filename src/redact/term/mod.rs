//! Which parts of a term are secrets, and what stands in their place?
//!
//! One pass over the term finds edits: ranges of its bytes, and the bytes that take their place. The term itself is
//! never built; what is shown is the term with its edits.

mod edits;
mod list;
mod short;
mod walk;

use super::Secrets;
use crate::etf::Term;
use crate::etf::cursor::Cursor;
pub use edits::Hidden;
use walk::Walk;

/// What is hidden of a term.
pub(super) fn find<'t>(secrets: &Secrets, term: Term<'t>) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.visit(&mut Cursor { rest: term.as_bytes() });
    Hidden::new(term, walk.edits)
}

/// What is hidden of a term whose texts all are.
pub(super) fn find_texts<'t>(secrets: &Secrets, term: Term<'t>) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.texts(&mut Cursor { rest: term.as_bytes() });
    Hidden::new(term, walk.edits)
}
