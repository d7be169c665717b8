//! How is a supervisor that gave up told in a story? Of a finding `tell` does it, in the same words.

use std::fmt::Write;

use super::tell::duration;
use crate::analysis::found::GaveUp;

/// Names told of each sort.
const SHOWN: usize = 6;

/// What happened in a sentence, without a full stop.
pub(super) fn told(of: &GaveUp) -> String {
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
        Some(limit) => format!("and it may {} times within {}s", limit.restarts, limit.within_s),
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
