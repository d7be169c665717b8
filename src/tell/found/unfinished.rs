//! Processes that ended without `terminate/2`, which in their siblings gives back what they hold.

use serde_json::json;

use crate::analysis::found::Unfinished;
use crate::tell::finding::Told;

pub(in crate::tell) fn told(it: &Unfinished) -> Told {
    let Unfinished { module, server, held, gave_back, took, back, .. } = it;
    let others = if *gave_back == 1 { "other".to_owned() } else { format!("{gave_back} others") };
    let what = format!(
        "{held} of {} {module} processes ended with {} and their terminate/2 did not run, which in the \
         {others} told {server} {}; they had told it {} and not that",
        held + gave_back,
        it.reasons.join(" or "),
        back.pattern,
        took.pattern,
    );
    let mut names: Vec<String> = it.holders.iter().map(ToString::to_string).collect();
    if *held > names.len() {
        names.push("...".to_owned());
    }
    let (killed, shut) = (
        "who is killed does not run terminate/2",
        "who does not trap exits is ended by its supervisor without terminate/2",
    );
    let why = match it.killed {
        0 => shut.to_owned(),
        all if all == *held => killed.to_owned(),
        _ => format!("{killed}, and {shut}"),
    };
    Told::new(what, "a server that finds out by itself that they are gone")
        .detail(format!(
            "told it {}, sent at {}; the others at their end {} in {}",
            took.message, took.sent, back.message, back.function,
        ))
        .detail(format!("without it ended {}; {why}", names.join(", ")))
        .next("state_history", json!({"pid": server.pid}), "what it believes to be in use")
}
