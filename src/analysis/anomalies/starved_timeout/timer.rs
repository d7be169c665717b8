//! Is a reference that is kept in a state a timer's?

use std::collections::BTreeSet;

use super::turn::Turn;
use crate::analysis::anomalies::scene::Scene;
use crate::analysis::anomalies::told::result;
use crate::analysis::ledger::CallId;
use crate::analysis::setter::is_setter;

/// What timers are called in a state.
const NAMES: [&str; 2] = ["timer", "tref"];

/// Whether the references are of timers: the last is called one, or a call that sets one was seen to return one of them.
/// A monitor's, a task's and that of `make_ref/0` look the same.
pub(super) fn is_timer(scene: &Scene<'_>, turns: &[Turn]) -> bool {
    let ledger = scene.ledger;
    let Some((last, (path, _))) = turns.last().and_then(|turn| Some((turn, turn.kept.as_ref()?))) else { return false };
    let name = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    if NAMES.iter().any(|one| name.contains(one)) {
        return true;
    }
    let within: BTreeSet<CallId> = turns.iter().map(|turn| turn.call).collect();
    let references: BTreeSet<&str> =
        turns.iter().filter_map(|turn| turn.kept.as_ref()).map(|(_, reference)| &**reference).collect();
    let mut setters = scene.calls_of(ledger.call(last.call).process).filter(|(id, call)| {
        is_setter(ledger.text(call.function)) && ledger.around(*id).any(|outer| within.contains(&outer))
    });
    setters.any(|(id, _)| result(scene, id).is_some_and(|made| references.contains(&*made)))
}
