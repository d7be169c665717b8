//! Spans of tracers: calls that say by ids what they are part of.
//!
//! A call of the BEAM begins and ends with an event each and nests in its process. A span is told whole, may run beside
//! others of its service, and its parent may be another service's.

mod failure;
mod forest;

pub(crate) use failure::{Failed, failure, of_exception};
pub(crate) use forest::{Forest, Traced, covered};

use std::ops::ControlFlow;

use crate::error::Result;
use crate::query::{Filter, Seen};
use crate::store::EventStore;
use crate::watch::Watch;

/// What an event tells of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// All of it: it begins at its timestamp.
    Whole,
    Begin,
    /// Its end, and how long it took.
    End,
}

/// What an event of this type tells of a span.
pub(crate) fn told(event_type: &str) -> Option<Told> {
    Some(match event_type {
        "span" => Told::Whole,
        "span_begin" | "async_begin" => Told::Begin,
        "span_end" | "async_end" => Told::End,
        _ => return None,
    })
}

/// When a span began and ended, of an event that tells it whole or tells its end.
pub(crate) fn times(event: &Seen<'_>) -> Option<(i64, i64)> {
    let took = event.duration_ns()?.max(0);
    let at = event.timestamp();
    match told(event.event_type()?)? {
        Told::Whole => Some((at, at.saturating_add(took))),
        Told::End => Some((at.saturating_sub(took), at)),
        Told::Begin => None,
    }
}

/// Whether a store holds spans of tracers. Cost: one look-up of each of their event types.
pub(crate) fn any_span(store: &EventStore, watch: &dyn Watch) -> Result<bool> {
    let event_types = ["span", "span_end", "async_end"].map(str::to_owned).to_vec();
    let mut found = false;
    store.visit(&Filter { event_types, ..Filter::default() }, watch, |_| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}
