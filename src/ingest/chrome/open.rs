//! Which spans are open at a time, by thread and by asynchronous id?

use std::collections::HashMap;

/// Spans that are open at one time; of more, ends are not joined to their beginnings.
const MAX_OPEN: usize = 1 << 16;

/// A span that has begun.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) call_id: String,
    pub(super) name: Option<String>,
    pub(super) at: i64,
    /// When it ends, of a span that says so at its beginning.
    pub(super) end: Option<i64>,
}

/// The open spans.
#[derive(Debug, Default)]
pub(super) struct OpenSpans {
    stacks: HashMap<String, Vec<Open>>,
    count: usize,
}

impl OpenSpans {
    pub(super) fn begin(&mut self, stack: &str, span: Open) {
        if self.count < MAX_OPEN {
            self.stacks.entry(stack.to_owned()).or_default().push(span);
            self.count += 1;
        }
    }

    /// The innermost span that is open at a time, and still is at `until`.
    pub(super) fn around(&mut self, stack: &str, at: i64, until: i64) -> Option<&Open> {
        self.close_ended(stack, at);
        let lasts = |span: &&Open| span.end.is_none_or(|end| end >= until);
        self.stacks.get(stack)?.iter().rev().find(lasts)
    }

    /// Takes the innermost span that this is the end of: one of its name, where the end has one and names matter.
    pub(super) fn end(&mut self, stack: &str, name: Option<&str>) -> Option<Open> {
        let spans = self.stacks.get_mut(stack)?;
        let is_it = |span: &Open| {
            span.end.is_none() && name.is_none_or(|name| span.name.as_deref().is_none_or(|own| own == name))
        };
        let place = spans.iter().rposition(is_it)?;
        let span = spans.remove(place);
        self.count -= 1;
        // Threads and ids are many, and most are done.
        if spans.is_empty() {
            self.stacks.remove(stack);
        }
        Some(span)
    }

    fn close_ended(&mut self, stack: &str, at: i64) {
        if let Some(spans) = self.stacks.get_mut(stack) {
            let before = spans.len();
            spans.retain(|span| span.end.is_none_or(|end| end > at));
            self.count -= before - spans.len();
        }
    }
}
