//! A process that gets messages faster than it handles them.

use serde_json::json;

use super::busy;
use crate::analysis::found::{MailboxGrowth, MailboxSamples, Taken};
use crate::tell::finding::Told;
use crate::tell::words::{count, span};

pub(in crate::tell) fn growth(growth: &MailboxGrowth) -> Told {
    let MailboxGrowth { process, longest, within_ns, came, went, .. } = growth;
    let per_second = |n: usize| (n as f64 * 1e9 / *within_ns as f64).round() as u64;
    let (at_least, taken) = match growth.taken {
        Taken::Handled => ("", "handled"),
        Taken::Received => ("at least ", "received"),
    };
    let were = if *went == 1 { "was" } else { "were" };
    let what = format!(
        "the mailbox of {process} grew to {at_least}{longest} messages in {}: {came} came, {went} {were} {taken} ({}/s \
         against {}/s), and a message waited up to {}",
        span(*within_ns),
        per_second(*came),
        per_second(*went),
        span(growth.longest_wait_ns),
    );
    let mut told = Told::new(what, "a burst the process is meant to work off while nobody waits").next(
        "mailbox",
        json!({ "pid": process.pid }),
        "length and waiting time over time",
    );
    if let Some(busy) = &growth.busy {
        told = told.detail(format!("its time went to: {}", busy::told(busy)));
    }
    if let Some(first) = &growth.first {
        told = told.detail(format!("sent at {}, first {}", first.place, first.message));
    }
    if growth.left > 0 {
        let were = if growth.left == 1 { "was" } else { "were" };
        told = told.detail(format!("{at_least}{} {were} not {taken} by the end", count(growth.left, "message")));
    }
    told
}

pub(in crate::tell) fn samples(growth: &MailboxSamples) -> Told {
    let MailboxSamples { process, first, last, within_ns } = growth;
    let what = format!(
        "the measured mailbox of {process} grew from {first} to {last} messages in {}, sample after sample",
        span(*within_ns)
    );
    Told::new(what, "samples after it that are short again").next(
        "mailbox",
        json!({ "pid": process.pid }),
        "the samples",
    )
}
