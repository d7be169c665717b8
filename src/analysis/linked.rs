//! Were two processes linked?

use super::ask::{Ask, EVER, of};
use super::fact::Fact;
use crate::error::Result;
use crate::event::Role;

/// Events that make or end a link, of which the two sides tell one each.
const TIES: [&str; 4] = ["process_link", "process_getting_linked", "process_unlink", "process_getting_unlinked"];

/// Ties of a process that are looked back over.
const LOOKED_BACK: usize = 64;

/// Whether two processes were linked before a time, as far as it was recorded.
pub(crate) fn were_linked(ask: &Ask<'_>, one: &str, other: &str, before: i64) -> Result<bool> {
    let mut last: Option<Fact> = None;
    for (pid, target) in [(one, other), (other, one)] {
        let ties = ask.newest(of(target, Role::Target, &TIES), (i64::MIN, before.saturating_sub(1)), LOOKED_BACK)?;
        let newest = ties.into_iter().find(|tie| tie.pid() == pid);
        last = last.into_iter().chain(newest).max_by_key(Fact::key);
    }
    Ok(last.is_some_and(|tie| !tie.event_type().ends_with("unlink") && !tie.event_type().ends_with("unlinked")))
}

/// Whether links of a process were recorded at all.
pub(crate) fn are_links_told(ask: &Ask<'_>, pid: &str) -> Result<bool> {
    Ok(ask.first(of(pid, Role::Target, &TIES), EVER)?.is_some())
}
