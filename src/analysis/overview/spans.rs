//! The spans of tracers among the events looked at.

use crate::analysis::spans::{Failed, Traced};
use crate::event::StoredEvent;
use crate::query::Seen;

/// Failed spans whose events are kept until it is known which of them only hand on what failed inside.
const MAX_FAILED: usize = 10_000;

/// What was seen of them.
#[derive(Debug, Default)]
pub(super) struct Spans {
    traced: Traced,
    seen: Vec<One>,
    /// Those that failed: which, the event, and why. Of more than [`MAX_FAILED`] only that they did.
    failed: Vec<(usize, Option<(StoredEvent, String)>)>,
    exceptions: Failed,
    pub(super) last_end: Option<i64>,
}

/// One span.
#[derive(Clone, Copy, Debug)]
pub(super) struct One {
    pub(super) life: Option<usize>,
    pub(super) function: usize,
    pub(super) duration: i64,
    pub(super) key: (i64, u64),
}

impl Spans {
    /// None seen, of a store in which these exceptions are known.
    pub(super) fn new(exceptions: Failed) -> Self {
        Self { exceptions, ..Self::default() }
    }

    pub(super) fn take(
        &mut self,
        event: &Seen<'_>,
        (start, end): (i64, i64),
        (life, function): (Option<usize>, usize),
    ) {
        let process = life.map_or(u32::MAX, |life| life as u32);
        self.traced.take(event, process, (start, end));
        self.last_end = self.last_end.max(Some(end));
        if let Some(reason) = self.exceptions.reason(event) {
            let kept = (self.failed.len() < MAX_FAILED).then(|| (event.to_event(), reason));
            self.failed.push((self.seen.len(), kept));
        }
        let key = (event.timestamp(), event.seq());
        self.seen.push(One { life, function, duration: end.saturating_sub(start), key });
    }

    /// Each with its own time, and those that failed with no part of them failing.
    #[expect(clippy::type_complexity, reason = "what is told of each is named by who takes it")]
    pub(super) fn end(self) -> (Vec<(One, i64)>, Vec<(One, Option<(StoredEvent, String)>)>) {
        let forest = self.traced.forest();
        let mut has_failed = vec![false; self.seen.len()];
        for (at, _) in &self.failed {
            has_failed[*at] = true;
        }
        let origins = forest.origins(&has_failed);
        let failed = self.failed.into_iter().filter(|(at, _)| origins[*at]);
        let failed = failed.map(|(at, kept)| (self.seen[at], kept)).collect();
        (self.seen.into_iter().zip(forest.own).collect(), failed)
    }
}
