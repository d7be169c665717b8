//! A supervisor that had to start its children more often than it may.

use std::fmt::Write;

use serde_json::json;

use crate::analysis::duration::duration;
use crate::analysis::found::{ChildEnd, GaveUp};
use crate::tell::finding::Told;
use crate::tell::words::count;

/// Names told of each sort.
const SHOWN: usize = 6;

pub(in crate::tell) fn told(gave_up: &GaveUp) -> Told {
    let mut told = Told::new(what(gave_up), "a supervisor that is meant to end when its children do").next(
        "explain",
        json!({ "target": gave_up.first_end }),
        "why the first of them ended",
    );
    if gave_up.is_of_ends_on_purpose {
        told = told.detail(
            "no child failed: permanent children are started again however they end, and that uses up the restarts; \
             transient and temporary ones are not when they end so",
        );
    }
    gave_up.last_ends.iter().map(end).fold(told, Told::detail)
}

/// What happened in a sentence, without a full stop.
pub(in crate::tell) fn what(of: &GaveUp) -> String {
    let n = of.ends;
    let often = match n {
        1 => "a child again".to_owned(),
        _ => format!("children again for the {n}{} time within {}", ordinal(n), duration(of.within_ns)),
    };
    let children = of.children.iter().map(|child| match child.ends {
        1 => child.called().to_owned(),
        times => format!("{} x{times}", child.called()),
    });
    let ended = match (n, of.is_same) {
        (1, _) => "ended with",
        (_, true) => "each ended with",
        (_, false) => "the last ended with",
    };
    let may = match of.limit {
        Some(limit) => format!("and it may {} within {}s", count(limit.restarts, "time"), limit.within_s),
        None => "how often it may is not recorded".to_owned(),
    };
    let (who, children) = (&of.supervisor, list(children.collect(), of.children.len()));
    let mut told = format!("{who} gave up: it had to start {often} ({children}; {ended} {}), {may}", of.reason);
    let took = list(of.took.iter().map(ToString::to_string).collect(), of.took_in_all);
    _ = match of.took_in_all {
        0 => Ok(()),
        1 => write!(told, "; it took {took} with it"),
        n => write!(told, "; it took {n} children with it: {took}"),
    };
    told
}

fn end(ChildEnd { child, reason, event, again }: &ChildEnd) -> String {
    let again = match again {
        Some(again) => format!("started again as {} ({})", again.pid, again.event),
        None => "not started again".to_owned(),
    };
    format!("{child} ended with {reason} ({event}), {again}")
}

/// The first of so many names.
fn list(mut names: Vec<String>, of: usize) -> String {
    names.truncate(SHOWN);
    format!("{}{}", names.join(", "), if of > SHOWN { ", ..." } else { "" })
}

const fn ordinal(n: usize) -> &'static str {
    match (n % 10, n % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    }
}
