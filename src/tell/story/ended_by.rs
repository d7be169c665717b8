//! Who made a process end?

use super::words::duration;
use super::{held, times};
use crate::analysis::story::line::{EndedBy, SpentRestarts, Within};
use crate::tell::found::gave_up;

pub(super) fn line(of: &EndedBy, anchor: i64) -> String {
    match of {
        EndedBy::GaveUp(spent) => gave_up_in(spent),
        EndedBy::SupervisorGaveUp(spent) => format!("its supervisor: {}", gave_up_in(spent)),
        EndedBy::Itself { function, result, event } => {
            format!("it stopped itself: {function} returned {result} ({event})")
        }
        EndedBy::Signal { sender, signal, at } => {
            format!("{sender} sent it the exit signal {signal} at {}", times::at(at, anchor))
        }
        EndedBy::GotExit { from, event } => format!("it got the exit of {from} with this reason ({event})"),
        EndedBy::AskedToStop { by, event } => {
            let by = by.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string);
            format!("{by} asked it to stop ({event})")
        }
        EndedBy::Unlinked { starter, before_ns, event } => format!(
            "most likely its starter {starter}, which unlinked it {} before, as supervisors do with a child they end \
             ({event}); the signal itself is not traced",
            duration(*before_ns)
        ),
        EndedBy::Linked { other, before_ns, event } => {
            format!("it was linked to {other}, which ended so {} before ({event})", duration(*before_ns))
        }
        EndedBy::Waiting { waited_for } => {
            let what = held::waits_for_what(waited_for);
            format!("who ended it is not recorded: exit signals are not traced; it was waiting for {what} then")
        }
        EndedBy::Unrecorded { within } => {
            let within = within.as_ref().map(|Within { function, event }| {
                format!("; it was in {function} ({event}), which may have called exit itself")
            });
            format!("who ended it is not recorded: exit signals are not traced{}", within.unwrap_or_default())
        }
    }
}

/// With the events of the first and the last end that used up its restarts, and of its own.
fn gave_up_in(SpentRestarts { gave_up, last_end, exit }: &SpentRestarts) -> String {
    let last = last_end.as_ref().map(|last| format!(" to {last}")).unwrap_or_default();
    format!("{} ({}{last}, {exit})", gave_up::what(gave_up), gave_up.first_end)
}
