//! How is each law's finding put into words? One file a law.

mod abandoned;
mod busy;
pub(super) mod crash;
pub(super) mod dead_letter;
pub(super) mod deadlock;
pub(super) mod exchange;
pub(super) mod gap;
pub(super) mod gave_up;
pub(super) mod growth;
pub(super) mod mailbox;
mod raised;
pub(super) mod repeated_exception;
pub(super) mod restart;
pub(super) mod swallowed;
pub(super) mod lost_update;
pub(super) mod restart;
mod stale;
pub(super) mod unmet;
