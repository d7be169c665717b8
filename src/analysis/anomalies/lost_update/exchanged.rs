//! What two messages of one client have to do with each other.

use std::collections::BTreeSet;

use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{CallId, Message};

/// What a message was answered.
pub(super) fn reply(scene: &Scene<'_>, message: &Message) -> Option<String> {
    let reply = scene.ledger.message(message.reply?);
    Some(scene.traffic.whole(reply))
}

/// The innermost call of the client around both messages.
pub(super) fn common_call(scene: &Scene<'_>, read: &Message, write: &Message) -> Option<CallId> {
    let ledger = scene.ledger;
    let (read, write) = (read.sent_in?, write.sent_in?);
    let around_read: BTreeSet<CallId> = std::iter::once(read).chain(ledger.around(read)).collect();
    std::iter::once(write).chain(ledger.around(write)).find(|call| around_read.contains(call))
}

/// Whether the new value is the old one plus or minus what the message says: the sum was done where the value is.
pub(super) fn is_sum(old: &str, new: &str, content: &str) -> bool {
    let (Ok(old), Ok(new)) = (old.parse::<f64>(), new.parse::<f64>()) else { return false };
    let difference = (new - old).abs();
    difference != 0.0
        && content
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .filter_map(|number| number.trim_matches('.').parse::<f64>().ok())
            .any(|number| (number - difference).abs() < 1e-9)
}

/// Whether an answer is this value, alone or as `{:ok, value}`.
pub(super) fn is_exact(answer: &str, value: &str) -> bool {
    answer == value || answer.strip_prefix("{:ok, ").and_then(|rest| rest.strip_suffix('}')) == Some(value)
}
