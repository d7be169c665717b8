//! One that monitors another again and again, and never gives a monitor back.

use serde_json::json;

use crate::analysis::found::{ChangedBy, MonitorLeak};
use crate::tell::finding::Told;
use crate::tell::words::often;

pub(in crate::tell) fn told(it: &MonitorLeak) -> Told {
    let n = it.monitors;
    let what = format!(
        "{} had monitored {} {n} times when that ended, and got {n} :DOWN; the references of {} of these monitors had \
         been taken out of its state before, and the monitors stayed",
        it.watcher, it.watched, it.taken_out,
    );
    let mut told = Told::new(
        what,
        "monitors that are meant to outlive their entries, to be told of the end all the same",
    )
    .next("state_history", json!({"pid": it.watcher.pid}), "when its references come and go");
    if let Some(by) = &it.put_in_by {
        told = told.detail(format!("a reference comes into the state by {}", callback(by)));
    }
    if let Some(by) = &it.taken_out_by {
        told = told.detail(format!("it goes out by {}, which does not end the monitor", callback(by)));
    }
    told
}

/// What handled what, and how often.
fn callback(by: &ChangedBy) -> String {
    let pattern = by.pattern.as_deref().unwrap_or("a message that is not recorded");
    let sent = by.sent.as_ref().map(|place| format!(", sent at {place}")).unwrap_or_default();
    let times = often(by.times);
    format!("{} with {pattern}{sent} ({times})", by.function)
}
