//! What are the processes and threads of a Chrome trace called?

use std::collections::{HashMap, HashSet};

use crate::ingest::object::Members;

/// Names that are remembered; of more, numbers stand for names.
const MAX_NAMES: usize = 1 << 16;

/// The names learnt.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By process.
    processes: HashMap<String, String>,
    /// By process and thread.
    threads: HashMap<(String, String), String>,
    /// Names of threads that are taken.
    taken: HashSet<String>,
}

impl Names {
    /// Learns the name that an entry of metadata gives to a process or a thread.
    pub(super) fn learn(&mut self, entry: &Members<'_>) {
        let args = entry.get("args").and_then(|args| serde_json::from_str::<Members<'_>>(args.get()).ok());
        let Some(name) = args.and_then(|args| args.text("name")).filter(|name| !name.is_empty()) else { return };
        let id = |name: &str| entry.text(name).unwrap_or_default();
        let (process, thread) = (id("pid"), id("tid"));
        match entry.text("name").as_deref() {
            Some("process_name") if self.processes.len() < MAX_NAMES => {
                self.processes.insert(process, name);
            }
            Some("thread_name") if self.threads.len() < MAX_NAMES => {
                let key = (process, thread);
                if self.threads.get(&key) == Some(&name) {
                    return;
                }
                // Pools give all their threads one name.
                let is_free = self.taken.insert(name.clone());
                let name = if is_free { name } else { format!("{name} {}:{}", key.0, key.1) };
                self.threads.insert(key, name);
            }
            _ => {}
        }
    }

    pub(super) fn process(&self, process: &str) -> Option<&str> {
        self.processes.get(process).map(String::as_str)
    }

    /// What stands for a thread.
    pub(super) fn thread(&self, process: &str, thread: &str) -> Option<String> {
        let numbers = || match (process, thread) {
            ("", "") => None,
            ("", one) | (one, "") => Some(one.to_owned()),
            _ => Some(format!("{process}:{thread}")),
        };
        self.threads.get(&(process.to_owned(), thread.to_owned())).cloned().or_else(numbers)
    }
}
