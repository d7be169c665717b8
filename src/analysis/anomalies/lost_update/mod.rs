//! Did one process' write undo another's, because both were worked out from the same read?
//!
//! Who reads a value, works out another and puts that in its place undoes what others wrote between. Where the value is
//! kept decides what is known of it: a `GenServer` shows its state with every message, an `Agent` with every function it
//! calls, of a table only the functions that read and write it are seen.

mod agent;
mod basis;
mod confirm;
mod exchanged;
mod ops;
mod pairs;
mod server;
mod table;

use super::finding::Finding;
use super::scene::Scene;
use crate::error::Result;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    server::detect(scene, found)?;
    agent::detect(scene, found)?;
    table::detect(scene, found)
}
