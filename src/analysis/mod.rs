//! What do the events mean? Pure analyses over the store, below the tools that tell them.
//!
//! Nothing here knows how an answer is written; a tool turns what an analysis found into a report.

pub(crate) mod anomalies;
pub(crate) mod calls;
pub(crate) mod ledger;
pub(crate) mod mailbox;
pub(crate) mod messages;
pub(crate) mod terms;
