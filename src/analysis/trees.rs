//! Which events must be looked at for the calls of one event, one exchange or one process?

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::ledger::{Call, CallId, Ledger, Sym, gather};
use super::nodes::Nodes;
use super::spans::told;
use super::traffic::Traffic;
use crate::error::{Error, Result};
use crate::event::StoredEvent;
use crate::event::time::Time;
use crate::query::{Filter, Query};
use crate::store::EventStore;
use crate::watch::Watch;

/// What a tree is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The call of this event, or the one that handled this message.
    Event(String),
    /// Everything done for one message or call.
    Correlation(String),
    /// The outermost calls of a process, by pid or name, and its node where several have one.
    Process(String, Option<String>),
}

/// Events of one exchange that are looked at.
const MAX_EVENTS: usize = 10_000;

/// Steps up from a call that are told.
const MAX_ABOVE: usize = 12;

/// A tree's ground: the events around it, its roots, and what stands above them.
pub(crate) struct Ground {
    pub(crate) ledger: Ledger,
    pub(crate) roots: Vec<CallId>,
    /// From the root up: what led to it.
    pub(crate) above: Vec<StoredEvent>,
}

/// Looks up what a tree is made of. Cost: one visit of the time the target spans, all processes.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is no such event, exchange or process,
/// [`Invalid`](crate::ErrorKind::Invalid) when the event belongs to no call, and those of a visit.
pub(crate) fn ground(
    store: &EventStore,
    target: &Target,
    (since, until): (Option<Time>, Option<Time>),
    watch: &dyn Watch,
) -> Result<Ground> {
    match target {
        Target::Event(id) => {
            let event = store.get_event_by_id(id)?;
            if event.event_type().is_some_and(|name| told(name).is_some()) {
                return of_span(store, &event, watch);
            }
            if let (Some("exception" | "span_event"), Some(span)) =
                (event.event_type(), span_around(store, &event, watch)?)
            {
                return of_span(store, &span, watch);
            }
            if matches!(event.event_type(), Some("message_send" | "message_receive")) {
                if let Some(correlation) = event.correlation_id() {
                    return of_correlation(store, correlation, watch);
                }
            }
            let Some(call_id) = call_of(store, &event) else {
                let problem = format!(
                    "event_id: {id:?} is a {} outside of any call; give a function_entry, a message_send, or ask for a pid",
                    event.event_type().unwrap_or("event")
                );
                return Err(Error::invalid(problem));
            };
            of_call(store, &call_id, &event, watch)
        }
        Target::Correlation(correlation) => of_correlation(store, correlation, watch),
        Target::Process(name, node) => {
            let ledger = gather(store, Filter { since, until, ..Filter::default() }, watch)?;
            let processes: BTreeSet<u32> = ledger.asked("pid", name, node.as_deref())?.into_iter().collect();
            let is_root = |id: &CallId| {
                let call = ledger.call(*id);
                call.parent.is_none() && processes.contains(&call.process)
            };
            let roots: Vec<CallId> = (0..ledger.calls.len() as CallId).filter(is_root).collect();
            Ok(Ground { ledger, roots, above: Vec::new() })
        }
    }
}

/// The id of the call an event belongs to.
fn call_of(store: &EventStore, event: &StoredEvent) -> Option<String> {
    if let Some(call) = event.call_id() {
        return Some(call.to_owned());
    }
    let mut parent = event.parent_id()?.to_owned();
    for _ in 0..MAX_ABOVE {
        let event = store.get_event_by_id(&parent).ok()?;
        if let Some(call) = event.call_id() {
            return Some(call.to_owned());
        }
        event.parent_id()?.clone_into(&mut parent);
    }
    None
}

fn query(store: &EventStore, filter: Filter, watch: &dyn Watch) -> Result<Vec<StoredEvent>> {
    let query = Query { limit: MAX_EVENTS, total: false, ..Query::new(filter) };
    Ok(store.query_events_watched(&query, watch)?.events)
}

/// The span of some events, and as long again after it for what they set off.
fn around(events: &[StoredEvent]) -> (Option<Time>, Option<Time>) {
    let oldest = events.iter().map(StoredEvent::timestamp).min();
    let newest = events.iter().map(StoredEvent::timestamp).max();
    let after = |oldest: i64| newest.map(|newest| newest.saturating_add(newest.saturating_sub(oldest)));
    (oldest.map(Time::At), oldest.and_then(after).map(Time::At))
}

fn of_call(store: &EventStore, call_id: &str, event: &StoredEvent, watch: &dyn Watch) -> Result<Ground> {
    let filter = Filter { call_id: Some(call_id.to_owned()), ..Filter::default() };
    let events = query(store, filter, watch)?;
    let (since, mut until) = around(&events);
    let has_ended = events.iter().any(|event| event.event_type() == Some("function_exit"));
    if !has_ended {
        until = None;
    }
    let session_id = event.session_id().filter(|_| !Nodes::of(store).are_several()).map(str::to_owned);
    let ledger = gather(store, Filter { since, until, session_id, ..Filter::default() }, watch)?;
    let entry = events.iter().find(|event| event.event_type() == Some("function_entry"));
    let root = entry.and_then(|entry| call_at(&ledger, entry.event_id()));
    let Some(root) = root else {
        return Err(Error::not_found(format!("event_id: the beginning of call {call_id:?} is not stored any more")));
    };
    let above = entry.map(|entry| above(store, entry)).unwrap_or_default();
    Ok(Ground { ledger, roots: vec![root], above })
}

/// The span an event happened in.
fn span_around(store: &EventStore, event: &StoredEvent, watch: &dyn Watch) -> Result<Option<StoredEvent>> {
    let filter = Filter {
        call_id: event.parent_id().map(str::to_owned),
        correlation_id: event.correlation_id().map(str::to_owned),
        event_types: vec!["span".to_owned()],
        ..Filter::default()
    };
    Ok(if filter.call_id.is_some() { query(store, filter, watch)?.pop() } else { None })
}

/// Where all that a span may be part of, or have as part, is: in its trace, else in its recording. When it was says nothing.
fn joined_with(event: &StoredEvent) -> Filter {
    // Ids that are unique by themselves need no trace, and what tells the flow that goes through a span is none.
    let has_own_id = event.call_id() == Some(event.event_id()) || event.event_type() != Some("span");
    match event.correlation_id().filter(|_| !has_own_id) {
        Some(trace) => Filter { correlation_id: Some(trace.to_owned()), ..Filter::default() },
        None => Filter { session_id: event.session_id().map(str::to_owned), ..Filter::default() },
    }
}

fn of_span(store: &EventStore, event: &StoredEvent, watch: &dyn Watch) -> Result<Ground> {
    let ledger = gather(store, joined_with(event), watch)?;
    let named = ledger.texts.find(event.event_id());
    let is_it = |call: &Call| Some(call.event) == named || call.exit == named;
    let root = (0..).zip(&ledger.calls).find(|(_, call)| is_it(call)).map(|(id, _)| id);
    let root = root.ok_or_else(|| Error::not_found("event_id: the beginning of this span is not stored any more"))?;
    let above = ledger.around(root).take(MAX_ABOVE).filter_map(|id| ledger.event(ledger.call(id).event)).collect();
    Ok(Ground { ledger, roots: vec![root], above })
}

/// The spans of a trace, or of a flow, that are part of no other of it; `span` is one of them.
fn of_trace(store: &EventStore, span: &StoredEvent, watch: &dyn Watch) -> Result<Ground> {
    let ledger = gather(store, joined_with(span), watch)?;
    let mut of_it: BTreeSet<Sym> = BTreeSet::new();
    let filter = Filter { correlation_id: span.correlation_id().map(str::to_owned), ..Filter::default() };
    store.visit(&filter, watch, |event| {
        of_it.extend(ledger.texts.find(event.event_id()));
        ControlFlow::Continue(())
    })?;
    let is_of_it = |id: CallId| of_it.contains(&ledger.call(id).event);
    let calls = (0..ledger.calls.len() as CallId).filter(|id| is_of_it(*id));
    let roots = calls.filter(|id| ledger.call(*id).parent.is_none_or(|parent| !is_of_it(parent))).collect();
    Ok(Ground { ledger, roots, above: Vec::new() })
}

fn of_correlation(store: &EventStore, correlation: &str, watch: &dyn Watch) -> Result<Ground> {
    let filter = Filter { correlation_id: Some(correlation.to_owned()), ..Filter::default() };
    let mut events = query(store, filter, watch)?;
    if events.is_empty() {
        return Err(Error::not_found(format!(
            "correlation_id: no stored event has {correlation:?}; take one from a table's correlation_id column, or give \
             an event_id"
        )));
    }
    if let Some(span) = events.iter().find(|event| event.event_type().is_some_and(|name| told(name).is_some())) {
        return of_trace(store, span, watch);
    }
    // The call the first message was sent in began before.
    let first = events.iter().find(|event| event.event_type() == Some("message_send"));
    let sender = first.and_then(|first| store.get_event_by_id(first.parent_id()?).ok());
    let sender = sender.filter(|sender| sender.event_type() == Some("function_entry"));
    let root_event =
        sender.as_ref().or_else(|| events.iter().find(|event| event.event_type() == Some("function_entry")));
    let root_event = root_event.cloned();
    events.extend(sender);
    let (since, mut until) = around(&events);
    let mut session_id = events[0].session_id().map(str::to_owned);
    if Nodes::of(store).are_several() {
        // What another node did for it is of another session, and need not have its id.
        (until, session_id) = (None, None);
    }
    let ledger = gather(store, Filter { since, until, session_id, ..Filter::default() }, watch)?;
    let roots: Vec<CallId> = root_event.iter().filter_map(|event| call_at(&ledger, event.event_id())).collect();
    let above = root_event.map(|event| above(store, &event)).unwrap_or_default();
    Ok(Ground { ledger, roots, above })
}

fn call_at(ledger: &Ledger, event_id: &str) -> Option<CallId> {
    let event = ledger.texts.find(event_id)?;
    (0..).zip(&ledger.calls).find(|(_, call)| call.event == event).map(|(id, _)| id)
}

/// The events that led to one, the nearest first.
fn above(store: &EventStore, event: &StoredEvent) -> Vec<StoredEvent> {
    let mut above: Vec<StoredEvent> = Vec::new();
    let mut parent = event.parent_id().map(str::to_owned);
    while let Some(id) = parent.filter(|_| above.len() < MAX_ABOVE) {
        let Ok(event) = store.get_event_by_id(&id) else { break };
        parent = event.parent_id().map(str::to_owned);
        above.push(event);
    }
    above
}

/// Shown beside a tree: where a call was made.
pub(crate) fn place(traffic: &Traffic<'_>, call: CallId) -> Option<String> {
    traffic.call_place(traffic.ledger.call(call))
}
