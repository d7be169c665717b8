//! One that monitors another again and again, and never gives a monitor back.

use serde::Serialize;

use super::facts::Facts;
use super::key::Key;
use super::place::Place;
use super::process::Process;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct MonitorLeak {
    pub(crate) watcher: Process,
    /// Whom it monitors.
    pub(crate) watched: Process,
    /// Monitors at the end of the watched one.
    pub(crate) monitors: usize,
    /// Those whose references had been taken out of the watcher's state before.
    pub(crate) taken_out: usize,
    /// What puts most references into its state.
    pub(crate) put_in_by: Option<ChangedBy>,
    /// What takes most out.
    pub(crate) taken_out_by: Option<ChangedBy>,
}

/// A callback, and what it handles.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChangedBy {
    pub(crate) function: String,
    /// Of the message; none: it is not recorded.
    pub(crate) pattern: Option<String>,
    /// Where the first was sent; none: by the runtime.
    pub(crate) sent: Option<Place>,
    pub(crate) times: usize,
}

impl Facts for MonitorLeak {
    fn subjects(&self) -> Vec<&Process> {
        vec![&self.watcher, &self.watched]
    }

    fn site(&self) -> Option<&str> {
        self.put_in_by.as_ref()?.sent.as_ref()?.site()
    }

    fn key(&self) -> Key {
        let key = Key::default().with(self.watcher.family()).with(self.watched.family());
        match &self.put_in_by {
            Some(by) => {
                let key = key.with(&by.function).like(by.pattern.as_deref().unwrap_or_default());
                key.with(by.sent.as_ref().map_or("", Place::key))
            }
            None => key,
        }
    }
}
