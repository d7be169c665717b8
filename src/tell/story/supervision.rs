//! Who started a process, and was it started again?

use super::times;
use crate::analysis::story::line::{After, Bound, New, Next, Place, Supervision};
use crate::tell::ended;

pub(super) fn line(of: &Supervision, anchor: i64) -> String {
    let Supervision::StartedBy { starter, event, after } = of else {
        return "its start was not recorded".to_owned();
    };
    let after = after.as_ref().map(|after| followed(after, anchor)).unwrap_or_default();
    format!("started by {starter} ({event}){after}")
}

/// What followed its end.
fn followed(After { place, next, starter_ended }: &After, anchor: i64) -> String {
    let nth = |Place { nth, of, bound }: Place| {
        let least = if bound == Bound::Exact { "" } else { "at least " };
        format!(", start {nth} of {least}{of}")
    };
    let place = place.map(nth).unwrap_or_default();
    let ended = starter_ended.as_ref().map(|ended| {
        format!("; its starter ended at {}: {}", times::at(&ended.at, anchor), ended::reason(ended.reason.as_deref()))
    });
    format!("{place}; {}{}", came(next, anchor), ended.unwrap_or_default())
}

fn came(next: &Next, anchor: i64) -> String {
    let at = |new: &New| times::at(&new.at, anchor);
    match next {
        Next::Started { new, told, is_restart } => {
            let how = if *is_restart {
                format!("restarted as {}", new.pid)
            } else {
                format!("the next of its kind, {}, was started", new.pid)
            };
            format!("{how} at {}, its starter having been told of its end ({told})", at(new))
        }
        Next::Asked { new, by, reply } => {
            let by = by.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string);
            format!(
                "not restarted: the next of its kind, {}, was started at {} because {by} asked for it ({reply})",
                new.pid,
                at(new)
            )
        }
        Next::MayBe(new) => format!(
            "{}, which may be of its kind, was started at {}: whether in its place is not recorded",
            new.pid,
            at(new)
        ),
        Next::Renamed(new) => format!("its name went to {} at {}", new.pid, at(new)),
        Next::NotAmong(starts) => format!("not restarted among the next {starts} processes that its starter started"),
        Next::Nothing => "not restarted as far as is recorded".to_owned(),
    }
}
