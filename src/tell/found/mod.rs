//! How is each law's finding put into words? One file a law.

pub(super) mod deadlock;
pub(super) mod gap;
pub(super) mod hot_loop;
pub(super) mod http_error;
mod http_rate;
pub(super) mod ignored;
pub(super) mod monitors;
pub(super) mod outlier;
pub(super) mod repeated;
pub(super) mod restart;
pub(super) mod stampede;
pub(super) mod twice;
pub(super) mod unfinished;
