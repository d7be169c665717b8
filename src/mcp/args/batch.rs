//! The arguments of `store_events` as they are usually written, borrowed from their text.

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use self_cell::self_cell;
use serde::Deserialize;

use crate::event::Batch;

/// A batch of events and what is to be done with it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchArgs<'a> {
    #[serde(borrow)]
    pub(crate) events: Batch<'a>,
    pub(crate) atomic: Option<bool>,
}

self_cell!(
    struct Held {
        owner: Arc<String>,
        #[covariant]
        dependent: BatchArgs,
    }

    impl {Debug}
);

/// A batch that was read already, with the line it borrows from. It travels beside the request.
#[derive(Clone, Debug)]
pub(crate) struct HeldBatch {
    held: Arc<Mutex<Held>>,
    len: usize,
    bytes: usize,
}

impl HeldBatch {
    /// Reads a part of the line; `None`: it is not of the usual form.
    pub(crate) fn read(line: &Arc<String>, part: Range<usize>) -> Option<Self> {
        let bytes = part.len();
        let held = Held::try_new(Arc::clone(line), |line| serde_json::from_str(&line[part])).ok()?;
        let len = held.borrow_dependent().events.len();
        Some(Self { held: Arc::new(Mutex::new(held)), len, bytes })
    }

    /// Events that were read, good and bad.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes of the text they were read from.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Hands the batch over. It is there once.
    pub(crate) fn take<T>(&self, run: impl FnOnce(BatchArgs<'_>) -> T) -> T {
        self.held.lock().with_dependent_mut(|_, args| run(std::mem::take(args)))
    }
}
