//! How is each law's finding put into words? One file a law.

pub(super) mod abandoned;
mod busy;
pub(super) mod crash;
pub(super) mod dead_letter;
pub(super) mod deadlock;
pub(super) mod exchange;
pub(super) mod gap;
pub(super) mod gave_up;
pub(super) mod growth;
pub(super) mod hot_loop;
pub(super) mod http_error;
mod http_rate;
pub(super) mod ignored;
pub(super) mod lost_update;
pub(super) mod mailbox;
pub(super) mod monitors;
pub(super) mod outlier;
mod raised;
pub(super) mod repeated;
pub(super) mod repeated_exception;
pub(super) mod restart;
mod stale;
pub(super) mod stampede;
pub(super) mod swallowed;
pub(super) mod twice;
pub(super) mod unfinished;
pub(super) mod unmet;
