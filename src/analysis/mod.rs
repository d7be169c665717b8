//! What do the events mean? Questions over many events at once, answered from visits and queries of the store.
//!
//! Pure and synchronous: in go a store and a question, out come values with the evidence's keys. How they are told is
//! the business of `tell`. Nothing here looks at the clock or shows the order of a hash map: the same recording
//! gives the same finding.

mod abandoned;
pub(crate) mod aggregate;
pub(crate) mod anomalies;
pub(crate) mod ask;
pub(crate) mod calls;
pub(crate) mod change;
pub(crate) mod diff;
pub(crate) mod differs;
pub(crate) mod duration;
pub(crate) mod ending;
pub(crate) mod ends;
pub(crate) mod exceptions;
pub(crate) mod fact;
pub(crate) mod flow;
pub(crate) mod found;
pub(crate) mod gave_up;
mod grouping;
pub(crate) mod handlers;
mod http;
pub(crate) mod known;
pub(crate) mod known_at;
pub(crate) mod ledger;
pub(crate) mod left_out;
mod linked;
pub(crate) mod losses;
pub(crate) mod mailbox;
mod member;
mod messages;
pub(crate) mod named;
mod nesting;
pub(crate) mod nodes;
pub(crate) mod overview;
pub(crate) mod parts;
pub(crate) mod place;
pub(crate) mod replied;
pub(crate) mod seam;
mod server;
mod setter;
pub(crate) mod spans;
pub(crate) mod spawn;
pub(crate) mod spread;
mod started;
pub(crate) mod state;
pub(crate) mod story;
mod symbols;
pub(crate) mod terms;
pub(crate) mod traffic;
pub(crate) mod trees;
pub(crate) mod untimed;
pub(crate) mod value;
mod waits;
pub(crate) mod who;

pub(crate) use grouping::{Dimension, Label, MAX_DIMENSIONS};

use std::ops::ControlFlow;

use parts::Quiet;

use crate::error::Result;
use crate::event::StoredEvent;
use crate::event::time::Time;
use crate::query::Filter;
use crate::store::EventStore;
use crate::watch::Watch;

/// The event at a place in the total order; `None` when it has been removed meanwhile.
pub(crate) fn event_at(
    store: &EventStore,
    (timestamp, seq): (i64, u64),
    watch: &dyn Watch,
) -> Result<Option<StoredEvent>> {
    let at = Some(Time::At(timestamp));
    let mut found = None;
    store.visit(&Filter { since: at, until: at, ..Filter::default() }, &Quiet(watch), |event| {
        if event.seq() < seq {
            return ControlFlow::Continue(());
        }
        found = (event.seq() == seq).then(|| event.to_event());
        ControlFlow::Break(())
    })?;
    Ok(found)
}
