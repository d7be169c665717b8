//! How is told whom the end of a process hurt?

use super::times;
use super::words::messages;
use crate::analysis::story::line::{Affected, At, Became, Caller};
use crate::tell::ended;
use crate::tell::words::count;

/// Whom and what it hurt.
pub(super) fn told(affected: &Affected, anchor: i64) -> String {
    match affected {
        Affected::Caller(one) => caller(one, anchor),
        Affected::More(more) => format!("{} waited", count(*more, "more caller")),
        Affected::OfNewest(newest) => {
            format!("callers were looked for among the newest {newest} messages to it; others may have waited")
        }
        Affected::Lost(lost) => format!("{} to it had not been handled and are lost", messages(*lost)),
    }
}

fn caller(Caller { caller, asked, event, within, became }: &Caller, anchor: i64) -> String {
    let place = if within.is_empty() { String::new() } else { format!(" in {}", within.join(" < ")) };
    let at = |at: &At| times::at(at, anchor);
    let became = match became {
        Became::EndedBefore { at: when, reason } => {
            format!("it had ended before, at {}: {}", at(when), ended::reason(reason.as_deref()))
        }
        Became::CrashedOfThat(when) => format!("it crashed of that at {}", at(when)),
        Became::Crashed(when) => format!("it crashed at {}", at(when)),
        Became::Ended { ended, at: when } => format!("it {} at {}", ended::told(ended), at(when)),
        Became::WentOn => "it went on".to_owned(),
        Became::Unseen => "nothing of it is recorded after that".to_owned(),
    };
    format!("{caller} waited for {asked} ({event}){place}; {became}")
}
