//! What of a term is replaced by what?

use std::borrow::Cow;
use std::ops::Range;

use crate::etf::{Term, tag};
use crate::redact::MARK;

/// A range of a term's bytes, and what takes its place.
#[derive(Clone, Debug)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: Vec<u8>,
    /// Secrets that are hidden by it.
    pub(super) secrets: u64,
}

/// A term and what of it is hidden.
#[derive(Clone, Debug)]
pub struct Hidden<'t> {
    term: Term<'t>,
    /// In order; none overlap.
    edits: Vec<Edit>,
}

impl<'t> Hidden<'t> {
    /// A term of which nothing is hidden.
    pub const fn nothing(term: Term<'t>) -> Self {
        Self { term, edits: Vec::new() }
    }

    pub(super) fn new(term: Term<'t>, mut edits: Vec<Edit>) -> Self {
        edits.sort_by_key(|edit| edit.range.start);
        Self { term, edits }
    }

    /// Whether nothing is hidden.
    pub const fn is_nothing(&self) -> bool {
        self.edits.is_empty()
    }

    /// Secrets that are hidden.
    pub fn count(&self) -> u64 {
        self.edits.iter().map(|edit| edit.secrets).sum()
    }

    /// The bytes of the term, without its version byte, as they may be shown.
    pub fn shown(&self) -> Cow<'t, [u8]> {
        if self.edits.is_empty() {
            return Cow::Borrowed(self.term.as_bytes());
        }
        Cow::Owned(self.with_edits(0..self.term.len()))
    }

    /// The same of a part of the term. Of a part of something that is hidden the mark alone is.
    pub fn shown_part<'p>(&self, part: Term<'p>) -> Cow<'p, [u8]> {
        let Some(range) = self.place(part) else { return Cow::Borrowed(part.as_bytes()) };
        match self.around(&range) {
            Some(edit) if edit.range == range => Cow::Owned(edit.with.clone()),
            Some(_) => Cow::Owned(mark()),
            None if self.edits.iter().any(|edit| range.start <= edit.range.start && edit.range.end <= range.end) => {
                Cow::Owned(self.with_edits(range))
            }
            None => Cow::Borrowed(part.as_bytes()),
        }
    }

    /// Whether a part of the term is, or is within, what is hidden.
    pub fn hides(&self, part: Term<'_>) -> bool {
        !self.edits.is_empty() && self.place(part).is_some_and(|range| self.around(&range).is_some())
    }

    /// Whether a term lies within this one.
    pub fn is_part(&self, part: Term<'_>) -> bool {
        self.place(part).is_some()
    }

    fn around(&self, part: &Range<usize>) -> Option<&Edit> {
        self.edits.iter().find(|edit| edit.range.start <= part.start && part.end <= edit.range.end)
    }

    /// Where in the term a part of it lies.
    fn place(&self, part: Term<'_>) -> Option<Range<usize>> {
        let start = part.as_bytes().as_ptr().addr().checked_sub(self.term.as_bytes().as_ptr().addr())?;
        let end = start.checked_add(part.len())?;
        (end <= self.term.len()).then_some(start..end)
    }

    fn with_edits(&self, range: Range<usize>) -> Vec<u8> {
        let bytes = self.term.as_bytes();
        let mut out = Vec::with_capacity(range.len() + 16);
        let mut at = range.start;
        let inside = self.edits.iter().filter(|edit| range.start <= edit.range.start && edit.range.end <= range.end);
        for edit in inside {
            out.extend_from_slice(&bytes[at..edit.range.start]);
            out.extend_from_slice(&edit.with);
            at = edit.range.end;
        }
        out.extend_from_slice(&bytes[at..range.end]);
        out
    }
}

/// The mark in place of a whole term.
pub(super) fn whole(term: Term<'_>) -> Edit {
    Edit { range: 0..term.len(), with: mark(), secrets: 1 }
}

/// The term of a binary.
pub(super) fn binary(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + text.len());
    bytes.push(tag::BINARY);
    bytes.extend_from_slice(&(text.len() as u32).to_be_bytes());
    bytes.extend_from_slice(text);
    bytes
}

/// The term of a text with marks in it. Bytes that are no text would be shown as numbers, and the mark with them: of
/// these only the mark is left.
pub(super) fn marked(text: &[u8]) -> Vec<u8> {
    let is_text = str::from_utf8(text)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{1b}')));
    if is_text { binary(text) } else { mark() }
}

/// The term of the mark.
pub(super) fn mark() -> Vec<u8> {
    binary(MARK.as_bytes())
}
