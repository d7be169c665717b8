//! Where does the text of a term go, and when is it cut?

use std::fmt::Write as _;

use super::Show;

/// The text so far. `JSON`: it is inside a JSON string, so quotes and backslashes are escaped on the way.
/// Control characters never get here: Elixir's own syntax escapes them.
pub(super) struct Out<'o, const JSON: bool> {
    pub(super) text: &'o mut String,
    /// Length of `text` that is not passed.
    limit: usize,
    /// Bytes of the whole term, for the mark.
    term_bytes: usize,
    /// Bytes that may still be looked at ahead of writing them; see `scan`.
    pub(super) ahead: usize,
    pub(super) home: Option<&'o [u8]>,
    /// The mark is written; from here on only brackets are closed.
    pub(super) cut: bool,
}

impl<'o, const JSON: bool> Out<'o, JSON> {
    pub(super) fn new(text: &'o mut String, show: Show<'o>, term_bytes: usize) -> Self {
        let limit = text.len().saturating_add(show.max_bytes);
        let ahead = super::scan::allowance(term_bytes);
        Self { text, limit, term_bytes, ahead, home: show.home, cut: false }
    }

    /// Text without quotes and backslashes.
    #[inline]
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    #[inline]
    pub(super) fn quote(&mut self) {
        self.push(if JSON { "\\\"" } else { "\"" });
    }

    #[inline]
    pub(super) fn backslash(&mut self) {
        self.push(if JSON { "\\\\" } else { "\\" });
    }

    #[inline]
    pub(super) fn integer(&mut self, integer: impl itoa::Integer) {
        self.text.push_str(itoa::Buffer::new().format(integer));
    }

    /// Bytes until the limit.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    pub(super) fn is_over(&self) -> bool {
        self.text.len() > self.limit
    }

    /// Takes back what a whole was written as since `from`, if it went over the limit.
    #[inline]
    pub(super) fn fits(&mut self, from: usize) -> bool {
        if !self.is_over() {
            return true;
        }
        self.text.truncate(from);
        self.mark();
        false
    }

    /// Marks the cut, here and once.
    #[cold]
    pub(super) fn mark(&mut self) {
        if !self.cut {
            self.cut = true;
            // Writing to a string cannot fail.
            let _ = write!(self.text, "‹cut: {} bytes›", self.term_bytes);
        }
    }
}
