//! Which handler of an event manager does a callback belong to?
//!
//! A `gen_event` process runs several handlers, some of them the same module under several ids. No callback is given the
//! id: instances of one module are told apart by the state they are called with, and counted as they come.

use std::fmt::Write;

use crate::etf::Term;

/// Handlers of one process that are told apart; with more, the oldest are forgotten.
const MAX_OPEN: usize = 64;

/// In the place of what a tracer cut.
const CUT: &[u8] = b"truncated";

/// A handler: the count of its module's handlers in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HandlerId {
    module: Box<str>,
    number: u32,
    /// How many handlers of the module had the same state: which of them it is nothing tells.
    pub(super) alike: usize,
}

impl HandlerId {
    /// `Audit`, and `Audit #2` for the second.
    pub(super) fn shown(&self) -> String {
        let mut shown = self.module.to_string();
        if self.number > 1 {
            _ = write!(shown, " #{}", self.number);
        }
        shown
    }
}

/// Which handler of a module has a state.
enum Found {
    One(HandlerId),
    /// None that is known.
    Other,
    /// It may be one or another.
    Several,
}

#[derive(Debug)]
struct Handler {
    module: Box<str>,
    number: u32,
    /// Hash of its state, where it is known.
    state: Option<u64>,
}

/// The handlers of one process.
#[derive(Debug, Default)]
pub(super) struct Handlers {
    open: Vec<Handler>,
    /// How many of each module there have been.
    counts: Vec<(Box<str>, u32)>,
}

impl Handlers {
    /// A handler of this module starts.
    pub(super) fn start(&mut self, module: &str) -> HandlerId {
        if self.open.len() >= MAX_OPEN {
            self.open.remove(0);
        }
        let number = match self.counts.iter_mut().find(|(known, _)| **known == *module) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.push((module.into(), 1));
                1
            }
        };
        self.open.push(Handler { module: module.into(), number, state: None });
        HandlerId { module: module.into(), number, alike: 1 }
    }

    /// The handler that is called with this state; `None` where several may be meant that differ.
    pub(super) fn called(&mut self, module: &str, state: Term<'_>, hash: u64) -> Option<HandlerId> {
        let found = match self.find(module, state, hash) {
            Found::One(id) => id,
            Found::Other => self.start(module),
            Found::Several => return None,
        };
        self.set(&found, hash);
        Some(found)
    }

    /// The handler that ends with this state, if it has not ended before.
    pub(super) fn ending(&self, module: &str, state: Term<'_>, hash: u64) -> Option<HandlerId> {
        match self.find(module, state, hash) {
            Found::One(id) => Some(id),
            Found::Other | Found::Several => None,
        }
    }

    fn find(&self, module: &str, state: Term<'_>, hash: u64) -> Found {
        let of_module = || self.open.iter().filter(|handler| *handler.module == *module);
        let id = |handler: &Handler, alike| HandlerId { module: module.into(), number: handler.number, alike };
        let alike = of_module().filter(|handler| handler.state == Some(hash)).count();
        if let Some(known) = of_module().find(|handler| handler.state == Some(hash)) {
            return Found::One(id(known, alike));
        }
        let mut unknown = of_module().filter(|handler| handler.state.is_none());
        // What was cut is not compared.
        let is_cut = || state.as_bytes().windows(CUT.len()).any(|part| part == CUT);
        match (unknown.next(), of_module().next(), of_module().count()) {
            (Some(only), _, 1) => Found::One(id(only, 1)),
            (None, Some(only), 1) if is_cut() => Found::One(id(only, 1)),
            (None, _, 0) => Found::Other,
            (None, ..) if !is_cut() => Found::Other,
            _ => Found::Several,
        }
    }

    pub(super) fn set(&mut self, id: &HandlerId, state: u64) {
        if let Some(handler) = self.open.iter_mut().find(|handler| handler.is(id)) {
            handler.state = Some(state);
        }
    }

    /// Whether it was there.
    pub(super) fn remove(&mut self, id: &HandlerId) -> bool {
        let before = self.open.len();
        self.open.retain(|handler| !handler.is(id));
        self.open.len() < before
    }

    /// A callback of this module was called without values: any of its handlers may have another state now.
    pub(super) fn forget(&mut self, module: &str) {
        for handler in self.open.iter_mut().filter(|handler| *handler.module == *module) {
            handler.state = None;
        }
    }

    /// Messages were dropped: states may have changed, and of several handlers of a module which is which is not known.
    pub(super) fn cross(&mut self) {
        let counts: Vec<(Box<str>, usize)> = self
            .counts
            .iter()
            .map(|(module, _)| (module.clone(), self.open.iter().filter(|open| open.module == *module).count()))
            .collect();
        self.open.retain(|handler| counts.iter().any(|(module, count)| *module == handler.module && *count == 1));
        for handler in &mut self.open {
            handler.state = None;
        }
    }
}

impl Handler {
    fn is(&self, id: &HandlerId) -> bool {
        self.number == id.number && self.module == id.module
    }
}
