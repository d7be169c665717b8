//! Each request once, with its answer and the exceptions in it.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;

use super::again::{Failure, is_same};
use super::conn::Conn;
use super::look::{Look, Shown};
use super::route::masked;
use crate::analysis::exceptions::Exceptions;
use crate::analysis::ledger::{CallId, Ledger, Moment, ProcessId, Sign, Sym};

/// Failures of a request that the next one is compared with.
const MAX_FAILURES: usize = 32;

type Map<K, V> = HashMap<K, V, FixedState>;

/// A request, as far as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) process: ProcessId,
    /// The outermost call that shows it.
    pub(crate) root: CallId,
    /// The last answer that was seen.
    pub(crate) status: Option<(u16, Shown)>,
    /// The event that shows it.
    pub(crate) answer: Option<Sym>,
    /// The event that told that it ended by an exception.
    pub(crate) failure: Option<Sym>,
    /// Exceptions raised in it, by their places, in the order of time.
    pub(crate) exceptions: Vec<usize>,
    /// Whether an exception alone shows it: had it gone well, it would not have been seen.
    pub(crate) is_seen_by_failure: bool,
    /// The newest first.
    failures: Vec<Failure>,
    method: Option<String>,
    path: Option<String>,
    route: Option<String>,
    action: Option<String>,
    begun: Moment,
    last: Moment,
    /// Functions of its roots, and telemetry events it had: one that comes again is the next request's.
    seen: Vec<String>,
    is_fresh: bool,
}

impl Request {
    /// `GET /items/_ (Web.ItemController.show)`, as far as it is known.
    pub(crate) fn route(&self) -> String {
        let path = self.route.clone().or_else(|| self.path.as_deref().map(masked));
        let method = self.method.as_deref();
        let place = match (method, path) {
            (Some(method), Some(path)) => format!("{method} {path}"),
            (None, Some(path)) => path,
            (Some(method), None) => format!("{method} (path not shown)"),
            (None, None) => "a request whose path is not shown".to_owned(),
        };
        self.action.as_ref().map_or(place.clone(), |action| format!("{place} ({action})"))
    }

    /// Whether the server failed to answer it, as far as it is known.
    pub(crate) fn is_server_error(&self) -> bool {
        self.status.is_some_and(|(status, _)| status >= 500)
    }

    fn add(&mut self, look: Look, moment: Moment, event: Sym) {
        self.last = moment;
        self.is_seen_by_failure &= look.raised.is_some();
        if let Some((status, shown)) = look.status {
            // What is surer stays; of equally sure ones the later.
            if self.status.is_none_or(|(_, known)| shown >= known) {
                self.answer = self.answer.filter(|_| self.status == look.status).or(Some(event));
                self.status = Some((status, shown));
            }
        }
        if look.failed {
            self.failure = self.failure.or(Some(event));
        }
        self.route = self.route.take().or(look.route);
        let Some(conn) = look.conn else { return };
        let Conn { method, path, is_fresh, action, .. } = conn;
        self.method = self.method.take().or(method);
        self.path = self.path.take().or(path);
        self.action = action.or(self.action.take());
        self.is_fresh = is_fresh;
    }

    /// Whether a call that is not inside of its root still belongs to it. `again`: whether it fails of what this one
    /// failed of.
    fn goes_on_with(&self, look: &Look, name: &str, again: impl Fn() -> bool) -> bool {
        let is_new = self.seen.iter().all(|seen| seen != name);
        if !is_new && look.raised.is_none() {
            return false;
        }
        let agrees = |a: Option<&String>, b: Option<&String>| a.is_none() || b.is_none() || a == b;
        let conn = look.conn.as_ref();
        let is_same = agrees(self.path.as_ref(), conn.and_then(|conn| conn.path.as_ref()))
            && agrees(self.method.as_ref(), conn.and_then(|conn| conn.method.as_ref()));
        let same_status = match (self.status, look.status) {
            (Some((known, _)), Some((told, _))) => known == told,
            _ => true,
        };
        // A report or a look back; the answer that was missing; the next step of one that has none yet.
        let next_step = self.status.is_none() && (look.answers || self.is_fresh && look.is_fresh());
        is_same && same_status && (is_new && (look.is_after() || next_step) || again())
    }
}

/// The requests of a ledger.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// In the order they began.
    pub(crate) all: Vec<Request>,
    /// By the exceptions raised in them.
    of_exception: Map<usize, usize>,
    /// Functions whose values show some of them, `Mod.fun/1`.
    shown_by: HashSet<String, FixedState>,
}

/// Of calls the outermost that shows a request, of those around each and itself.
struct Roots<'l> {
    ledger: &'l Ledger,
    showing: HashSet<CallId, FixedState>,
    /// Those that were passed: none is passed twice.
    known: Map<CallId, Option<CallId>>,
}

impl Roots<'_> {
    fn of(&mut self, call: CallId) -> Option<CallId> {
        let around = std::iter::once(call).chain(self.ledger.around(call));
        let passed: Vec<CallId> = around.take_while(|call| !self.known.contains_key(call)).collect();
        let above = match passed.last() {
            Some(last) => self.ledger.call(*last).parent.and_then(|around| self.known[&around]),
            None => self.known[&call],
        };
        let root = above.or_else(|| passed.iter().rev().find(|call| self.showing.contains(call)).copied());
        let mut below_root = above.is_some();
        for call in passed.into_iter().rev() {
            below_root |= Some(call) == root;
            self.known.insert(call, root.filter(|_| below_root));
        }
        root
    }
}

impl Requests {
    pub(crate) fn of(ledger: &Ledger, exceptions: &Exceptions) -> Self {
        let looks: Vec<(Sign, Look)> =
            ledger.signs.iter().filter_map(|sign| Some((*sign, Look::at(ledger, *sign)?))).collect();
        let showing: HashSet<CallId, FixedState> = looks.iter().map(|(sign, _)| sign.call).collect();
        let mut roots = Roots { ledger, showing, known: Map::default() };
        let mut all: Vec<Request> = Vec::new();
        let mut by_root: Map<CallId, usize> = Map::default();
        let mut newest: Map<ProcessId, usize> = Map::default();
        for (sign, look) in looks {
            let failure = look.raised.map(|what| Failure { call: sign.call, what });
            let call = ledger.call(sign.call);
            let root = roots.of(sign.call).unwrap_or(sign.call);
            let name = look.report.clone().unwrap_or_else(|| ledger.text(ledger.call(root).function).to_owned());
            let event = if sign.is_end { call.exit.unwrap_or(call.event) } else { call.event };
            let known = by_root.get(&root).copied();
            let before = newest.get(&call.process).copied();
            let goes_on = |at: &usize| {
                let again = || failure.is_some_and(|failure| is_same(ledger, &all[*at].failures, failure));
                all[*at].goes_on_with(&look, &name, again)
            };
            let at = known.or(before.filter(goes_on)).unwrap_or_else(|| {
                all.push(Request::new(call.process, root, sign.moment));
                all.len() - 1
            });
            if known.is_none() {
                all[at].seen.push(name);
            }
            by_root.insert(root, at);
            newest.insert(call.process, at);
            if let Some(failure) = failure {
                let failures = &mut all[at].failures;
                failures.truncate(MAX_FAILURES - 1);
                failures.insert(0, failure);
            }
            all[at].add(look, sign.moment, event);
        }
        let functions: HashSet<Sym, FixedState> =
            roots.showing.iter().map(|call| ledger.call(*call).function).collect();
        let shown_by = functions.into_iter().map(|function| ledger.text(function).to_owned()).collect();
        let mut requests = Self { all, of_exception: Map::default(), shown_by };
        requests.join(ledger, exceptions, |call| roots.of(call).and_then(|root| by_root.get(&root).copied()));
        requests
    }

    /// Which exceptions were raised in which requests: in their calls, or in their process before they were answered.
    fn join(&mut self, ledger: &Ledger, exceptions: &Exceptions, mut request_of: impl FnMut(CallId) -> Option<usize>) {
        let mut of_process: Map<ProcessId, Vec<usize>> = Map::default();
        for (at, request) in self.all.iter().enumerate() {
            of_process.entry(request.process).or_default().push(at);
        }
        for (at, raised) in exceptions.all.iter().enumerate() {
            let call = ledger.call(raised.call);
            let Some(end) = call.end else { continue };
            let around = request_of(raised.call).or_else(|| {
                let of = of_process.get(&call.process)?;
                let next = of.iter().position(|request| self.all[*request].last > end)?;
                let is_between = next == 0 || self.all[of[next - 1]].last < call.start;
                is_between.then(|| of[next])
            });
            if let Some(request) = around {
                self.all[request].exceptions.push(at);
                self.of_exception.insert(at, request);
            }
        }
    }

    /// Whether values of a function show requests.
    pub(crate) fn are_shown_by(&self, function: &str) -> bool {
        self.shown_by.contains(function)
    }

    /// The request an exception was raised in.
    pub(crate) fn around(&self, exception: usize) -> Option<&Request> {
        self.of_exception.get(&exception).map(|at| &self.all[*at])
    }
}

impl Request {
    fn new(process: ProcessId, root: CallId, begun: Moment) -> Self {
        Self {
            process,
            root,
            status: None,
            answer: None,
            failure: None,
            exceptions: Vec::new(),
            is_seen_by_failure: true,
            failures: Vec::new(),
            method: None,
            path: None,
            route: None,
            action: None,
            begun,
            last: begun,
            seen: Vec::new(),
            is_fresh: false,
        }
    }

    pub(crate) const fn begun(&self) -> Moment {
        self.begun
    }

    /// When it was last seen.
    pub(crate) const fn last(&self) -> Moment {
        self.last
    }
}
