//! A process that is started again and again, only to end again.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Storm {
    /// The first of the run.
    pub(crate) child: Process,
    pub(crate) parent: Process,
    pub(crate) ends: usize,
    /// From the first end to the last.
    pub(crate) within_ns: i64,
    /// Why the first ended.
    pub(crate) reason: String,
    pub(crate) crash_site: Option<String>,
    /// Whether all ended of that, there.
    pub(crate) is_same: bool,
    /// The end of the parent after the last of them.
    pub(crate) parent_ended: Option<ParentEnded>,
}

/// A parent that ended, too.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ParentEnded {
    /// After the last child.
    pub(crate) after_ns: i64,
    pub(crate) reason: String,
    /// Where it is known that it gave up because of these ends: its other children that were seen to end with it.
    pub(crate) took: Option<usize>,
}

impl Facts for Storm {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.child, &self.parent]
    }

    fn site(&self) -> Option<&str> {
        self.crash_site.as_deref()
    }

    fn key(&self) -> Key {
        let site = self.crash_site.as_deref().unwrap_or_default();
        Key::default().with(self.child.family()).with(self.parent.family()).with(site).like(&self.reason)
    }
}
