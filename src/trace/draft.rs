//! Which events are made and not handed over yet?
//!
//! Their texts lie in one buffer, their fields are places in it: making an event allocates nothing.

use std::borrow::Cow;

use super::functions::{FunctionId, Functions, SiteId};
use crate::event::{Event, Role};

/// Events after which they should be handed over.
const MANY: usize = 1024;

/// Bytes of text after which they should be handed over.
const MUCH: usize = 4 << 20;

/// Pids an event names besides its subject, at most.
const ROLES: usize = 3;

/// A text's place in the buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    /// Nothing stands there: the text is absent.
    end: usize,
}

impl Span {
    pub(super) const fn of(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// An event that is being made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Draft {
    pub(super) timestamp: Option<i64>,
    pub(super) wall_time: Option<i64>,
    pub(super) event_type: &'static str,
    pub(super) event_id: Span,
    pub(super) pid: Span,
    pub(super) correlation: Span,
    pub(super) parent: Span,
    pub(super) call: Span,
    pub(super) function: Option<FunctionId>,
    pub(super) site: Option<SiteId>,
    pub(super) duration_ns: Option<i64>,
    pub(super) data: Span,
    pub(super) roles: [Option<(Role, Span)>; ROLES],
}

impl Draft {
    /// Names a pid of the payload with its role.
    pub(super) fn role(&mut self, role: Role, pid: Span) {
        if let Some(free) = self.roles.iter_mut().find(|place| place.is_none()) {
            *free = Some((role, pid));
        }
    }
}

/// The events made so far.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    drafts: Vec<Draft>,
    pub(super) text: String,
}

impl Drafts {
    pub(super) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Whether it is time to hand them over.
    pub(super) fn is_full(&self) -> bool {
        self.drafts.len() >= MANY || self.text.len() >= MUCH
    }

    pub(super) fn push(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// Puts what `write` appends into the buffer.
    pub(super) fn span(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let start = self.text.len();
        write(&mut self.text);
        Span { start, end: self.text.len() }
    }

    /// The events, in the order made; they are forgotten.
    pub(super) fn hand_over<R>(
        &mut self,
        session: &str,
        node: Option<&str>,
        functions: &Functions,
        store: impl FnOnce(&[Event<'_>]) -> R,
    ) -> R {
        let text = |span: Span| (span.end > span.start).then(|| Cow::Borrowed(&self.text[span.start..span.end]));
        let event = |draft: &Draft| {
            let function = draft.function.map(|id| functions.function(id));
            Event {
                event_id: text(draft.event_id),
                timestamp: draft.timestamp,
                wall_time: draft.wall_time,
                node: node.map(Cow::Borrowed),
                pid: text(draft.pid),
                event_type: Some(Cow::Borrowed(draft.event_type)),
                module: function.map(|function| Cow::Borrowed(&*function.module)),
                function: function.map(|function| Cow::Borrowed(&*function.name)),
                arity: function.map(|function| function.arity),
                correlation_id: text(draft.correlation),
                parent_id: text(draft.parent),
                call_id: text(draft.call),
                session_id: (!session.is_empty()).then_some(Cow::Borrowed(session)),
                ast_node_id: draft.site.and_then(|id| functions.site(id).node_id.as_deref()).map(Cow::Borrowed),
                duration_ns: draft.duration_ns,
                roles: draft.roles.iter().flatten().filter_map(|(role, span)| Some((*role, text(*span)?))).collect(),
                data: text(draft.data).unwrap_or_default(),
            }
        };
        let events: Vec<Event<'_>> = self.drafts.iter().map(event).collect();
        let stored = store(&events);
        drop(events);
        self.drafts.clear();
        self.text.clear();
        stored
    }
}
