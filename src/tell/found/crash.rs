//! A process that ended other than it should.

use serde_json::json;

use crate::analysis::found::{Crash, Handling};
use crate::tell::finding::Told;

/// `exit`: the event of the first end.
pub(in crate::tell) fn told(crash: &Crash, exit: &str) -> Told {
    let Crash { process, processes, reason, .. } = crash;
    let what = if crash.is_of_unknown {
        format!("the node ended of {reason}; which of its processes ended it is not known")
    } else {
        let site = crash.crash_site.as_ref().map_or_else(String::new, |site| format!(" at {site}"));
        let function = crash.failed_in.as_ref().map_or_else(String::new, |function| format!(" in {function}"));
        let others = match processes {
            0 | 1 => String::new(),
            2 => " and another".to_owned(),
            many => format!(" and {} others", many - 1),
        };
        format!("{process}{others} ended of {reason}{site}{function}")
    };
    let mut told = Told::new(what, "the exit being part of the program's plan: nobody restarts or misses the process")
        .next("explain", json!({ "target": exit }), "the story of the crash, and the change that made it");
    if let Some(handling) = &crash.handling {
        told = told.detail(handled(handling));
    }
    if let Some(with) = &crash.ended_with_it {
        let more = if with.processes > 1 { format!(" and {} more", with.processes - 1) } else { String::new() };
        told = told.detail(format!("ended with it: {}{more}", with.first));
    }
    told
}

fn handled(Handling { kind, message, sent }: &Handling) -> String {
    match sent {
        Some(sent) => {
            format!("it was handling {kind} {message} from {}, sent at {}", sent.sender, sent.place)
        }
        None => format!("it was handling {kind} {message} whose sender is not known"),
    }
}
