//! Did one process' write undo another's, because both were worked out from the same read?
//!
//! Who reads a value, works out another and puts that in its place undoes what others wrote between. Where the value is
//! kept decides what is known of it: a `GenServer` shows its state with every message, an `Agent` with every function it
//! calls, of a table only the functions that read and write it are seen.

mod agent;
mod basis;
mod confirm;
mod ops;
mod pairs;
mod server;
mod table;

use std::collections::BTreeSet;

use super::{Confidence, Finding, Kind, Scene, count, span};
use crate::analysis::ledger::{CallId, Message};
use crate::error::Result;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    server::detect(scene, found)?;
    agent::detect(scene, found)?;
    table::detect(scene, found)
}

/// What a message was answered.
fn reply(scene: &Scene<'_>, message: &Message) -> Option<String> {
    let reply = scene.ledger.message(message.reply?);
    Some(scene.traffic.whole(reply))
}

/// The innermost call of the client around both messages.
fn common_call(scene: &Scene<'_>, read: &Message, write: &Message) -> Option<CallId> {
    let ledger = scene.ledger;
    let (read, write) = (read.sent_in?, write.sent_in?);
    let around_read: BTreeSet<CallId> = std::iter::once(read).chain(ledger.around(read)).collect();
    std::iter::once(write).chain(ledger.around(write)).find(|call| around_read.contains(call))
}

/// Whether the new value is the old one plus or minus what the message says: the sum was done where the value is.
fn is_sum(old: &str, new: &str, content: &str) -> bool {
    let (Ok(old), Ok(new)) = (old.parse::<f64>(), new.parse::<f64>()) else { return false };
    let difference = (new - old).abs();
    difference != 0.0
        && content
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .filter_map(|number| number.trim_matches('.').parse::<f64>().ok())
            .any(|number| (number - difference).abs() < 1e-9)
}

/// Whether an answer is this value, alone or as `{:ok, value}`.
fn is_exact(answer: &str, value: &str) -> bool {
    answer == value || answer.strip_prefix("{:ok, ").and_then(|rest| rest.strip_suffix('}')) == Some(value)
}
