//! How is told what went wrong around a process?

use super::process::sent_from;
use super::words::{counted, duration, left, messages, relative, times};
use crate::analysis::story::line::{Asked, BadEnd, Failed, Lost, LostFrom, Mailbox, Trouble, Unanswered};
use crate::tell::ended;

/// Something that went wrong.
pub(super) fn told(trouble: &Trouble, anchor: i64) -> String {
    let at = |at: i64| relative(at, anchor);
    match trouble {
        Trouble::Ended(BadEnd { pid, at: when, event, ended, site }) => {
            let site = site.as_ref().map(|site| format!(" at {site}")).unwrap_or_default();
            format!("{pid} at {} ({event}) {}{site}", at(*when), ended::told(ended))
        }
        Trouble::Lost(Lost { pid, messages: lost, at: when, event }) => {
            format!("{} lost: sent to {pid} after its end at {} ({event})", messages(*lost), at(*when))
        }
        Trouble::LostFrom(LostFrom { pattern, place, count, sender, at: when, event }) => format!(
            "  {pattern} sent from {}{} by {sender}, first at {} ({event})",
            sent_from(place),
            times(*count),
            at(*when)
        ),
        Trouble::Failed(Failed { count, function, left: how, reason, at: when, event }) => format!(
            "{} failed in it and it went on; the last: {function} {} {reason} at {} ({event})",
            counted(*count, "call"),
            left(*how),
            at(*when)
        ),
        Trouble::Mailbox(Mailbox { pid, length, is_whole, at: when, event, every_ns, took_ns }) => format!(
            "the mailbox of {pid} grew to {}{length} messages by {} ({event}): one came every {} on average, and took {}",
            if *is_whole { "" } else { "at least " },
            at(*when),
            duration(*every_ns),
            duration(*took_ns)
        ),
        Trouble::Unhandled { messages: queued, pid, at: when } => {
            format!("{} unhandled in the mailbox of {pid} at {}", messages(*queued), at(*when))
        }
        Trouble::Unanswered(calls) => unanswered(calls, anchor),
    }
}

fn unanswered(Unanswered { pid, count, is_of_newest, first, last }: &Unanswered, anchor: i64) -> String {
    let newest = if *is_of_newest { " among the newest messages" } else { "" };
    let told = |Asked { asked, at, event }: &Asked| format!("{asked} at {} ({event})", relative(*at, anchor));
    let which = match last {
        None => told(first),
        Some(last) => format!("first {}, last {}", told(first), told(last)),
    };
    format!("{}{newest} to {pid} without a reply: {which}", counted(*count, "call"))
}
