//! Which nodes were recorded, and which process does a pid name among them?
//!
//! Where one node was recorded, pids are told as it writes them. Where several were, equal pids of two nodes are two
//! processes: every pid is told with its node, `<shop@host.50.0>`, whichever node it was seen on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::event::{StoredEvent, canon, home};
use crate::query::{Filter, Order, Query};
use crate::store::EventStore;
use crate::watch::{Unwatched, Watch};

/// The nodes whose events are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    names: Vec<String>,
}

/// A session in which a node was recorded, and its first and last event there.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// Empty: events without a session.
    pub(crate) session: String,
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Nodes {
    /// Cost: O(nodes) in each segment.
    pub(crate) fn of(store: &EventStore) -> Self {
        Self { names: store.nodes() }
    }

    /// Whether equal pids may be several processes.
    pub(crate) fn are_several(&self) -> bool {
        self.names.len() > 1
    }

    /// Their names, sorted.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The pid of a process as answers tell it, from a pid an event of a node names.
    pub(crate) fn told<'p>(&self, pid: &'p str, node: Option<&str>) -> Cow<'p, str> {
        if self.are_several() { home::at_node(pid, node) } else { Cow::Borrowed(pid) }
    }

    /// A pid or a name as a question may give it; a pid as answers tell it, where it says enough.
    ///
    /// # Errors
    /// When `node` is no recorded node, or the pid is of another one.
    pub(crate) fn asked(&self, argument: &str, text: &str, node: Option<&str>) -> Result<String> {
        if let Some(node) = node.filter(|node| !self.names.iter().any(|known| known == node)) {
            let known = if self.names.is_empty() { "no event names a node".to_owned() } else { self.names.join(", ") };
            return Err(Error::not_found(format!("node: no stored event is of {node:?}; nodes: {known}")));
        }
        let text = canon::pid(text.trim().into());
        match home::split(&text) {
            Some((of, _)) if node.is_some_and(|node| node != of) => Err(Error::invalid(format!(
                "{argument}: {text} is a process of {of}, not of {}; leave node out",
                node.unwrap_or_default()
            ))),
            // Of the only node there is: as it writes it itself.
            Some((of, own)) if self.names == [of] => Ok(own),
            Some(_) => Ok(text.into_owned()),
            None => Ok(self.told(&text, node).into_owned()),
        }
    }

    /// Refuses what is on several nodes, and says which.
    pub(crate) fn ambiguous(argument: &str, text: &str, on: &[&str]) -> Error {
        let first = on.first().copied().unwrap_or_default();
        let pid = home::at_node(text, Some(first));
        let or = if pid == text { String::new() } else { format!(", or give {pid:?}") };
        Error::invalid(format!(
            "{argument}: {text:?} is a process on each of {}; say which: \"node\": {first:?}{or}",
            on.join(", ")
        ))
    }

    /// The process a question means by a pid or name, as answers tell it; a name as it was given. Of several nodes, the
    /// one on which an event of `within` names the pid.
    ///
    /// # Errors
    /// When that is on several nodes and none is chosen.
    pub(crate) fn meant(
        &self,
        store: &EventStore,
        (argument, text): (&str, &str),
        node: Option<&str>,
        within: &Filter,
        watch: &dyn Watch,
    ) -> Result<String> {
        let text = self.asked(argument, text, node)?;
        if !self.are_several() || home::at_node(&text, Some("?")) == text {
            return Ok(text);
        }
        let mut on = Vec::new();
        for name in &self.names {
            let filter = Filter { pid: Some(home::at_node(&text, Some(name)).into_owned()), ..within.clone() };
            let query = Query { limit: 1, total: false, ..Query::new(filter) };
            if !store.query_events_watched(&query, watch)?.events.is_empty() {
                on.push(name.as_str());
            }
        }
        match on.as_slice() {
            // What names it says no node either.
            [] => Ok(text),
            [only] => Ok(home::at_node(&text, Some(only)).into_owned()),
            several => Err(Self::ambiguous(argument, &text, several)),
        }
    }

    /// A filter whose pid names one process: that of the only node it is on, unless the filter says a node.
    ///
    /// # Errors
    /// Those of [`Self::meant`].
    pub(crate) fn narrowed(store: &EventStore, filter: &Filter, watch: &dyn Watch) -> Result<Filter> {
        let mut narrowed = filter.clone();
        if let (Some(pid), None) = (&filter.pid, &filter.node) {
            let nodes = Self::of(store);
            if nodes.are_several() {
                let span = Filter { since: filter.since, until: filter.until, ..Filter::default() };
                let within = Filter { session_id: filter.session_id.clone(), ..span };
                narrowed.pid = Some(nodes.meant(store, ("pid", pid), None, &within, watch)?);
            }
        }
        Ok(narrowed)
    }

    /// Where each node was recorded; nothing where only one was.
    ///
    /// # Errors
    /// Those of a query.
    pub(crate) fn recorded(&self, store: &EventStore) -> Result<BTreeMap<String, Vec<Recorded>>> {
        let mut found: BTreeMap<String, Vec<Recorded>> = BTreeMap::new();
        if !self.are_several() {
            return Ok(found);
        }
        let sessions = store.sessions();
        for node in &self.names {
            let all = found.entry(node.clone()).or_default();
            let mut in_sessions = 0;
            for session in &sessions {
                let Some((recorded, events)) = recorded_in(store, node, Some(session))? else { continue };
                in_sessions += events;
                all.push(recorded);
            }
            if let Some((recorded, events)) = recorded_in(store, node, None)? {
                if events > in_sessions {
                    all.push(recorded);
                }
            }
        }
        Ok(found)
    }
}

/// The process an event happened in, as answers tell it.
pub(crate) fn process_of(store: &EventStore, event: &StoredEvent) -> Option<String> {
    Some(Nodes::of(store).told(event.pid()?, event.node()).into_owned())
}

/// The first and the last event of a node in a session or in all, and how many there are.
fn recorded_in(store: &EventStore, node: &str, session: Option<&str>) -> Result<Option<(Recorded, u64)>> {
    let filter = || Filter { node: Some(node.to_owned()), session_id: session.map(str::to_owned), ..Filter::default() };
    let end = |order| store.query_events_watched(&Query { limit: 1, order, ..Query::new(filter()) }, &Unwatched);
    let (first, last) = (end(Order::Asc)?, end(Order::Desc)?);
    let events = first.total_matched.unwrap_or_default();
    Ok(first.events.first().zip(last.events.first()).map(|(first, last)| {
        let session = session.unwrap_or_default().to_owned();
        (Recorded { session, since: first.timestamp(), until: last.timestamp() }, events)
    }))
}
