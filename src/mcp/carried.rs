//! What travels beside a request: the text of its arguments, and where its answer goes.

use std::ops::Range;
use std::sync::Arc;

use axum::http::request::Parts;
use parking_lot::Mutex;
use rmcp::model::Extensions;

use super::answer::AnswerJson;
use crate::budget::{Busy, Reservation};

/// Text of a call's arguments, where the transport left them as they came. It travels beside the request.
#[derive(Clone, Debug)]
pub(crate) struct ArgumentsText {
    line: Arc<String>,
    range: Range<usize>,
}

impl ArgumentsText {
    /// `text` is a part of `line`.
    pub(crate) fn new(line: &Arc<String>, text: &str) -> Self {
        let start = text.as_ptr().addr() - line.as_ptr().addr();
        Self { line: Arc::clone(line), range: start..start + text.len() }
    }

    pub(crate) fn get(&self) -> &str {
        &self.line[self.range.clone()]
    }
}

/// Where a transport takes an answer as JSON, past the protocol's own types. It travels beside the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerSlot(Arc<Mutex<Slot>>);

#[derive(Debug, Default)]
struct Slot {
    answer: Option<Answer>,
    busy: Option<Busy>,
}

/// An answer as JSON, with the memory it holds until it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) json: AnswerJson,
    pub(crate) memory: Reservation,
}

impl AnswerSlot {
    pub(crate) fn put(&self, answer: Answer) {
        self.0.lock().answer = Some(answer);
    }

    /// What was put there.
    pub(crate) fn take(&self) -> Option<Answer> {
        self.0.lock().answer.take()
    }

    /// Bytes of what was put there.
    pub(crate) fn bytes(&self) -> Option<u64> {
        let slot = self.0.lock();
        slot.answer.as_ref().map(|Answer { json, .. }| (json.text.len() + json.structured.len()) as u64)
    }

    /// The call was refused because others hold the memory it takes.
    pub(crate) fn refuse(&self, busy: Busy) {
        self.0.lock().busy = Some(busy);
    }

    /// Whether the call was refused because others hold the memory it takes.
    pub(crate) fn busy(&self) -> Option<Busy> {
        self.0.lock().busy
    }
}

/// What travels beside a request that was posted: the arguments of its call, if they are long, and where its answer goes.
pub(crate) fn posted(extensions: &Extensions) -> (Option<ArgumentsText>, Option<AnswerSlot>) {
    let Some(parts) = extensions.get::<Parts>() else { return (None, None) };
    (parts.extensions.get().cloned(), parts.extensions.get().cloned())
}
