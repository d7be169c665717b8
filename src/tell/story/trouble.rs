//! How is told what went wrong around a process?

use super::process::sent_from;
use super::times;
use super::words::{self, duration, left, messages, relative};
use crate::analysis::story::line::{Asked, At, BadEnd, Bound, Failed, Lost, LostFrom, Mailbox, Trouble, Unanswered};
use crate::tell::ended;
use crate::tell::words as counts;

/// Something that went wrong.
pub(super) fn told(trouble: &Trouble, anchor: i64) -> String {
    let at = |at: &At| times::at(at, anchor);
    match trouble {
        Trouble::Ended(BadEnd { pid, at: when, ended, site }) => {
            let site = site.as_ref().map(|site| format!(" at {site}")).unwrap_or_default();
            format!("{pid} at {} {}{site}", at(when), ended::told(ended))
        }
        Trouble::Lost(Lost { pid, messages: lost, at: when }) => {
            format!("{} lost: sent to {pid} after its end at {}", messages(*lost), at(when))
        }
        Trouble::LostFrom(LostFrom { pattern, place, count, sender, at: when }) => {
            format!(
                "  {pattern} sent from {}{} by {sender}, first at {}",
                sent_from(place),
                words::times(*count),
                at(when)
            )
        }
        Trouble::Failed(Failed { calls, went_on, function, left: how, reason, at: when }) => format!(
            "{}{} failed in it{}; the last: {function} {} {reason} at {}",
            if calls.bound == Bound::AtLeast { "at least " } else { "" },
            counts::count(calls.count, "call"),
            if *went_on { " and it went on" } else { ", nothing of it is recorded after that" },
            left(*how),
            at(when)
        ),
        Trouble::Mailbox(Mailbox { pid, length, is_whole, at: when, every_ns, took_ns, of_newest }) => {
            let took = took_ns.map_or_else(
                || "; how long one took is not recorded".to_owned(),
                |ns| format!(", and took {}{}", duration(ns), words::of_newest(*of_newest)),
            );
            format!(
                "the mailbox of {pid} grew to {}{length} messages by {}: one came every {} on average{took}",
                if *is_whole { "" } else { "at least " },
                at(when),
                duration(*every_ns),
            )
        }
        Trouble::Unhandled { messages: queued, pid, at: when } => {
            format!("{} unhandled in the mailbox of {pid} at {}", messages(*queued), relative(*when, anchor))
        }
        Trouble::Unanswered(calls) => unanswered(calls, anchor),
    }
}

fn unanswered(Unanswered { pid, count, is_of_newest, first, last }: &Unanswered, anchor: i64) -> String {
    let newest = if *is_of_newest { " among the newest messages" } else { "" };
    let told = |Asked { asked, at }: &Asked| format!("{asked} at {}", times::at(at, anchor));
    let which = match last {
        None => told(first),
        Some(last) => format!("first {}, last {}", told(first), told(last)),
    };
    format!("{}{newest} to {pid} without a reply: {which}", counts::count(*count, "call"))
}
