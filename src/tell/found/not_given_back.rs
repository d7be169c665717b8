//! Runs of a function that took something from a server and did not give it back.

use serde_json::json;

use crate::analysis::found::{Holder, NotGivenBack};
use crate::tell::finding::Told;
use crate::tell::words::{count, count_of};

pub(in crate::tell) fn told(it: &NotGivenBack) -> Told {
    let NotGivenBack { server, function, take, give, good, held, failed, .. } = it;
    let what = format!(
        "{} of {function} told {server} {take} and not {give}, as {} did: nothing that gives it back is recorded",
        count_of(*held, "run", "runs"),
        count(*good, "other")
    );
    let reason = it.reason.as_ref().map_or_else(String::new, |reason| format!(", with {reason}"));
    let left = match (*failed, *held) {
        (0, _) => "no exception of them is recorded".to_owned(),
        (n, all) if n == all => format!("an exception came between{reason}"),
        (n, _) => format!("in {n} of them an exception came between{reason}"),
    };
    let holder = |Holder { process, ended_next }: &Holder| {
        format!("{process}{}", if *ended_next { ", which did nothing more that was traced, and ended" } else { "" })
    };
    let holders: Vec<String> = it.holders.iter().map(holder).collect();
    Told::new(what, "a server that takes it back by itself, such as after some time")
        .detail(left)
        .detail(format!("taken by {}", holders.join("; ")))
        .detail(format!("told {}, sent at {}", it.took.message, it.took.sent))
        .detail(format!("given back with {}, sent at {}", it.gave.message, it.gave.sent))
        .next("state_history", json!({ "pid": server.pid }), "what it believes to be in use")
}
