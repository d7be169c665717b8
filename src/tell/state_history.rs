//! How is the history of a state told?

use super::figure;
use crate::analysis::change::StateChange;
use crate::analysis::differs::Differs;
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::state::{History, Step};
use crate::analysis::value::brief::brief;
use crate::analysis::value::path::Path;
use crate::tell::ended;

/// That the states are not whole.
pub(crate) const CUT: &str = "parts of the states were cut when recorded: whether those changed is unknown";

/// Where changes are found of which no event of their own tells.
pub(crate) const FROM_CALLBACKS: &str =
    "changes are read from the arguments and results of callbacks; the event is the callback's return";

/// Whose state, or which part of it, had how many values.
pub(crate) fn head(found: &History, path: Option<&Path>) -> String {
    let whose: Vec<String> = found.whose.iter().map(ToString::to_string).collect();
    let part = path.map(|path| format!("{} of ", path.text())).unwrap_or_default();
    let values = if found.steps.len() == 1 { "value" } else { "values" };
    format!("{part}{}: {} {values}", whose.join(", "), found.steps.len())
}

/// The handler whose state changed, as surely as it is known.
pub(crate) fn handler(change: &StateChange) -> Option<String> {
    let which = if change.is_one_of { ", or another with this state" } else { "" };
    change.handler.as_deref().map(|handler| format!("{handler}{which}"))
}

/// What changed in the whole state.
pub(crate) fn changed(step: &Step) -> String {
    let change = &step.change;
    if change.is_initial() {
        return format!("(start) -> {}", brief(&change.new, 130));
    }
    step.differences.iter().map(differs).collect::<Vec<_>>().join("; ")
}

/// A difference between two states.
pub(crate) fn differs(one: &Differs) -> String {
    match one {
        Differs::Values(shown) => shown.clone(),
        Differs::Unknown { handler: None } => "unknown".to_owned(),
        Differs::Unknown { handler: Some(handler) } => format!("{handler}: unknown"),
        Differs::After { new } => format!("unknown (events before it were lost) -> {}", brief(new, 100)),
        Differs::Removed => "the handler was removed".to_owned(),
    }
}

/// That older changes were not looked at.
pub(crate) fn more(found: &History) -> Option<String> {
    found.more.then(|| {
        format!(
            "only the last {} changes of each process were looked at; give until_timestamp for older ones",
            found.looked_at
        )
    })
}

/// The end of a process.
pub(crate) fn has_ended(exit: &Fact, t0: Option<i64>) -> String {
    let reason = ends::error(exit, 80);
    let when = figure::at(exit.at(), t0);
    format!("{} ended at {when} ({}): {}", exit.pid(), exit.id(), ended::reason(reason.as_deref()))
}
