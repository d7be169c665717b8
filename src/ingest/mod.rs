//! How do events arrive other than by a tool call? From files: recordings, and the session folders of `ElixirScope`'s
//! own player.
//!
//! Synchronous and streaming: a file is read once, a batch of it is in memory at a time, and the store's limits hold
//! after every batch. What is wrong with one event costs that event; what is wrong with the file costs the rest of it.

mod batch;
mod elements;
mod input;
mod lines;
mod session;

use std::path::Path;

use crate::error::{Error, Result};
use crate::store::EventStore;
use batch::Batch;
use elements::Elements;
use input::Input;

/// Longest text of one event in a file, in bytes. A longer one is refused and the rest is read.
pub const MAX_EVENT_BYTES: usize = 64 << 20;

/// Complaints an [`ImportReport`] keeps; the rest are counted.
pub const MAX_COMPLAINTS: usize = 10;

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes of the file read so far, as they lie on disk.
    pub read: u64,
    /// Bytes of the file. `None` when it is no regular file.
    pub total: Option<u64>,
}

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complaint {
    /// Line of the (unpacked) file where the event starts, from 1.
    pub line: u64,
    /// What is wrong, and what is expected.
    pub message: String,
}

/// What an import did. Every event read is stored, replaced, a duplicate, or rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Events found in the file, good or bad.
    pub events: u64,
    /// New events.
    pub stored: u64,
    /// Events whose id was stored with other content.
    pub replaced: u64,
    /// Events stored already with the same content.
    pub duplicates: u64,
    /// Events that could not be stored.
    pub rejected: u64,
    /// Events stamped on arrival because they carried no time.
    pub timestamps_assigned: u64,
    /// Events, of this file or older ones, that retention took to make room.
    pub pruned: u64,
    /// Why the first [`MAX_COMPLAINTS`] of the rejected were.
    pub first_errors: Vec<Complaint>,
    /// Why reading stopped before the end of the file; the events before that line are kept.
    pub broken: Option<Complaint>,
    /// Smallest and largest timestamp of the accepted events that carried one.
    pub span: Option<(i64, i64)>,
    /// Bytes read, as they lie on disk.
    pub bytes: u64,
}

impl ImportReport {
    /// Whether everything in the file is in the store, limits aside.
    pub const fn is_clean(&self) -> bool {
        self.rejected == 0 && self.broken.is_none()
    }
}

/// Imports a file or a session folder. `progress` is called after every batch.
///
/// A file holds one JSON event per line, or one JSON array of events (also as `{"events": [...]}`); either may be
/// gzip. A folder is a session: `events.json`, and `metadata.json` whose `id` becomes the `session_id` of the events
/// that name none.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is nothing under the path, [`Invalid`](crate::ErrorKind::Invalid)
/// when it cannot be read as one of these. Bad events and a file that breaks off are not errors: the report tells them.
pub fn import(store: &EventStore, path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<ImportReport> {
    if path.is_dir() {
        return session::import(store, path, progress);
    }
    import_file(Batch::new(store, None), Layout::Any, path, progress)
}

/// How events may lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// One per line, or an array.
    Any,
    /// An array, or an object around one.
    Array,
}

fn import_file(
    mut batch: Batch<'_>,
    layout: Layout,
    path: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport> {
    let mut input = Input::open(path).map_err(|error| unreadable(path, &error))?;
    let broken = match read_events(&mut input, &mut batch, layout, progress) {
        Ok(()) => None,
        Err(message) => Some(Complaint { line: input.line, message }),
    };
    batch.flush();
    progress(input.progress());
    Ok(ImportReport { broken, bytes: input.progress().read, ..batch.report })
}

/// Reads to the end. The error says why the rest cannot be read.
fn read_events(
    input: &mut Input,
    batch: &mut Batch<'_>,
    layout: Layout,
    progress: &mut dyn FnMut(Progress),
) -> std::result::Result<(), String> {
    input.skip_byte_order_mark().map_err(cut_short)?;
    input.skip_space().map_err(cut_short)?;
    let mut text = Vec::new();
    let mut elements = match layout {
        Layout::Any => Elements::detect(input).map_err(cut_short)?,
        Layout::Array => Some(Elements::demand(input).map_err(cut_short)?),
    };
    loop {
        let found = match &mut elements {
            Some(elements) => elements.next(input, &mut text)?,
            None => lines::next(input, &mut text).map_err(cut_short)?,
        };
        let Some(found) = found else { return Ok(()) };
        if batch.push(found, &text) {
            batch.flush();
            progress(input.progress());
        }
    }
}

/// One event's place in the file; its bytes are in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    /// Line it starts on.
    line: u64,
    /// Bytes it has. More than [`MAX_EVENT_BYTES`]: they were skipped.
    bytes: u64,
}

#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` asks for")]
fn cut_short(error: std::io::Error) -> String {
    let reason = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the gzip data is cut short".to_owned(),
        _ => error.to_string(),
    };
    format!("cannot read on: {reason}")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let shown = path.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::not_found(format!("{shown}: no such file or folder")),
        std::io::ErrorKind::PermissionDenied => Error::invalid(format!("{shown}: no permission to read it")),
        _ => Error::invalid(format!("{shown}: {error}")),
    }
}
