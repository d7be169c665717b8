//! How is told of a process what it came to, its lives, and who asks it for what?

use super::words::{self, duration, messages, relative};
use super::{held, times};
use crate::analysis::story::line::{AskedBy, Handled, Kind, LifeEnd, Lives, ProcessHead, SentFrom};
use crate::tell::ended;
use crate::tell::words::count;

/// What it came to.
pub(super) fn head(head: &ProcessHead) -> String {
    let ProcessHead { process, lives, lasted_ns, .. } = head;
    let role = process.module.as_deref().filter(|_| process.name.is_some());
    let role = role.map(|role| format!(" ({role})")).unwrap_or_default();
    let several = if *lives > 1 { format!(", the last of {lives} processes of this name") } else { String::new() };
    let (ended, after) = match (&head.ended, lasted_ns) {
        (None, Some(_)) => ("no end of it was recorded, seen".to_owned(), "for"),
        (None, None) => ("no end of it was recorded".to_owned(), "for"),
        (Some(ended), _) => (ended::told(ended), "after"),
    };
    let lasted = lasted_ns.map(|ns| format!(" {after} {}", duration(ns))).unwrap_or_default();
    let handled = head.handled;
    let did = if handled.count > 0 { format!(", handled {}", messages(handled)) } else { String::new() };
    let waits = head.held.as_ref().map(held::head).unwrap_or_default();
    format!("{process}{role}{several}: {ended}{lasted}{did}{waits}.")
}

/// The lives of a name.
pub(super) fn lives(lives: &Lives, anchor: i64) -> String {
    let (pid, since, exit) = match lives {
        Lives::More(more) => return format!("{more} more before these"),
        Lives::Life { pid, since, exit } => (pid, since, exit),
    };
    let since = since.map(|since| relative(since, anchor));
    let until = exit
        .as_ref()
        .map(|LifeEnd { at, reason }| format!("{}: {}", times::at(at, anchor), ended::reason(reason.as_deref())));
    // A start that was not recorded is when the name was first told.
    match (since, until) {
        (Some(since), Some(until)) => format!("{pid} known from {since} to {until}"),
        (Some(since), None) => format!("{pid} known from {since}, no end recorded"),
        (None, Some(until)) => format!("{pid}, start not recorded, to {until}"),
        (None, None) => format!("{pid}, neither start nor end recorded"),
    }
}

/// What it handled.
pub(super) fn handled(handled: &Handled) -> String {
    match handled {
        Handled::Kind(one) => kind(one),
        Handled::More(more) => count(*more, "more kind"),
        Handled::Newest { looked_at, of } => {
            format!("these are {looked_at} of {}: the newest calls of each callback", messages(*of))
        }
    }
}

fn kind(kind: &Kind) -> String {
    let Kind { pattern, count, event, .. } = kind;
    let head = format!("{}{}", words::message(pattern.as_deref()), words::times(*count as usize));
    let (Some(total), Some(longest)) = (kind.total_ns.map(duration), kind.longest_ns.map(duration)) else {
        return format!("{head}: how long is not recorded ({event})");
    };
    let took = format!("{total} in all, {longest} at most");
    match kind.endless {
        0 => format!("{head}: {took} ({event})"),
        some => format!("{head}: {took}, and {some} whose end is not recorded ({event})"),
    }
}

/// Who asks it for what.
pub(super) fn asked_by(asked: &AskedBy) -> String {
    match asked {
        AskedBy::Place { pattern, place, count } => {
            format!("{pattern} from {}{}", sent_from(place), words::times(*count))
        }
        AskedBy::More(more) => count(*more, "more place"),
        AskedBy::Newest { looked_at, of } => format!("these are of the newest {looked_at} of {of} messages to it"),
    }
}

/// Where messages come from.
pub(super) fn sent_from(place: &SentFrom) -> String {
    match place {
        SentFrom::Site(site) => site.clone(),
        SentFrom::Within(functions) => functions.join(" in "),
        SentFrom::Untraced => "an untraced place".to_owned(),
    }
}
