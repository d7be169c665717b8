//! What is a story made of, and what does each part of it need?

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::line::{Anchor, Head, Line, Note, Why};
use crate::analysis::anomalies::Glance;
use crate::analysis::ask::{Ask, EVER};
use crate::analysis::ledger::{Ledger, gather};
use crate::analysis::who::Names;
use crate::error::Result;
use crate::query::Filter;

/// A story.
pub(crate) struct Story {
    /// In a sentence.
    pub(crate) head: Head,
    pub(crate) anchor: Anchor,
    /// In the order of their weight.
    pub(crate) parts: Vec<Part>,
    pub(crate) notes: Vec<Note>,
    /// Tool, arguments, and what it would tell.
    pub(crate) next: Vec<(&'static str, Json, Why)>,
}

/// Whom and what a story is told of.
#[derive(Clone, Debug, Default)]
pub(crate) struct About {
    /// Processes, as answers tell them.
    pub(crate) pids: Vec<String>,
    /// The event, where the story is of one.
    pub(crate) event: Option<String>,
    /// It is a failure, told whole.
    pub(crate) is_failure: bool,
}

/// A part of a story, a line for each fact.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<Line>,
    /// Lines that go last when space is short.
    pub(crate) keep: usize,
    /// Findings that are the part, beside its lines.
    pub(crate) found: Option<Glance>,
}

impl Part {
    /// A part whose lines are all of weight.
    pub(super) fn new<T: Into<Line>>(name: &'static str, lines: Vec<T>) -> Self {
        Self::keeping(name, lines.len(), lines)
    }

    /// A part of which the first lines stay longest.
    pub(super) fn keeping<T: Into<Line>>(name: &'static str, keep: usize, lines: Vec<T>) -> Self {
        Self { name, lines: lines.into_iter().map(Into::into).collect(), keep, found: None }
    }

    /// A part that may be cut to its first lines.
    pub(super) fn background<T: Into<Line>>(name: &'static str, lines: Vec<T>) -> Self {
        Self::keeping(name, 1, lines)
    }
}

/// Events a process may be named by to be looked through whole: some 30 ms of work.
const MAX_LOOKED_THROUGH: u64 = 10_000;

/// What every part needs.
pub(super) struct Cx<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) names: &'a Names<'a>,
    /// By pid: all that is recorded of a process, or how many events are too many for that.
    ledgers: RefCell<BTreeMap<String, std::result::Result<Rc<Ledger>, u64>>>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(ask: &'a Ask<'a>, names: &'a Names<'a>) -> Self {
        Self { ask, names, ledgers: RefCell::default() }
    }

    /// All that is recorded of a process, gathered once; `None` where that is too much.
    pub(super) fn ledger(&self, pid: &str) -> Result<Option<Rc<Ledger>>> {
        if let Some(known) = self.ledgers.borrow().get(pid) {
            return Ok(known.as_ref().ok().cloned());
        }
        let filter = Filter { pid: Some(pid.to_owned()), ..Filter::default() };
        let events = self.ask.count(filter.clone(), EVER)?;
        let ledger = if events > MAX_LOOKED_THROUGH {
            Err(events)
        } else {
            Ok(Rc::new(gather(self.ask.store(), filter, self.ask.watch())?))
        };
        let told = ledger.as_ref().ok().cloned();
        self.ledgers.borrow_mut().insert(pid.to_owned(), ledger);
        Ok(told)
    }

    /// What was not looked at.
    pub(super) fn unlooked(&self) -> Vec<Note> {
        let ledgers = self.ledgers.borrow();
        let unlooked = ledgers.iter().filter_map(|(pid, ledger)| Some((pid, ledger.as_ref().err()?)));
        let note = |(pid, events): (&String, &u64)| Note::MailboxUnlooked { pid: pid.clone(), events: *events };
        unlooked.map(note).collect()
    }
}
