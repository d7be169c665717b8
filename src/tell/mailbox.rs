//! How is a mailbox told, as surely as it is known?

use crate::analysis::ledger::{Ledger, ProcessId};
use crate::analysis::mailbox::{Mailbox, Measure};
use crate::analysis::traffic::Traffic;
use crate::tell::words::{count, count_of};

/// How many messages went through it, and how long it was.
pub(crate) fn head(ledger: &Ledger, id: ProcessId, mailbox: &Mailbox<'_>) -> String {
    let (n, who) = (mailbox.stays.len(), ledger.full_label(id));
    let length = mailbox.peak().map_or(0, |step| step.length);
    let measured = ledger.samples.iter().filter(|sample| sample.process == id).map(|sample| sample.length).max();
    let measured = measured.map(|length| format!("; the longest measured length is {length}")).unwrap_or_default();
    match mailbox.measure {
        Measure::Handled if mailbox.unknown == 0 => {
            format!("{} went through the mailbox of {who}; it held at most {length}", count(n, "message"))
        }
        Measure::Handled => format!(
            "{} went through the mailbox of {who}, and {} of which nothing more is known; it held at least {length} at \
             once{measured}",
            count(n, "message"),
            mailbox.unknown
        ),
        Measure::Received => {
            format!(
                "{} sent to {who} and received; its mailbox held at least {length} at once{measured}",
                count_of(n, "message was", "messages were")
            )
        }
        Measure::Unknown => {
            let were = count_of(mailbox.unknown, "message was", "messages were");
            format!("{were} sent to {who}; how many of them waited is not known{measured}")
        }
    }
}

/// Why its lengths are less than exact, if they are.
pub(crate) fn measure(traffic: &Traffic<'_>, id: ProcessId, mailbox: &Mailbox<'_>) -> Option<&'static str> {
    match mailbox.measure {
        Measure::Handled => None,
        Measure::Received => Some(
            "no callback of this process tells which messages it handled: a message counts as taken when the process \
             looked at it, so lengths and waits are lower bounds",
        ),
        Measure::Unknown if traffic.is_refuted(id) => Some(
            "its measured lengths are shorter than sends minus callbacks: it takes messages in a way that was not \
             traced; only the measured lengths are told",
        ),
        Measure::Unknown => Some(
            "neither its receives nor callbacks that handle its messages were traced; trace them, or let the recorder \
             sample its mailbox",
        ),
    }
}

/// The messages of which it is not known whether they wait in it.
pub(crate) fn unknown(mailbox: &Mailbox<'_>) -> Option<String> {
    (mailbox.unknown > 0).then(|| {
        format!(
            "of {} it is not known whether and when they were taken: they were received inside a callback or \
             handled by one recorded without arguments, came while its callbacks were not traced or before a break in \
             the recording, or their senders were not traced",
            count(mailbox.unknown, "message")
        )
    })
}

/// Other processes of its name that are not shown.
pub(crate) fn others(left_out: usize) -> String {
    format!("{} had this name; ask by pid", count_of(left_out, "more process", "more processes"))
}
