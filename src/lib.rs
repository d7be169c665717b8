//! Flight recorder of a running Elixir/Erlang system: a multi-index event store in memory, and the MCP server through
//! which assistants, clients and scripts question it.
//!
//! The store needs no server:
//!
//! ```
//! use elixir_scope_storage::{Event, EventStore, Filter, Query, Settings};
//!
//! let store = EventStore::open(Settings::default())?;
//! store.store_event(&Event::parse(r##"{"id": 1, "ts": -5, "type": "CALL", "pid": "#PID<0.1.0>"}"##)?)?;
//! let page = store.query_events(&Query::new(Filter { pid: Some("0.1.0".into()), ..Filter::default() }))?;
//! assert_eq!(page.events[0].event_type(), Some("call"));
//! assert_eq!(page.total_matched, Some(1));
//! # Ok::<(), elixir_scope_storage::Error>(())
//! ```
//!
//! Read in this order: [`event`] (what is an event), `index` (which events have this key), `segment` (where do their
//! bytes lie), `hot` (where is a fresh event), [`query`] (what does a filter mean), `pruner` (what must go), [`store`]
//! (the one API), `ingest` (how events arrive other than by a call), [`capture`] (how they arrive from systems that run
//! now), `analysis` (what do they mean), `tell` (how is that put into words), `mcp` (the tools). Arrows point down only.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")
)]

mod analysis;
pub mod budget;
pub mod capture;
pub mod clock;
mod error;
pub mod etf;
pub mod event;
mod hot;
mod index;
pub mod ingest;
pub mod mcp;
mod pruner;
pub mod query;
pub mod redact;
mod segment;
pub mod settings;
mod slab;
pub mod store;
mod tell;
pub mod trace;
pub mod visible;
pub mod watch;

pub use budget::{Budget, Busy, Reservation};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use event::time::Time;
pub use event::{Event, Role, StoredEvent};
pub use index::Index;
pub use pruner::Reason;
pub use query::{AccessPath, Filter, Order, Page, Query};
pub use redact::Rules;
pub use settings::Settings;
pub use store::EventStore;
pub use watch::{Unwatched, Watch};
