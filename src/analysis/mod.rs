//! What do the events mean? Questions over many events at once, answered from visits and queries of the store.
//!
//! Pure and synchronous: in go a store and a question, out comes a finding with the evidence's ids. How it is told is
//! the business of the tools. Nothing here looks at the clock or depends on the order of a hash map: the same
//! recording gives the same finding.

pub(crate) mod ask;
pub(crate) mod change;
pub(crate) mod fact;
pub(crate) mod overview;
pub(crate) mod state;
pub(crate) mod story;
pub(crate) mod value;
pub(crate) mod who;
