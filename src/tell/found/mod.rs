//! How is each law's finding put into words? One file a law.

pub(super) mod deadlock;
pub(super) mod gap;
pub(super) mod lost_update;
pub(super) mod restart;
mod stale;
pub(super) mod unmet;
