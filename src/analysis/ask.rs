//! How does an analysis look at the store? Small exact questions, each answered by an index.

use std::cell::RefCell;

use super::fact::Fact;
use super::nodes::Nodes;
use crate::error::Result;
use crate::event::time::Time;
use crate::event::{Role, home};
use crate::query::{Filter, Gap, Order, Page, Query};
use crate::store::EventStore;
use crate::watch::Watch;

/// A store, who waits for the answer, and the gaps met on the way.
pub(crate) struct Ask<'a> {
    store: &'a EventStore,
    watch: &'a dyn Watch,
    nodes: Nodes,
    gaps: RefCell<Vec<Gap>>,
}

/// Both ends, inclusive.
pub(crate) type Span = (i64, i64);

/// The whole of time.
pub(crate) const EVER: Span = (i64::MIN, i64::MAX);

impl<'a> Ask<'a> {
    pub(crate) fn new(store: &'a EventStore, watch: &'a dyn Watch) -> Self {
        Self { store, watch, nodes: Nodes::of(store), gaps: RefCell::default() }
    }

    /// The store, for an analysis that visits it.
    pub(crate) const fn store(&self) -> &'a EventStore {
        self.store
    }

    /// The nodes that were recorded.
    pub(crate) const fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Who waits.
    pub(crate) const fn watch(&self) -> &'a dyn Watch {
        self.watch
    }

    /// The first `limit` events, oldest first.
    pub(crate) fn oldest(&self, filter: Filter, span: Span, limit: usize) -> Result<Vec<Fact>> {
        self.facts(filter, span, limit, Order::Asc)
    }

    /// The last `limit` events, newest first.
    pub(crate) fn newest(&self, filter: Filter, span: Span, limit: usize) -> Result<Vec<Fact>> {
        self.facts(filter, span, limit, Order::Desc)
    }

    /// The first event.
    pub(crate) fn first(&self, filter: Filter, span: Span) -> Result<Option<Fact>> {
        Ok(self.oldest(filter, span, 1)?.pop())
    }

    /// The last event.
    pub(crate) fn last(&self, filter: Filter, span: Span) -> Result<Option<Fact>> {
        Ok(self.newest(filter, span, 1)?.pop())
    }

    /// How many there are.
    pub(crate) fn count(&self, filter: Filter, span: Span) -> Result<u64> {
        if span.0 > span.1 {
            return Ok(0);
        }
        let page = self.page(&Query { limit: 0, ..Query::new(within(filter, span)) })?;
        Ok(page.total_matched.unwrap_or_default())
    }

    /// An event by its id; `None` when it is not stored (any more).
    pub(crate) fn event(&self, id: Option<&str>) -> Option<Fact> {
        self.store.get_event_by_id(id?).ok().map(|event| Fact::among(event, &self.nodes))
    }

    /// A time on the events' clock; `None` when it is relative and nothing is stored.
    pub(crate) fn resolve(&self, time: Time) -> Result<Option<i64>> {
        match time {
            Time::At(at) => Ok(Some(at)),
            Time::BeforeNewest(_) => {
                let filter = Filter { until: Some(time), ..Filter::default() };
                Ok(self.page(&Query { limit: 0, total: false, ..Query::new(filter) })?.until)
            }
        }
    }

    /// The end of what is recorded of a process's node: what others tell later says nothing of it.
    pub(crate) fn end_of(&self, pid: &str) -> Result<Option<i64>> {
        let node = home::node_of(pid).filter(|_| self.nodes.are_several()).map(str::to_owned);
        match self.last(Filter { node, ..Filter::default() }, EVER)? {
            Some(last) => Ok(Some(last.at())),
            None => self.resolve(Time::BeforeNewest(0)),
        }
    }

    /// Spans the answers so far touched whose events were pruned.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.gaps.borrow().clone()
    }

    fn facts(&self, filter: Filter, span: Span, limit: usize, order: Order) -> Result<Vec<Fact>> {
        if span.0 > span.1 || limit == 0 {
            return Ok(Vec::new());
        }
        let query = Query { limit, order, total: false, ..Query::new(within(filter, span)) };
        Ok(self.page(&query)?.events.into_iter().map(|event| Fact::among(event, &self.nodes)).collect())
    }

    fn page(&self, query: &Query) -> Result<Page> {
        let page = self.store.query_events_watched(query, self.watch)?;
        let mut gaps = self.gaps.borrow_mut();
        for gap in &page.gaps {
            if !gaps.contains(gap) {
                gaps.push(*gap);
            }
        }
        Ok(page)
    }
}

fn within(filter: Filter, (since, until): Span) -> Filter {
    let bound = |time: i64, open: i64| (time != open).then_some(Time::At(time));
    Filter { since: bound(since, i64::MIN), until: bound(until, i64::MAX), ..filter }
}

/// Events of some types.
pub(crate) fn types(types: &[&str]) -> Filter {
    Filter { event_types: types.iter().map(|one| (*one).to_owned()).collect(), ..Filter::default() }
}

/// Events of some types in which a process plays a role.
pub(crate) fn of(pid: &str, role: Role, event_types: &[&str]) -> Filter {
    Filter { pid: Some(pid.to_owned()), role: Some(role), ..types(event_types) }
}

/// Events of some types that happened in a process.
pub(crate) fn inside(pid: &str, event_types: &[&str]) -> Filter {
    of(pid, Role::Subject, event_types)
}
