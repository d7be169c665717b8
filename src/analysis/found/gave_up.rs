//! A supervisor that had to start its children more often than it may.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct GaveUp {
    pub(crate) supervisor: Process,
    /// Ends it answered with a start, and at last the one it did not.
    pub(crate) ends: usize,
    /// From the first of these to the last.
    pub(crate) within_ns: i64,
    /// Whose ends these were.
    pub(crate) children: Vec<Child>,
    /// Why the last of these ended.
    pub(crate) reason: String,
    /// Whether all ended so.
    pub(crate) is_same: bool,
    /// Whether no child failed: what ended on purpose was started again.
    pub(crate) is_of_ends_on_purpose: bool,
    /// How often it may start its children again, where that is recorded.
    pub(crate) limit: Option<Limit>,
    /// The children that ended with it, the first of them.
    pub(crate) took: Vec<Process>,
    /// How many these are.
    pub(crate) took_in_all: usize,
    /// The newest of the ends, oldest first.
    pub(crate) last_ends: Vec<ChildEnd>,
    /// The event of the first end.
    pub(crate) first_end: String,
}

/// A child, or several that are called the same.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Child {
    /// The first of them.
    pub(crate) process: Process,
    pub(crate) ends: usize,
}

/// Restarts a supervisor may make.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Limit {
    pub(crate) restarts: usize,
    /// Within so many seconds.
    pub(crate) within_s: i64,
}

/// One end, as the supervisor was told of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChildEnd {
    pub(crate) child: Process,
    pub(crate) reason: String,
    /// The event that shows it.
    pub(crate) event: String,
    pub(crate) again: Option<Restarted>,
}

/// The start that answered an end.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Restarted {
    pub(crate) pid: String,
    /// The event of the spawn.
    pub(crate) event: String,
}

impl Child {
    /// What it is called: its name, else what it runs, else its pid.
    pub(crate) fn called(&self) -> &str {
        let Process { pid, name, module, .. } = &self.process;
        name.as_ref().or(module.as_ref()).unwrap_or(pid)
    }
}

impl Facts for GaveUp {
    fn subjects(&self) -> Vec<&Process> {
        std::iter::once(&self.supervisor).chain(self.children.iter().map(|child| &child.process)).collect()
    }

    fn key(&self) -> Key {
        let own = Key::default().with(self.supervisor.family());
        let key = self.children.iter().fold(own, |key, child| key.with(child.process.family()));
        let key = self.took.iter().fold(key.like(&self.reason), |key, taken| key.with(taken.family()));
        key.with(if self.is_of_ends_on_purpose { "on purpose" } else { "failed" })
    }
}
