//! Of how many web requests some failed, as far as that is known.

use crate::analysis::found::{Called, Rate, Route, Seen, Unrecorded, Values};
use crate::tell::words::{count, span};

/// How many failed, of how many, and how.
pub(super) fn failed(rate: &Rate, status: Option<u16>) -> String {
    let Some(seen) = rate.seen else {
        let n = count(rate.failed, "request");
        return match status {
            Some(status) => format!("{n} failed with HTTP {status}"),
            None => format!("{n} ended by an exception, the answer is not shown"),
        };
    };
    let n = seen.failed;
    let then = if rate.left_out.is_some() { " seen while values were recorded" } else { "" };
    match status {
        Some(status) => format!("{n} of {}{then} were HTTP {status}", count(seen.answered, "answer")),
        None => {
            format!("{n} of {}{then} ended by an exception, the answer is not shown", count(seen.requests, "request"))
        }
    }
}

/// `GET /items/_ 4 of 40; GET /cart 1 of 3`: most failures first.
pub(super) fn routes(rate: &Rate) -> String {
    let told = rate.routes.iter().map(|Route { route, failed, of }| match of {
        Some(of) => format!("{route} {failed} of {of}"),
        None => format!("{route} {failed}"),
    });
    let told = told.collect::<Vec<_>>().join("; ");
    match rate.more_routes {
        0 => format!("route: {told}"),
        more => format!("routes: {told}; {}", count(more, "more route")),
    }
}

/// What is not known of it.
pub(super) fn unknown(rate: &Rate, status: Option<u16>) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(rate.left_out.as_ref().map(|left_out| unrecorded(rate, left_out)));
    match rate.seen {
        Some(seen) if status.is_some() => lines.extend(unanswered(seen)),
        Some(_) => {}
        None => {
            if rate.is_by_failures {
                let line = "how many requests there were is not recorded: only exceptions show them here, so those \
                            that went well were not seen";
                lines.push(line.to_owned());
            }
            lines.extend(rate.called.as_ref().map(called));
        }
    }
    lines
}

fn unrecorded(rate: &Rate, left_out: &Unrecorded) -> String {
    let what = match &left_out.values {
        Values::OfFunction(function) => format!("values of {function}"),
        Values::OfSomeCalls => "values of some calls".to_owned(),
        Values::All => "values".to_owned(),
    };
    let why = left_out.why.as_ref().map(|why| format!("{why}, ")).unwrap_or_default();
    let later = rate.seen.map_or(0, |seen| rate.failed - seen.failed);
    let known = if later > 0 { format!("; {later} more of these were seen") } else { String::new() };
    format!(
        "{what} were left out from {} after the oldest event on ({why}{}): how many requests there were since then, and \
         how they were answered, is not fully recorded{known}",
        span(left_out.after_oldest_ns),
        left_out.event_id,
    )
}

/// Requests of which nothing shows how they were answered.
fn unanswered(seen: Seen) -> Option<String> {
    let (those, them) = match seen.requests - seen.answered {
        0 => return None,
        1 => ("the answer to 1 more request is".to_owned(), "it"),
        n => (format!("the answers to {n} more requests are"), "them"),
    };
    Some(format!("{those} not shown: values were cut, or nothing that answers {them} was traced"))
}

fn called(called: &Called) -> String {
    let least = if called.is_least { "at least " } else { "" };
    let times = if called.times == 1 { "once".to_owned() } else { format!("{} times", called.times) };
    format!("{}, the outermost recorded call around them, was called {least}{times}", called.function)
}
