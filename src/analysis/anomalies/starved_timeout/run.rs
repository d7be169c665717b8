//! How often in a row did a process ask for a timeout that did not come?

use std::mem;

use super::asked::{Sort, asked};
use super::turn::Turn;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::ledger::{CallId, Callback, ProcessId};

/// What is called of a module beside the callbacks that take something.
const BESIDE: [&str; 4] = [".terminate/", ".code_change/", ".format_status/", ".callback_mode/"];

/// The callbacks of a process that took a message, and those of which it is not known what they took: a timeout, too.
pub(super) fn callbacks(scene: &Scene<'_>, process: ProcessId) -> Vec<CallId> {
    let is_outermost = |function: &str| !BESIDE.iter().any(|name| function.contains(name));
    let calls = scene.calls_of(process).filter(|(_, call)| {
        let is_beside = call.is_span || matches!(call.callback, Some(Callback::Init | Callback::Continue));
        let may_take = || call.parent.is_none() && !is_beside && is_outermost(scene.ledger.text(call.function));
        call.message.is_some() || may_take()
    });
    calls.map(|(id, _)| id).collect()
}

/// The longest run of callbacks that asked anew, with nothing in between or after it that was or may have been the
/// timeout. `None` where timers' messages are handled: they do come.
pub(super) fn longest_run(scene: &Scene<'_>, process: ProcessId, calls: &[CallId], sort: Sort) -> Option<Vec<Turn>> {
    let ledger = scene.ledger;
    let (mut longest, mut run): (Vec<Turn>, Vec<Turn>) = (Vec::new(), Vec::new());
    // As often it was asked for until it came.
    let mut usual = 0;
    // The end of the last callback, and when the timeout it asked for is over.
    let (mut last, mut due): (Option<i64>, Option<i64>) = (None, None);
    for id in calls {
        let call = ledger.call(*id);
        let over = call.end.unwrap_or(call.start).at;
        if last.is_some_and(|last| scene.has_seam(process, last, over)) {
            // It may have come there.
            due = None;
            keep(&mut longest, &mut run);
        }
        last = Some(over);
        if call.message.is_none() || due.is_some_and(|due| call.start.at >= due) {
            usual = usual.max(run.len());
            run.clear();
        }
        // Whatever comes ends the timeout that was asked for before.
        due = None;
        if call.message.is_none() {
            continue;
        }
        let is_of_timer = is_of_timer(scene, *id);
        // A tick that sets its next one keeps a new reference each time.
        if is_of_timer && sort == Sort::Kept {
            return None;
        }
        match asked(scene, *id, sort) {
            Some(turn) => {
                due = turn.after_ms.map(|ms| over.saturating_add(ms.saturating_mul(1_000_000)));
                run.push(turn);
            }
            None if is_of_timer => return None,
            None => {}
        }
    }
    // It came after the last of them, whether or not its callback is recorded.
    let until = ledger.process(process).exit.as_ref().map(|exit| exit.moment.at).or(ledger.span().map(|span| span.1));
    if let (Some(due), Some(last), Some(until)) = (due, last, until)
        && due <= until
        && !scene.has_seam(process, last, due)
    {
        usual = usual.max(run.len());
        run.clear();
    }
    keep(&mut longest, &mut run);
    (longest.len() > usual).then_some(longest)
}

/// Ends a run, and keeps it where it is the longest.
fn keep(longest: &mut Vec<Turn>, run: &mut Vec<Turn>) {
    let run = mem::take(run);
    if run.len() > longest.len() {
        *longest = run;
    }
}

/// Whether a callback handled what a timer sends: a message nobody was seen to send, or its process itself.
fn is_of_timer(scene: &Scene<'_>, call: CallId) -> bool {
    let message = scene.ledger.call(call).message.map(|message| scene.ledger.message(message));
    message.is_some_and(|message| !message.is_sent_traced || message.sender == message.receiver)
}
