//! Which event is one entry of a Chrome trace?

use std::collections::{HashMap, HashSet};

use super::micros::nanoseconds;
use crate::ingest::mfa::qualified;
use crate::ingest::object::{Members, Object, scalar};
use crate::ingest::trace_file::fingerprint;

/// Spans that are open at one time, and names of processes and threads; of more, ends are not joined to their
/// beginnings, and numbers stand for names.
const MAX_REMEMBERED: usize = 1 << 16;

/// An event, its time aside where the entry has none.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) event: Object,
    /// Its time, which is in the event.
    pub(super) time: Option<i64>,
}

/// A span whose end has not come.
#[derive(Debug)]
struct Open {
    call_id: String,
    name: Option<String>,
    at: i64,
}

/// What the entries so far say of those to come.
#[derive(Debug)]
pub(super) struct Entries {
    /// What the file is called.
    name: String,
    /// Tells this file's ids and session from others', once its first entry is read.
    mark: Option<String>,
    read: u64,
    /// Names by process.
    processes: HashMap<String, String>,
    /// Names by process and thread.
    threads: HashMap<(String, String), String>,
    /// Names of threads that are taken.
    names: HashSet<String>,
    /// Stacks of open spans by thread, or by id of what is asynchronous.
    open: HashMap<String, Vec<Open>>,
    open_spans: usize,
}

impl Entries {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            mark: None,
            read: 0,
            processes: HashMap::new(),
            threads: HashMap::new(),
            names: HashSet::new(),
            open: HashMap::new(),
            open_spans: 0,
        }
    }

    pub(super) fn session_id(&self) -> Option<String> {
        self.mark.as_ref().map(|mark| format!("{}-{mark}", self.name))
    }

    /// What the file says besides its entries, as an event.
    pub(super) fn around(&mut self, name: &str, value: &str) -> Made {
        let mut data = Object::new();
        data.text("name", name);
        data.raw("value", value);
        let mut event = self.event(value.as_bytes(), "metadata");
        event.raw("data", &data.close());
        Made { event, time: None }
    }

    /// One entry. The error says why it is none.
    pub(super) fn take(&mut self, text: &[u8]) -> Result<Made, String> {
        let entry: Members<'_> =
            serde_json::from_slice(text).map_err(|error| format!("no trace event: {}", at_column(&error)))?;
        let phase = entry.text("ph").ok_or("ph: missing; a trace event has one, such as \"X\"")?;
        let time = micros(&entry, "ts")?;
        let length = micros(&entry, "dur")?.filter(|(ns, _)| *ns >= 0);
        let id = |name: &str| entry.text(name).unwrap_or_default();
        let (process, thread) = (id("pid"), id("tid"));
        if phase == "M" {
            self.learn(&entry, &process, &thread);
        }

        let mut event = self.event(text, event_type(&phase).unwrap_or("unknown_trace"));
        if let Some((ns, _)) = time {
            event.number("timestamp", ns);
        }
        let pid = self.pid(&process, &thread);
        event.texts([("node", self.processes.get(&process).map(String::as_str)), ("pid", pid.as_deref())]);
        let joined = self.join(&entry, &phase, (&process, &thread), time.map(|(ns, _)| ns));
        event.texts([
            ("correlation_id", joined.correlation_id.as_deref()),
            ("call_id", joined.call_id.as_deref()),
            ("parent_id", joined.parent_id.as_deref()),
        ]);
        if let Some(ns) = length.map(|(ns, _)| ns).or(joined.lasted) {
            event.number("duration_ns", ns);
        }
        let own_name = entry.text("name");
        let name = own_name.as_ref().or(joined.name.as_ref());
        if let Some(mfa) = name.and_then(|name| qualified(name)) {
            // A file's name is a dotted name, too: what counts is the arity.
            if let Some(arity) = mfa.arity {
                event.texts([("module", Some(mfa.module)), ("function", Some(mfa.function))]);
                event.number("arity", arity.into());
            }
        }
        event.raw("data", &data(&entry, time, length, name.filter(|_| own_name.is_none())));
        Ok(Made { event, time: time.map(|(ns, _)| ns) })
    }

    /// An event with its id; `text` is the entry's.
    fn event(&mut self, text: &[u8], event_type: &str) -> Object {
        let mark = self.mark.get_or_insert_with(|| fingerprint(text));
        let mut event = Object::new();
        event.text("event_id", &format!("{mark}-{}", self.read));
        event.text("event_type", event_type);
        self.read += 1;
        event
    }

    /// Learns the name of a process or a thread.
    fn learn(&mut self, entry: &Members<'_>, process: &str, thread: &str) {
        let args = entry.get("args").and_then(|args| serde_json::from_str::<Members<'_>>(args.get()).ok());
        let Some(name) = args.and_then(|args| args.text("name")).filter(|name| !name.is_empty()) else { return };
        match entry.text("name").as_deref() {
            Some("process_name") if self.processes.len() < MAX_REMEMBERED => {
                self.processes.insert(process.to_owned(), name);
            }
            Some("thread_name") if self.threads.len() < MAX_REMEMBERED => {
                let key = (process.to_owned(), thread.to_owned());
                if self.threads.get(&key) == Some(&name) {
                    return;
                }
                // Pools give all their threads one name.
                let is_free = self.names.insert(name.clone());
                let name = if is_free { name } else { format!("{name} {process}:{thread}") };
                self.threads.insert(key, name);
            }
            _ => {}
        }
    }

    fn pid(&self, process: &str, thread: &str) -> Option<String> {
        let numbers = || match (process, thread) {
            ("", "") => None,
            ("", one) | (one, "") => Some(one.to_owned()),
            _ => Some(format!("{process}:{thread}")),
        };
        self.threads.get(&(process.to_owned(), thread.to_owned())).cloned().or_else(numbers)
    }

    /// What an entry has to do with others.
    fn join(&mut self, entry: &Members<'_>, phase: &str, (process, thread): (&str, &str), at: Option<i64>) -> Joined {
        let id = flow_id(entry);
        let is_span = matches!(phase, "B" | "E" | "X" | "i" | "I");
        let stack = match &id {
            Some(id) if !is_span => format!("id {} {id}", entry.text("cat").unwrap_or_default()),
            _ => format!("thread {process} {thread}"),
        };
        let mut joined = Joined { correlation_id: id, ..Joined::default() };
        let own = self.mark.as_ref().map(|mark| format!("{mark}-{}", self.read - 1));
        match phase {
            "E" | "e" | "F" => {
                if let Some(open) = self.open.get_mut(&stack).and_then(Vec::pop) {
                    self.open_spans -= 1;
                    joined.lasted = at.and_then(|at| at.checked_sub(open.at)).filter(|ns| *ns >= 0);
                    joined.call_id = Some(open.call_id);
                    joined.name = open.name;
                }
                // Threads and ids are many, and most are done.
                if self.open.get(&stack).is_some_and(Vec::is_empty) {
                    self.open.remove(&stack);
                }
            }
            "B" | "b" | "S" | "X" | "i" | "I" | "n" => {
                let open = self.open.get(&stack).and_then(|stack| stack.last());
                joined.parent_id = open.map(|open| open.call_id.clone());
                if matches!(phase, "i" | "I" | "n") {
                    return joined;
                }
                joined.call_id.clone_from(&own);
                if let (false, true, Some(call_id), Some(at)) =
                    (phase == "X", self.open_spans < MAX_REMEMBERED, own, at)
                {
                    let name = entry.text("name");
                    self.open.entry(stack).or_default().push(Open { call_id, name, at });
                    self.open_spans += 1;
                }
            }
            _ => {}
        }
        joined
    }
}

/// What joins an entry to others.
#[derive(Debug, Default)]
struct Joined {
    correlation_id: Option<String>,
    call_id: Option<String>,
    parent_id: Option<String>,
    /// Of an end: how long its span was, and what it is called.
    lasted: Option<i64>,
    name: Option<String>,
}

/// Event type of a phase.
fn event_type(phase: &str) -> Option<&'static str> {
    Some(match phase {
        "X" => "span",
        "B" => "span_begin",
        "E" => "span_end",
        "i" | "I" | "R" => "instant",
        "s" => "flow_begin",
        "t" => "flow_step",
        "f" => "flow_end",
        "b" | "S" => "async_begin",
        "n" | "T" | "p" => "async_instant",
        "e" | "F" => "async_end",
        "C" => "counter",
        "M" => "metadata",
        "P" => "sample",
        "N" => "object_created",
        "O" => "object_snapshot",
        "D" => "object_destroyed",
        _ => return None,
    })
}

/// The id of a flow or of what is asynchronous.
fn flow_id(entry: &Members<'_>) -> Option<String> {
    entry.text("id").or_else(|| {
        let id: Members<'_> = serde_json::from_str(entry.get("id2")?.get()).ok()?;
        id.0.first().and_then(|(_, raw)| scalar(raw))
    })
}

/// A time in microseconds, in nanoseconds, and whether nothing was lost.
fn micros(entry: &Members<'_>, name: &str) -> Result<Option<(i64, bool)>, String> {
    let Some(raw) = entry.get(name) else { return Ok(None) };
    let read = scalar(raw).and_then(|text| nanoseconds(&text));
    read.map(Some).ok_or_else(|| {
        let got: String = raw.get().chars().take(60).collect();
        format!("{name}: got {got}; expected microseconds")
    })
}

/// Everything of the entry that no canonical field carries exactly.
fn data(entry: &Members<'_>, time: Option<(i64, bool)>, length: Option<(i64, bool)>, name: Option<&String>) -> String {
    let mut data = Object::new();
    data.texts([("name", name.map(String::as_str))]);
    for (member, raw) in &entry.0 {
        let is_carried = match &**member {
            "ts" => time.is_some_and(|(_, is_exact)| is_exact),
            "dur" => length.is_some_and(|(_, is_exact)| is_exact),
            _ => false,
        };
        if !is_carried {
            data.raw(member, raw.get());
        }
    }
    data.close()
}

/// The parser saw one entry only; its line is not the file's.
fn at_column(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}
