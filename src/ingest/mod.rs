//! How do events arrive other than by a tool call? From files: recordings of every kind, and folders of them.
//!
//! Synchronous and streaming: a file is read once, a batch of it is in memory at a time, and the store's limits hold
//! after every batch. What is wrong with one event costs that event; what is wrong with the file costs the rest of it.

mod access;
mod batch;
mod chrome;
mod crash_dump;
mod documents;
mod erlang;
mod folder;
mod format;
mod framing;
mod input;
mod jaeger;
mod job;
mod json;
mod kind;
mod lines;
mod log;
mod mfa;
mod object;
mod otlp;
mod out;
mod parts;
mod records;
mod report;
mod session;
mod span;
mod tape;
mod times;
mod trace_file;
mod unpack;
mod walk;
mod wrap;
mod zipkin;

use std::ffi::OsStr;
use std::path::Path;

use crate::error::{Error, Result};
use crate::redact::Rules;
use crate::store::EventStore;
use crate::trace::MAX_VALUE_BYTES;
use crate::watch::{Unwatched, Watch};
pub use access::Access;
use batch::Batch;
use documents::Documents;
use format::Bytes;
pub use format::Format;
use input::Input;
use job::{Job, Stop};
use out::Out;
pub use report::{Complaint, ImportReport, MAX_COMPLAINTS, Note, Place, Recording};
use wrap::{Siblings, WrapSet, siblings};

/// Longest text of one event, and longest record of a trace, in bytes. A longer one is refused and the rest is read.
pub const MAX_EVENT_BYTES: usize = 64 << 20;

/// How recordings are read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Longest text of one value (an argument, a message, a state) of a binary trace, in bytes; longer ones are cut by
    /// a visible marker.
    pub max_value_bytes: usize,
    /// What is hidden of every event that is read.
    pub redact: Rules,
    /// Which files may be read.
    pub access: Access,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { max_value_bytes: MAX_VALUE_BYTES, redact: Rules::default(), access: Access::default() }
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes read so far, as they lie on disk.
    pub read: u64,
    /// Bytes there are. `None` when it is no regular file.
    pub total: Option<u64>,
}

/// Imports a recording, or a folder of them. `progress` is called after every batch.
///
/// What a file holds is told by its content: events as JSON, one per line or an array (also as `{"events": [...]}`);
/// binary traces of `dbg`, `ttb` and `{packet, 4}` ports; OTLP/JSON traces; Chrome traces. Each may be gzip or zstd.
/// The files of a wrap set are one recording, whichever of them is named, or their common start. A folder is a session
/// (`events.json`, and `metadata.json` whose `id` becomes the `session_id` of the events that name none), or every
/// recording in it is imported.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when there is nothing under the path, [`Invalid`](crate::ErrorKind::Invalid)
/// when it cannot be read as one of these. Bad events and a file that breaks off are not errors: the report tells them.
pub fn import(store: &EventStore, path: &Path, progress: &mut dyn FnMut(Progress)) -> Result<ImportReport> {
    import_path(Job::new(store, &ImportOptions::default(), &Unwatched, progress), path)
}

/// Imports as [`import`] does, for somebody who may give it up: asked, and told of the bytes read, after every batch.
/// An import that is given up keeps what it stored, and its report says so.
///
/// # Errors
/// Those of [`import`].
pub fn import_watched(
    store: &EventStore,
    path: &Path,
    options: &ImportOptions,
    watch: &dyn Watch,
) -> Result<ImportReport> {
    import_path(Job::new(store, options, watch, &mut |_| ()), path)
}

/// Imports the bytes of a recording that is no file here, as [`import`] does a file called `name`. They alone are read:
/// of a wrap set one file, of a crash dump without the name of its node.
///
/// # Errors
/// Those of [`import`], but that it is always there.
pub fn import_bytes(store: &EventStore, name: &str, bytes: Vec<u8>) -> Result<ImportReport> {
    let (options, total) = (ImportOptions::default(), bytes.len() as u64);
    let mut progress = |_| ();
    let mut job = Job::new(store, &options, &Unwatched, &mut progress);
    let path = Path::new(name);
    let input = Input::of(std::io::Cursor::new(bytes), Some(total)).map_err(|error| unreadable(path, &error))?;
    file(&mut job, path, input)?;
    Ok(job.report)
}

fn import_path(mut job: Job<'_>, path: &Path) -> Result<ImportReport> {
    if path.is_dir() {
        folder::import(&mut job, path)?;
    } else if path.exists() {
        named_file(&mut job, path)?;
    } else {
        let mut sets = wrap::named(path);
        match (sets.pop(), sets.as_slice()) {
            (Some(one), []) => set(&mut job, &one)?,
            (Some(_), _) => {
                return Err(Error::invalid(format!(
                    "{}: several wrap sets start like this; name a file of one of them",
                    path.display()
                )));
            }
            (None, _) => return Err(unreadable(path, &std::io::ErrorKind::NotFound.into())),
        }
    }
    Ok(job.report)
}

fn named_file(job: &mut Job<'_>, path: &Path) -> Result<()> {
    let mut input = job.open(path).map_err(|error| unreadable(path, &error))?;
    let head = input.peek().unwrap_or_default();
    if format::bytes(head) == Ok(Bytes::Terms(Format::Dbg)) {
        match siblings(path, &job.options.access) {
            Siblings::Set(of) => return set(job, &of),
            Siblings::Apart(files) => {
                let others = files.len() - 1;
                job.note(path, format!("read alone: {others} files are numbered like it, but their times overlap"));
            }
            Siblings::None => {}
        }
    }
    file(job, path, input)
}

/// Imports a wrap set as one recording.
fn set(job: &mut Job<'_>, of: &WrapSet) -> Result<()> {
    let Some(first) = of.files.first() else { return Ok(()) };
    job.expect(of.files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum());
    let input = job.open(first).map_err(|error| unreadable(first, &error))?;
    trace_file::import(job, Format::Dbg, input, of.name.trim_end_matches(['.', '-', '_']), &of.files)
}

/// Imports one file.
fn file(job: &mut Job<'_>, path: &Path, mut input: Input) -> Result<()> {
    let name = stem(path);
    let files = vec![path.to_owned()];
    let head = match input.peek() {
        Ok(head) => head,
        // Nothing of it can be unpacked.
        Err(error) => {
            let message = cut_short(error);
            job.begin(path);
            job.end(&input, Err(Stop::At(Place::Offset(0), message)));
            return Ok(());
        }
    };
    let kind = format::bytes(head).map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
    if let Bytes::Terms(format) = kind {
        return trace_file::import(job, format, input, &name, &files);
    }
    job.begin(path);
    let mut batch = Batch::new(None);
    let mut documents = Documents::default();
    let mut out = Out { job, batch: &mut batch, name: &name, mark: None };
    let outcome = documents.read(&mut out, &mut input, kind);
    if let Some(refusal) = documents.refusal().filter(|_| outcome.is_ok()) {
        return Err(Error::invalid(format!("{}: {refusal}", path.display())));
    }
    let mut formats = std::mem::take(&mut documents.formats);
    if formats.is_empty() {
        formats.push(Format::Lines);
    }
    batch.flush(job);
    job.end(&input, outcome);
    for format in formats {
        job.read(format, batch.session_id.clone(), files.clone());
    }
    Ok(())
}

/// What a recording is called: its file's name without the endings that say how it is written.
fn stem(path: &Path) -> String {
    let mut path = path.to_owned();
    if path.extension().is_some_and(|end| ["gz", "zst", "zstd"].iter().any(|packed| end.eq_ignore_ascii_case(packed))) {
        path.set_extension("");
    }
    path.file_stem().and_then(OsStr::to_str).unwrap_or("recording").to_owned()
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
