//! Crash dumps: which events tell the state a node was in when it ended, and why it did?
//!
//! `erl_crash.dump` is a text of sections, `=proc:<0.1.0>` and lines of what is known of it. A process is a
//! `process_sample`, its name a `process_register`, its stack a `process_stack`; the dump itself is a `crash_dump`, and the
//! end of the node the `process_exit` of the process that ended it. One section is in memory at a time.

mod header;
mod process;

use std::collections::BTreeMap;

use super::batch::Batch;
use super::erlang;
use super::input::Input;
use super::job::{Job, Stop};
use super::object::Object;
use super::trace_file::fingerprint;
use super::{Found, MAX_EVENT_BYTES, cut_short, lines};
use header::Header;
use process::{Process, Stack, field, number, snake};

/// Kinds of sections that are counted apart.
const MAX_KINDS: usize = 64;

/// Figures of memory that are told.
const MAX_FIGURES: usize = 64;

/// Lines between two looks at whether the import goes on.
const LINES: u64 = 10_000;

/// Whether a file starts like a crash dump.
pub(super) fn is_one(head: &[u8]) -> bool {
    head.starts_with(b"=erl_crash_dump:")
}

/// Reads the whole file.
pub(super) fn read(job: &mut Job<'_>, input: &mut Input, batch: &mut Batch, name: &str) -> Result<(), Stop> {
    let node = node_of(job);
    let mut dump = Dump::new(name, node);
    let outcome = dump.lines(job, input, batch);
    let found = Found { line: 1, bytes: 0 };
    let end = match &outcome {
        Err(Stop::Cancelled) => return outcome,
        _ => dump.section(Section::Other, job, input, batch),
    };
    for event in dump.finish() {
        batch.push(job, input, found, event.as_bytes())?;
    }
    dump.tell(job);
    outcome.and(end)
}

/// The name of the node, which stands behind its processes. Of what cannot be read twice it is not known in time.
fn node_of(job: &Job<'_>) -> Option<String> {
    let path = job.file();
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    let mut input = job.open(path).ok()?;
    let mut text = Vec::new();
    while let Ok(Some(_)) = lines::next(&mut input, &mut text) {
        if let Some(name) = text.strip_prefix(b"=node:") {
            return Some(erlang::bare(&String::from_utf8_lossy(name)).to_owned());
        }
        let is_past = ["=no_distribution", "=loaded_modules", "=mod:", "=proc_stack:", "=end"];
        if text.starts_with(b"=") && is_past.iter().any(|tag| text.starts_with(tag.as_bytes()))
            || input.line.is_multiple_of(LINES) && job.is_cancelled()
        {
            return None;
        }
    }
    None
}

/// The section being read.
#[derive(Clone, Debug)]
enum Section {
    Header,
    Memory,
    Scheduler(String),
    Process(Box<Process>),
    Stack(String, Stack),
    Other,
}

/// A dump, as far as it was read.
struct Dump<'n> {
    name: &'n str,
    node: Option<String>,
    /// Start of its ids, once its header was read.
    mark: Option<String>,
    header_text: Vec<u8>,
    header: Header,
    section: Section,
    memory: Object,
    figures: usize,
    /// Sections by their kind.
    counts: BTreeMap<String, i64>,
    /// The process that ended the node, and the calls it was in.
    running: Option<String>,
    running_stack: Stack,
    /// Its name.
    running_name: Option<String>,
    /// Lines of processes that are not kept.
    not_kept: u64,
    has_ended: bool,
    is_limited: bool,
}

impl<'n> Dump<'n> {
    fn new(name: &'n str, node: Option<String>) -> Self {
        Self {
            name,
            node,
            mark: None,
            header_text: Vec::new(),
            header: Header::default(),
            section: Section::Other,
            memory: Object::new(),
            figures: 0,
            counts: BTreeMap::new(),
            running: None,
            running_stack: Stack::default(),
            running_name: None,
            not_kept: 0,
            has_ended: false,
            is_limited: false,
        }
    }

    fn lines(&mut self, job: &mut Job<'_>, input: &mut Input, batch: &mut Batch) -> Result<(), Stop> {
        let mut text = Vec::new();
        let mut looked = 0;
        while let Some(found) = lines::next(input, &mut text).map_err(cut_short)? {
            if found.line >= looked + LINES {
                looked = found.line;
                job.go_on(input)?;
            }
            if found.bytes > MAX_EVENT_BYTES as u64 {
                self.not_kept += 1;
                continue;
            }
            let line = String::from_utf8_lossy(text.trim_ascii_end());
            match line.strip_prefix('=') {
                Some(title) => {
                    let section = self.begin(title);
                    self.section(section, job, input, batch)?;
                }
                None => self.line(&line),
            }
        }
        if self.has_ended || self.is_limited {
            return Ok(());
        }
        Err(Stop::Here("the dump ends before its end: it was cut, or is still being written".to_owned()))
    }

    /// A section begins.
    fn begin(&mut self, title: &str) -> Section {
        let (kind, id) = title.split_once(':').unwrap_or((title, ""));
        if self.counts.len() < MAX_KINDS || self.counts.contains_key(kind) {
            *self.counts.entry(kind.to_owned()).or_default() += 1;
        }
        match kind {
            "erl_crash_dump" => Section::Header,
            "memory" => Section::Memory,
            "scheduler" => Section::Scheduler(id.to_owned()),
            "proc" => Section::Process(Box::new(Process::new(id))),
            "proc_stack" => Section::Stack(id.to_owned(), Stack::default()),
            "end" => {
                self.has_ended = true;
                Section::Other
            }
            "abort" => {
                self.is_limited = true;
                Section::Other
            }
            _ => Section::Other,
        }
    }

    /// The section that was read is over: its events.
    fn section(&mut self, next: Section, job: &mut Job<'_>, input: &Input, batch: &mut Batch) -> Result<(), Stop> {
        let events = match std::mem::replace(&mut self.section, next) {
            Section::Process(process) => self.process(*process),
            Section::Stack(pid, stack) => stack.json().map(|stack| self.stack(&pid, &stack)).into_iter().collect(),
            _ => Vec::new(),
        };
        let found = Found { line: input.line.saturating_sub(1), bytes: 0 };
        for event in events {
            self.mark();
            batch
                .session_id
                .get_or_insert_with(|| format!("{}-{}", self.name, self.mark.as_deref().unwrap_or_default()));
            batch.push(job, input, found, event.as_bytes())?;
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        match &mut self.section {
            Section::Header => {
                if self.header_text.len() < MAX_EVENT_BYTES {
                    self.header_text.extend_from_slice(line.as_bytes());
                }
                self.header.line(line);
            }
            Section::Memory => {
                if let Some((key, value)) = field(line).filter(|_| self.figures < MAX_FIGURES) {
                    self.figures += 1;
                    number(&mut self.memory, &snake(key), value);
                }
            }
            Section::Scheduler(id) if Some(&*id) == self.header.scheduler.as_ref() => {
                if !self.running_stack.line(line)
                    && let Some(("Current Process", pid)) = field(line)
                    && pid.starts_with('<')
                {
                    self.running = Some(pid.to_owned());
                }
            }
            Section::Process(process) => self.not_kept += u64::from(!process.line(line)),
            Section::Stack(_, stack) => {
                stack.line(line);
            }
            Section::Scheduler(_) | Section::Other => {}
        }
    }

    /// Tells this dump's ids from others'.
    fn mark(&mut self) -> &str {
        let Self { mark, header_text, .. } = self;
        mark.get_or_insert_with(|| fingerprint(header_text))
    }

    /// An event of this dump; what is told of whom.
    fn event(&mut self, id: &str, event_type: &str, pid: Option<&str>, data: &str) -> String {
        let mut event = Object::new();
        event.text("event_id", &format!("{}-{id}", self.mark()));
        event.text("event_type", event_type);
        if let Some(ns) = self.header.at_ns {
            event.number("timestamp", ns);
            event.number("wall_time", ns);
        }
        event.texts([("pid", pid), ("node", self.node.as_deref())]);
        event.raw("data", data);
        event.close()
    }

    /// All processes ended; of them the one that ended the node, or the first where that is not told.
    fn ended_by(&self) -> &str {
        self.running.as_deref().unwrap_or("<0.0.0>")
    }

    fn process(&mut self, process: Process) -> Vec<String> {
        let (pid, name) = (process.pid.clone(), process.name.clone());
        let mut events = Vec::new();
        if let Some(name) = name {
            let mut data = Object::new();
            data.text("registered_name", &name);
            data.raw("before_capture", "true");
            events.push(self.event(&format!("{pid}-name"), "process_register", Some(&pid), &data.close()));
            if pid == self.ended_by() {
                self.running_name = Some(name);
            }
        }
        events.push(self.event(&pid, "process_sample", Some(&pid), &process.data()));
        events
    }

    fn stack(&mut self, pid: &str, stack: &str) -> String {
        let mut data = Object::new();
        data.raw("stack", stack);
        self.event(&format!("{pid}-stack"), "process_stack", Some(pid), &data.close())
    }

    /// The dump as a whole, and the end of the node.
    fn finish(&mut self) -> Vec<String> {
        let header = self.header.clone();
        let Header { written, slogan, system_version, compiled, taints, .. } = &header;
        let mut about = Object::new();
        about.texts([
            ("slogan", slogan.as_deref()),
            ("system_version", system_version.as_deref()),
            ("compiled", compiled.as_deref()),
            ("taints", taints.as_deref()),
            ("local_time", written.as_deref()),
        ]);
        if header.at_ns.is_some() {
            about.raw("time_zone_unknown", "true");
        }
        if let Some(atoms) = header.atoms {
            about.number("atoms", atoms);
        }
        about.raw("memory", &std::mem::replace(&mut self.memory, Object::new()).close());
        let mut counts = Object::new();
        for (kind, count) in self.counts.iter().filter(|(kind, _)| !matches!(&***kind, "erl_crash_dump" | "end")) {
            counts.number(kind, *count);
        }
        about.raw("sections", &counts.close());
        if !self.has_ended {
            about.raw("is_cut", "true");
        }
        let mut events = vec![self.event("dump", "crash_dump", None, &about.close())];
        // Without a slogan it is not known whether it crashed.
        if let Some(slogan) = slogan {
            let pid = self.ended_by().to_owned();
            let mut data = Object::new();
            data.text("exited_pid", &pid);
            data.text("exit_reason", slogan);
            data.text("error", slogan);
            data.texts([("registered_name", self.running_name.as_deref())]);
            data.raw("node_ended", "true");
            if self.running.is_none() {
                // All processes ended with the node; which of them ended it, the dump does not say.
                data.raw("ended_by_unknown", "true");
            }
            if let Some(stack) = self.running_stack.json() {
                data.raw("stack", &stack);
            }
            events.push(self.event("exit", "process_exit", Some(&pid), &data.close()));
        }
        events
    }

    fn tell(&self, job: &mut Job<'_>) {
        if self.header.at_ns.is_some() {
            job.note_file("a dump names no time zone: its time was read as UTC".to_owned());
        }
        if self.is_limited {
            job.note_file("the dump was limited in size when it was written: it is not whole".to_owned());
        }
        if self.not_kept > 0 {
            job.note_file(format!("{} lines with messages and dictionaries of processes were not kept", self.not_kept));
        }
    }
}
