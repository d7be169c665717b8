//! Which parts of a term are secrets, and what stands in their place?
//!
//! One pass over the term finds edits: ranges of its bytes, and the bytes that take their place. The term itself is
//! never built; what is shown is the term with its edits.

mod asked;
mod edits;
mod list;
mod short;
mod walk;

use super::Secrets;
use crate::etf::Term;
use crate::etf::cursor::Cursor;
pub use asked::Asked;
pub(super) use asked::asked;
pub use edits::Hidden;
use walk::Walk;

/// What is hidden of a term.
pub(super) fn find<'t>(secrets: &Secrets, term: Term<'t>) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.visit(&mut Cursor { rest: term.as_bytes() });
    Hidden::new(term, walk.edits)
}

/// What is hidden of what was asked for by the name of a secret.
pub(super) fn find_answer<'t>(secrets: &Secrets, term: Term<'t>, asked: Asked) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.answer(&mut Cursor { rest: term.as_bytes() }, asked);
    Hidden::new(term, walk.edits)
}

/// What is hidden of the result of a call within one that asked.
pub(super) fn find_within<'t>(secrets: &Secrets, term: Term<'t>) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.within(&mut Cursor { rest: term.as_bytes() });
    Hidden::new(term, walk.edits)
}

/// A term that is hidden as a whole.
pub(super) fn find_whole(term: Term<'_>) -> Hidden<'_> {
    let is_marked = asked::is_marked(Cursor { rest: term.as_bytes() });
    Hidden::new(term, if is_marked { Vec::new() } else { vec![edits::whole(term)] })
}

/// What is hidden of a term whose texts all are.
pub(super) fn find_texts<'t>(secrets: &Secrets, term: Term<'t>) -> Hidden<'t> {
    let mut walk = Walk::new(secrets, term.as_bytes());
    walk.texts(&mut Cursor { rest: term.as_bytes() });
    Hidden::new(term, walk.edits)
}
