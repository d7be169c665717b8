//! Which process that was linked to one had ended just before it, for the same reason?

use crate::analysis::ask::{Ask, inside, of};
use crate::analysis::ends;
use crate::analysis::fact::Fact;
use crate::analysis::who::exit_of;
use crate::error::Result;
use crate::event::Role;

/// Links of one process that are looked back over.
const LOOKED_BACK: usize = 32;

/// The end of the one that took it along, as far as links were recorded.
pub(super) fn partner(ask: &Ask<'_>, pid: &str, exit: &Fact) -> Result<Option<Fact>> {
    let reason = ends::reason(exit);
    let ties = ["process_link", "process_getting_linked", "process_unlink", "process_getting_unlinked"];
    let mut ties = ask.newest(inside(pid, &ties), (i64::MIN, exit.at()), LOOKED_BACK)?;
    ties.extend(ask.newest(
        of(pid, Role::Target, &["process_link", "process_unlink"]),
        (i64::MIN, exit.at()),
        LOOKED_BACK,
    )?);
    let mut others: Vec<&str> = ties
        .iter()
        .map(|tie| if tie.pid() == pid { tie.text("target_pid").unwrap_or_default() } else { tie.pid() })
        .collect();
    others.sort_unstable();
    others.dedup();
    let mut newest: Option<Fact> = None;
    for other in others {
        let last = ties
            .iter()
            .filter(|tie| tie.pid() == other || tie.text("target_pid") == Some(other))
            .max_by_key(|tie| tie.key());
        if last.is_some_and(|tie| tie.event_type().ends_with("unlink") || tie.event_type().ends_with("unlinked")) {
            continue;
        }
        let before = exit_of(ask, other)?.filter(|before| before.key() < exit.key() && ends::reason(before) == reason);
        newest = newest.into_iter().chain(before).max_by_key(Fact::key);
    }
    Ok(newest)
}
