//! What is there, and what stands out? One look at every event, for a first call.

mod elsewhere;
mod held;
mod life;
mod look;
mod noted;
mod spans;

use std::ops::ControlFlow;

use super::ask::Ask;
use super::spans::Failed;
use super::who::Names;
use crate::error::Result;
use crate::query::{Filter, Visit};
use crate::store::EventStore;
use crate::watch::Watch;
use look::Look;

pub(crate) use noted::{LONG_MAILBOX, Overview, Trouble, Troubles};

/// Looks at every event of a span once. Cost: some 150 ns an event.
pub(crate) fn overview(store: &EventStore, filter: &Filter, watch: &dyn Watch) -> Result<Overview> {
    let ask = Ask::new(store, watch);
    let mut look = Look::new(ask.nodes(), Failed::of(store, watch)?);
    let visit = store.visit(filter, watch, |event| {
        look.event(&event);
        ControlFlow::Continue(())
    })?;
    look.finish(&ask, filter, &Names::new(&ask), visit)
}

/// Where a span of a filter starts and ends in events, for shares of time.
pub(crate) fn length(visit: &Visit) -> i64 {
    let (first, last) = visit.span.unwrap_or_default();
    let since = visit.since.map_or(first, |since| since.max(first));
    let until = visit.until.map_or(last, |until| until.min(last));
    until.saturating_sub(since).max(0)
}
