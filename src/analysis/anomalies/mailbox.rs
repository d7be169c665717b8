//! Which processes get messages faster than they handle them?

use std::collections::BTreeMap;

use super::busy::{busiest, newest_callback};
use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::found::{FirstSent, Found, MailboxGrowth, MailboxSamples, Process, Taken};
use crate::analysis::ledger::{ProcessId, Sample};
use crate::analysis::mailbox::{Length, Mailbox, Measure, by_receiver};
use crate::error::Result;

/// Shorter mailboxes are a burst that anybody may have.
const FEWEST: usize = 8;

/// Messages that waited less are served as fast as anybody needs.
const SHORTEST_WAIT_NS: i64 = 20_000_000;

/// Turns of a loop of its own that a process without callbacks took meanwhile.
const FEWEST_TURNS: usize = 5;

/// Samples that have to grow, one after the other, where sends were not traced.
const FEWEST_SAMPLES: usize = 4;

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let mut samples: BTreeMap<ProcessId, Vec<&Sample>> = BTreeMap::new();
    for sample in &scene.ledger.samples {
        samples.entry(sample.process).or_default().push(sample);
    }
    for (process, messages) in (0..).zip(by_receiver(&scene.traffic)) {
        if messages.len() >= FEWEST {
            scene.checked()?;
            let mailbox = Mailbox::new(&scene.traffic, process, &messages);
            if let Some(finding) = growth(scene, process, &mailbox) {
                found.push(finding);
                continue;
            }
        }
        found.extend(samples.get(&process).and_then(|samples| sampled(scene, process, samples)));
    }
    Ok(())
}

fn growth(scene: &Scene<'_>, process: ProcessId, mailbox: &Mailbox<'_>) -> Option<Finding> {
    let ledger = scene.ledger;
    let lengths = mailbox.lengths();
    // The first of the longest, and the message that came when it was last empty before: until then nothing grew.
    let at = lengths.iter().enumerate().max_by_key(|(at, step)| (step.length, std::cmp::Reverse(*at)))?.0;
    let peak: Length = lengths[at];
    if peak.length < FEWEST {
        return None;
    }
    let first = lengths[..at].iter().rposition(|step| step.length == 0).map_or(0, |empty| empty + 1);
    let begun = lengths[first].moment;
    let waits = mailbox.stays.iter().filter(|stay| stay.from >= begun);
    let longest_wait = waits
        .clone()
        .map(|stay| {
            stay.waited().unwrap_or_else(|| ledger.span().map_or(0, |(_, newest)| newest.saturating_sub(stay.from.at)))
        })
        .max()?;
    if longest_wait < SHORTEST_WAIT_NS {
        return None;
    }
    let came = waits.clone().filter(|stay| stay.from <= peak.moment).count();
    let went =
        mailbox.stays.iter().filter(|stay| stay.until.is_some_and(|until| until > begun && until <= peak.moment));
    let went = went.count();
    if went == 0 && mailbox.unknown > 0 && matches!(mailbox.measure, Measure::Handled) {
        // Others were taken, and when is not known.
        return None;
    }
    let left = lengths.last().map_or(0, |step| step.length);
    // The service is the bottleneck, not a pause of the whole machine: the process worked most of the time.
    let drained = mailbox.stays.iter().filter_map(|stay| stay.until).filter(|until| *until > begun).max();
    let end = drained.unwrap_or(peak.moment);
    let newest = newest_callback(scene, process);
    let is_over = |start| newest.is_some_and(|newest| start < newest);
    let worked: i64 = scene
        .calls_of(process)
        .map(|(_, call)| call)
        .take_while(|call| call.start <= end)
        .filter(|call| call.parent.is_none() && (call.end.is_some() || !is_over(call.start)))
        .map(|call| (call.end.map_or(end.at, |of_call| of_call.at.min(end.at)), call.start.at.max(begun.at)))
        .fold(0, |worked, (until, since)| worked.saturating_add(until.saturating_sub(since).max(0)));
    let length = end.since(begun).max(1);
    if worked.saturating_mul(2) < length {
        return None;
    }
    let busy = busiest(scene, process, begun, end);
    // A process without traced callbacks tells when it looked at its messages, not when it handled them.
    let (confidence, taken) = match mailbox.measure {
        Measure::Handled => (Confidence::High, Taken::Handled),
        // Nothing was handled one by one: the process had other things to do, and then takes all at once.
        Measure::Received if busy.as_ref().is_none_or(|busy| busy.busy.calls < FEWEST_TURNS) => return None,
        // It picks some and leaves the others, also later.
        Measure::Received if waits.clone().filter(|stay| stay.until.is_some()).count() * 10 < came => return None,
        Measure::Received => (Confidence::Medium, Taken::Received),
        Measure::Unknown => return None,
    };
    let sender = mailbox.stays.iter().find(|stay| stay.from >= begun).map(|stay| stay.message);
    let last = mailbox.stays.iter().rev().find(|stay| stay.from <= peak.moment).map(|stay| stay.message);
    let busy_event = busy.as_ref().map(|busy| busy.event);
    let growth = MailboxGrowth {
        process: Process::of(ledger, process),
        longest: peak.length,
        taken,
        within_ns: peak.moment.since(begun).max(1),
        came,
        went,
        longest_wait_ns: longest_wait,
        busy: busy.map(|busy| busy.busy),
        first: sender
            .map(|sender| FirstSent { message: scene.traffic.content(sender, 60), place: scene.traffic.place(sender) }),
        left,
    };
    let finding = Finding::of(Kind::MailboxGrowth, confidence, begun, Found::MailboxGrowth(growth))
        .shown_by("first_message", sender.map(|message| message.event))
        .shown_by("at_peak", last.map(|message| message.event))
        .shown_by("busy_with", busy_event);
    Some(finding)
}

/// Growth that only the measured lengths tell.
fn sampled(scene: &Scene<'_>, process: ProcessId, samples: &[&Sample]) -> Option<Finding> {
    let (mut run, mut best) = (0..0, 0..0);
    for at in 1..samples.len() {
        let is_longer = samples[at].length > samples[at - 1].length;
        run = if !is_longer {
            at..at
        } else if run.is_empty() {
            at - 1..at + 1
        } else {
            run.start..at + 1
        };
        if run.len() > best.len() {
            best = run.clone();
        }
    }
    let (first, last) = (samples.get(best.start)?, samples.get(best.end.checked_sub(1)?)?);
    if best.len() < FEWEST_SAMPLES || last.length < 10 * FEWEST as u64 {
        return None;
    }
    let growth = MailboxSamples {
        process: Process::of(scene.ledger, process),
        first: first.length,
        last: last.length,
        within_ns: last.moment.since(first.moment),
    };
    Some(Finding::of(Kind::MailboxGrowth, Confidence::Medium, first.moment, Found::MailboxSamples(growth)))
}
