//! What does a filter mean, which plan answers it, what did it cost?
//!
//! Pure: works on the segments of a snapshot, knows neither locks nor who asked. `condition` turns a filter into
//! conditions per segment, `optimizer` chooses the access path, `run` carries the plan out and counts the work where
//! it is done.

mod active;
pub(crate) mod condition;
pub(crate) mod cursor;
mod optimizer;
mod picks;
mod plan;
pub(crate) mod run;
mod sealed;
mod seen;
pub(crate) mod visit;

use std::time::Duration;

use crate::error::{Error, Result};
use crate::event::time::Time;
use crate::event::{Role, StoredEvent, canon};
/// Text columns, for analyses that compare symbols in place of texts.
pub(crate) use crate::index::Field;
use cursor::Cursor;
pub use plan::{AccessPath, Plan, Work};
pub use seen::Seen;
pub use visit::Visit;

/// Most events of one page.
pub const MAX_LIMIT: usize = 10_000;

/// Events of a page unless asked otherwise.
pub const DEFAULT_LIMIT: usize = 100;

/// What an event must have; everything given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A pid the event names in any role. One that says its node, `<app@host.120.0>`, is also what that node itself
    /// writes as `<0.120.0>`.
    pub pid: Option<String>,
    /// The processes that `pid` is the registered name of: what names any of them matches, too. A cursor holds for `pid`,
    /// whoever has the name by then.
    pub named: Vec<String>,
    /// Narrows `pid` to one role.
    pub role: Option<Role>,
    /// Erlang node.
    pub node: Option<String>,
    /// One of these types; empty: any.
    pub event_types: Vec<String>,
    /// Not earlier.
    pub since: Option<Time>,
    /// Not later.
    pub until: Option<Time>,
    /// Correlation id.
    pub correlation_id: Option<String>,
    /// AST node, exactly.
    pub ast_node_id: Option<String>,
    /// Start of the AST node id.
    pub ast_node_prefix: Option<String>,
    /// Module.
    pub module: Option<String>,
    /// Function.
    pub function: Option<String>,
    /// Arity.
    pub arity: Option<u8>,
    /// Recording.
    pub session_id: Option<String>,
    /// Call.
    pub call_id: Option<String>,
    /// Took at least so long.
    pub min_duration_ns: Option<i64>,
    /// Substring of the event's JSON as [`StoredEvent::to_json`] writes it; case matters.
    pub text: Option<String>,
}

impl Filter {
    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The filter in the spelling events are stored in.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when two parts contradict each other or one needs another.
    pub(crate) fn canonical(mut self) -> Result<Self> {
        self.pid = self.pid.map(|pid| canon::pid(pid.into()).into_owned());
        for pid in &mut self.named {
            *pid = canon::pid(std::mem::take(pid).into()).into_owned();
        }
        if self.pid.is_none() && !self.named.is_empty() {
            return Err(Error::invalid("named: who pid is a name of; give pid too"));
        }
        self.module = self.module.map(|module| canon::module(module.into()).into_owned());
        for event_type in &mut self.event_types {
            *event_type = canon::event_type(std::mem::take(event_type).into()).into_owned();
        }
        self.event_types.sort();
        self.event_types.dedup();
        if self.role.is_some() && self.pid.is_none() {
            return Err(Error::invalid("role: narrows pid; give pid too"));
        }
        Ok(self)
    }

    /// Both time bounds on the events' clock. `None`: one is relative to the newest event, and there is none.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) when the range ends before it starts.
    pub(crate) fn range(&self, newest: Option<i64>) -> Result<Option<(i64, i64)>> {
        let bound = |time: Option<Time>, open: i64| time.map_or(Some(open), |time| time.resolve(newest));
        let (Some(since), Some(until)) = (bound(self.since, i64::MIN), bound(self.until, i64::MAX)) else {
            return Ok(None);
        };
        if since > until {
            return Err(Error::invalid(format!(
                "since_timestamp: {since} is after until_timestamp {until}; swap them or drop one"
            )));
        }
        Ok(Some((since, until)))
    }
}

/// Direction of the total order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Asc,
    /// Newest first.
    Desc,
}

/// One question to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Which events.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Most events returned, at most [`MAX_LIMIT`]; 0 only counts.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Whether to count every match. Without, a scan stops at the limit.
    pub total: bool,
    /// Bytes of payload after which the page ends, at an event's edge and after at least one event. `None`: only the
    /// limit ends it.
    pub max_bytes: Option<usize>,
    /// Take this access path instead of the cheapest. The answer is the same.
    pub path: Option<AccessPath>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            order: Order::Asc,
            limit: DEFAULT_LIMIT,
            cursor: None,
            total: true,
            max_bytes: None,
            path: None,
        }
    }
}

impl Query {
    /// The first page of a filter, oldest first.
    pub fn new(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }
}

/// A span whose events are not all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Timestamp of the first missing event.
    pub since: i64,
    /// Timestamp of the last missing event.
    pub until: i64,
    /// Missing events.
    pub events: u64,
}

/// An answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// In the order asked for.
    pub events: Vec<StoredEvent>,
    /// Matches in the whole snapshot, cursor and limit aside. `None` when not asked for.
    pub total_matched: Option<u64>,
    /// Where the next page starts; `None` on the last page.
    pub next_cursor: Option<String>,
    /// The filter as it was applied.
    pub filter: Filter,
    /// The time bounds as they were applied; `None` where open.
    pub since: Option<i64>,
    /// The time bounds as they were applied; `None` where open.
    pub until: Option<i64>,
    /// Spans the answer touches whose events were pruned.
    pub gaps: Vec<Gap>,
    /// Extents of times that are far from the others of their source.
    pub(crate) far: Vec<(i64, i64)>,
    /// How it was answered.
    pub plan: Plan,
    /// What it cost.
    pub work: Work,
    pub(crate) marks: Marks,
}

/// What a page's cursors are made of, besides an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    pub(crate) run: u32,
    pub(crate) order: Order,
    pub(crate) newest: Option<i64>,
}

impl Page {
    /// Whether an event's time is far from the other times of its source: nothing is reckoned from it.
    pub fn is_far(&self, event: &StoredEvent) -> bool {
        self.far.iter().any(|(first, last)| (*first..=*last).contains(&event.timestamp()))
    }

    /// The cursor of the page that starts after one of this page's events: for a caller that shows only a part of it.
    pub fn cursor_after(&self, event: &StoredEvent) -> String {
        let Marks { run, order, newest } = self.marks;
        Cursor { after: (event.timestamp(), event.seq()), newest }.encode(run, &self.filter, order)
    }
}

/// What [`EventStore::explain`](crate::EventStore::explain) tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// How the query would be answered.
    pub plan: Plan,
    /// The filter as it would be applied.
    pub filter: Filter,
    /// With `analyze`: what it cost, events returned, matches, and how long it took.
    pub analysis: Option<Analysis>,
}

/// Measured by running the query.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Analysis {
    /// Counted work.
    pub work: Work,
    /// Events on the page.
    pub returned: usize,
    /// Matches.
    pub total_matched: u64,
    /// Time the query took, by the store's clock.
    pub elapsed: Duration,
}
