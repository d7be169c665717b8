//! What do the events mean? Questions over many events at once, answered from visits and queries of the store.
//!
//! Pure and synchronous: in go a store and a question, out comes a finding with the evidence's ids. How it is told is
//! the business of the tools. Nothing here looks at the clock or depends on the order of a hash map: the same
//! recording gives the same finding.

pub(crate) mod anomalies;
pub(crate) mod calls;
pub(crate) mod flow;
pub(crate) mod ledger;
pub(crate) mod mailbox;
pub(crate) mod messages;
pub(crate) mod terms;
pub(crate) mod trees;
