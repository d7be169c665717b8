//! How is told whom the end of a process hurt?

use super::words::{messages, relative};
use crate::analysis::story::line::{Affected, Became, Caller};
use crate::tell::ended;

/// Whom and what it hurt.
pub(super) fn told(affected: &Affected, anchor: i64) -> String {
    match affected {
        Affected::Caller(one) => caller(one, anchor),
        Affected::More(more) => format!("{more} more callers waited"),
        Affected::Lost(lost) => format!("{} to it had not been handled and are lost", messages(*lost)),
    }
}

fn caller(Caller { caller, asked, event, within, became }: &Caller, anchor: i64) -> String {
    let place = if within.is_empty() { String::new() } else { format!(" in {}", within.join(" < ")) };
    let at = |at: &i64, event: &str| format!("at {} ({event})", relative(*at, anchor));
    let became = match became {
        Became::EndedBefore { at: when, event, reason } => {
            format!("it had ended before, {}: {reason}", at(when, event))
        }
        Became::CrashedOfThat { at: when, event } => format!("it crashed of that {}", at(when, event)),
        Became::Crashed { at: when, event } => format!("it crashed {}", at(when, event)),
        Became::Ended { ended, at: when, event } => format!("it {} {}", ended::told(ended), at(when, event)),
        Became::WentOn => "it went on".to_owned(),
        Became::Unseen => "nothing of it is recorded after that".to_owned(),
    };
    format!("{caller} waited for {asked} ({event}){place}; {became}")
}
