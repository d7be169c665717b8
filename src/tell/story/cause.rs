//! Which value was bad, and who set it?

use super::sent::comma;
use super::{times, words};
use crate::analysis::story::line::{BadValue, Bound, CameBack, CauseLine, Made, TableEnd};
use crate::tell::ended;
use crate::tell::words::count_of;

/// What a table and its owner have to do with each other.
const ENDS_WITH: &str = "a table ends with its owner, unless it has an heir";

/// Joined to what failed, with the comma before it.
pub(super) fn because(of: &BadValue) -> String {
    match of {
        BadValue::Operand { path, value, others: 0 } => format!(", because {} was {value}", name(path)),
        BadValue::Operand { path, value, others } => {
            let others = count_of(*others, "other part of the state was", "other parts of the state were");
            format!("; {} was {value}, as {others}", name(path))
        }
        BadValue::Changed { path, value } => format!("; before, {path} had become {value}"),
        BadValue::NoClause { callback, message, taken, is_of_newest } => {
            let before = if *is_of_newest { " among its newest calls" } else { " before" };
            let like = match taken {
                0 => format!("it had taken none like it{before}"),
                taken => format!("it had taken {taken} like it{before}, so it may be the state"),
            };
            format!(", because no clause of {callback} took {message}; {like}")
        }
        BadValue::NoTable { table } => format!(", because there was no table {table}"),
        BadValue::Message { path, value, in_state } => {
            let part = if path.is_empty() { "the message".to_owned() } else { format!("{path} of the message") };
            match in_state {
                0 => format!(", because {part} was {value}"),
                1 => format!("; {part} was {value}, as was a part of the state"),
                many => format!("; {part} was {value}, as were {many} parts of the state"),
            }
        }
    }
}

pub(super) fn line(of: &CauseLine, anchor: i64) -> String {
    match of {
        CauseLine::Never { path, value } => format!("{} was {value} as far as is recorded", name(path)),
        CauseLine::Set { difference, at, trigger, callback, is_guess } => {
            let guess = if *is_guess { " (a guess: its sort of value changed)" } else { "" };
            format!("{difference} at {} by {trigger} in {callback}{guess}", times::at(at, anchor))
        }
        CauseLine::SentBy { sender, place, event } => {
            let event = event.as_ref().map(|event| format!(" ({event})")).unwrap_or_default();
            format!("that message came from {sender}{}{event}", comma(place.as_ref()))
        }
        CauseLine::ResultOf(made) => format!("the value is the result of {}", result(made)),
        CauseLine::NeverWell { function, of_newest: Some(newest) } => {
            format!("none of the newest {newest} calls of {function} before is recorded to have gone well")
        }
        CauseLine::NeverWell { function, of_newest: None } => {
            format!("no call of {function} is recorded to have gone well before: the table may not have been made yet")
        }
        CauseLine::WentWell { function, at, by, ended } => {
            let well = format!("{function} last went well at {} in {by}", times::at(at, anchor));
            match ended {
                Some(end) => {
                    let TableEnd { at, reason, .. } = &**end;
                    format!(
                        "{well}, which ended at {}: {}; {ENDS_WITH}",
                        times::at(at, anchor),
                        ended::reason(reason.as_deref())
                    )
                }
                None => well,
            }
        }
        CauseLine::EndedSince { ends, .. } if ends.is_empty() => {
            "no process is recorded to have ended since; the table may have been deleted".to_owned()
        }
        CauseLine::EndedSince { ends, beyond, bound } => {
            let end = |TableEnd { process, at, reason }: &TableEnd| {
                format!("{process} at {} with {}", times::at(at, anchor), ended::reason(reason.as_deref()))
            };
            let ends: Vec<String> = ends.iter().map(end).collect();
            let least = if *bound == Bound::Exact { "" } else { "at least " };
            let beyond = if *beyond > 0 { format!(" and {least}{beyond} more") } else { String::new() };
            format!("ended since then: {}{beyond}; {ENDS_WITH}", ends.join(", "))
        }
    }
}

/// The path of a part; the state itself has none.
fn name(path: &str) -> &str {
    if path.is_empty() { "the state" } else { path }
}

/// `Coupons.percent("SPRNG") -> nil (s3_badstate.exs:13; e637, e639)`.
fn result(Made { call, came_back, result, site, entry, exit }: &Made) -> String {
    let arrow = match came_back {
        CameBack::Untold => "ended with".to_owned(),
        CameBack::Failed(left) => words::left(*left).to_owned(),
        CameBack::Returned => "->".to_owned(),
    };
    let site = site.as_ref().map(|site| format!("{site}; ")).unwrap_or_default();
    let entry = entry.as_ref().map(|entry| format!("{entry}, ")).unwrap_or_default();
    format!("{call} {arrow} {result} ({site}{entry}{exit})")
}
