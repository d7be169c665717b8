//! One import under way: where do its events go, who waits for it, what did it do so far?

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::format::Format;
use super::input::Input;
use super::report::{Complaint, ImportReport, MAX_COMPLAINTS, Note, Place, Recording};
use super::{ImportOptions, Progress};
use crate::event::Event;
use crate::store::EventStore;
use crate::watch::Watch;

/// Events stored in one step: enough that the store's lock is taken rarely, few enough that the limits are kept
/// closely. The measured rate is flat from 500 on.
pub(super) const BATCH_EVENTS: usize = 1000;

/// Text or terms read after which a batch is stored before it has [`BATCH_EVENTS`], so that large events do not pile
/// up.
pub(super) const BATCH_BYTES: usize = 8 << 20;

/// Why reading a file ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The rest cannot be read; the place is where the input stands.
    Here(String),
    /// The rest cannot be read from this place on.
    At(Place, String),
    /// Nobody wants the rest.
    Cancelled,
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Here(message)
    }
}

/// An import under way.
pub(super) struct Job<'a> {
    pub(super) store: &'a EventStore,
    pub(super) options: &'a ImportOptions,
    watch: &'a dyn Watch,
    progress: &'a mut dyn FnMut(Progress),
    pub(super) report: ImportReport,
    /// Bytes of all files, where that is known before.
    total: Option<u64>,
    /// The file being read.
    file: PathBuf,
    /// Every file of a recording that was read.
    files_read: HashSet<PathBuf>,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        store: &'a EventStore,
        options: &'a ImportOptions,
        watch: &'a dyn Watch,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        let (report, file, files_read) = (ImportReport::default(), PathBuf::new(), HashSet::new());
        Self { store, options, watch, progress, report, total: None, file, files_read }
    }

    /// Opens a file, if it may be read.
    pub(super) fn open(&self, path: &Path) -> std::io::Result<Input> {
        Input::open(path, &self.options.access)
    }

    /// Several files are one piece of work: these bytes.
    pub(super) fn expect(&mut self, bytes: u64) {
        self.total.get_or_insert(bytes);
    }

    /// A file is begun: complaints are of it.
    pub(super) fn begin(&mut self, path: &Path) {
        path.clone_into(&mut self.file);
    }

    /// The file being read.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether nobody wants the rest.
    pub(super) fn is_cancelled(&self) -> bool {
        self.watch.is_cancelled()
    }

    /// Tells how far the work is, and hears whether it goes on.
    pub(super) fn go_on(&mut self, input: &Input) -> Result<(), Stop> {
        let file = input.progress();
        let read = self.report.bytes + file.read;
        let total = self.total.or(file.total);
        (self.progress)(Progress { read, total });
        if let Some(total) = total {
            self.watch.progressed(read, total);
        }
        if self.watch.is_cancelled() {
            self.report.is_cancelled = true;
            return Err(Stop::Cancelled);
        }
        Ok(())
    }

    /// A file is done: counts its bytes, and keeps why its rest was not read.
    pub(super) fn end(&mut self, input: &Input, outcome: Result<(), Stop>) {
        let broken = match outcome {
            Ok(()) | Err(Stop::Cancelled) => None,
            Err(Stop::Here(message)) => Some((Place::Line(input.line), message)),
            Err(Stop::At(place, message)) => Some((place, message)),
        };
        if let Some((place, message)) = broken {
            self.report.broken.push(Complaint { file: self.file.clone(), place, message });
        }
        // The last word on progress; whether the rest is wanted is asked before the next file.
        let _cancelled = self.go_on(input);
        self.report.bytes += input.progress().read;
    }

    /// What was read, as what.
    pub(super) fn read(&mut self, format: Format, session_id: Option<String>, files: Vec<PathBuf>) {
        self.files_read.extend(files.iter().cloned());
        self.report.recordings.push(Recording { format, session_id, files });
    }

    /// Whether a file was read already, with the set it belongs to. Cost: constant.
    pub(super) fn has_read(&self, path: &Path) -> bool {
        self.files_read.contains(path)
    }

    pub(super) fn note(&mut self, path: &Path, text: impl Into<String>) {
        self.report.notes.push(Note { path: path.to_owned(), text: text.into() });
    }

    /// Notes something of the file being read.
    pub(super) fn note_file(&mut self, text: String) {
        let path = self.file.clone();
        self.report.notes.push(Note { path, text });
    }

    /// Something that should be an event is none, or none that can be stored.
    pub(super) fn reject(&mut self, place: Place, message: impl Into<String>) {
        self.store.count_rejected(1);
        self.report.events += 1;
        self.report.rejected += 1;
        self.complain(place, message);
    }

    /// As [`reject`](Self::reject), of so many that are not told one by one.
    pub(super) fn reject_more(&mut self, events: u64) {
        self.store.count_rejected(events);
        self.report.events += events;
        self.report.rejected += events;
    }

    /// Counts secrets that were hidden.
    pub(super) fn hid(&mut self, secrets: u64) {
        if secrets > 0 {
            self.report.redacted += secrets;
            self.store.count_redacted(secrets);
        }
    }

    /// Stores a batch. `place` tells where an event of it, by its index, was read.
    pub(super) fn store(&mut self, events: &[Event<'_>], place: impl Fn(usize) -> Place) {
        let stored = self.store.store_events(events);
        let report = &mut self.report;
        for event in events {
            let Some(at) = event.timestamp.or(event.wall_time) else { continue };
            // A span begins at its time; it is a call, and its end is part of the recording.
            let lasted = event.duration_ns.filter(|_| event.event_type.as_deref() == Some("span"));
            let end = at.saturating_add(lasted.unwrap_or_default());
            report.span = Some(report.span.map_or((at, end), |(first, last)| (first.min(at), last.max(end))));
        }
        report.events += events.len() as u64;
        report.stored += stored.stored;
        report.replaced += stored.replaced;
        report.duplicates += stored.duplicates;
        report.rejected += stored.rejected.len() as u64;
        report.timestamps_assigned += stored.timestamps_assigned;
        report.far_times += stored.far_times;
        report.pruned += stored.pruned;
        for rejected in stored.rejected {
            self.complain(place(rejected.index), rejected.error.to_string());
        }
    }

    fn complain(&mut self, place: Place, message: impl Into<String>) {
        if self.report.first_errors.len() < MAX_COMPLAINTS {
            // What is wrong may be told with the value that is.
            let message = message.into();
            let message = self.options.redact.text(&message).map_or(message, |(hidden, _)| hidden);
            self.report.first_errors.push(Complaint { file: self.file.clone(), place, message });
        }
    }
}
