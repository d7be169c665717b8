//! A folder: a session of `ElixirScope`'s player, or recordings beside each other?

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::format::{self, Bytes, Format};
use super::job::Job;
use super::report::Note;
use super::wrap::{NumberedFiles, Siblings};
use super::{file, session, set, unreadable};
use crate::error::{Error, ErrorKind, Result};

/// Entries of a folder without recordings that are told one by one.
const MAX_SHOWN: usize = 3;

/// Imports a session, or every recording of the folder in the order of their names; what is none is noted.
pub(super) fn import(job: &mut Job<'_>, folder: &Path) -> Result<()> {
    if session::is_one(folder) {
        return session::import(job, folder);
    }
    let entries = entries(folder)?;
    job.expect(entries.iter().filter_map(|path| Some(path.metadata().ok()?.len())).sum());
    let before = job.report.recordings.len();
    let mut numbered = None;
    for path in entries {
        if job.report.is_cancelled {
            return Ok(());
        }
        if !job.has_read(&path) {
            entry(job, &path, &mut numbered)?;
        }
    }
    if job.report.recordings.len() > before {
        return Ok(());
    }
    Err(Error::not_found(nothing(folder, &job.report.notes)))
}

/// What is said of a folder without recordings.
fn nothing(folder: &Path, notes: &[Note]) -> String {
    let mut text =
        format!("{}: no recording in this folder, nor is it a session (it holds no events.json)", folder.display());
    for note in notes.iter().take(MAX_SHOWN) {
        let _written = write!(text, "; {note}");
    }
    if let more @ 1.. = notes.len().saturating_sub(MAX_SHOWN) {
        let _written = write!(text, "; and {more} more");
    }
    text
}

/// Everything in a folder, in the order of the names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(|error| unreadable(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn entry(job: &mut Job<'_>, path: &Path, numbered: &mut Option<NumberedFiles>) -> Result<()> {
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
        job.note(path, "not read: its name starts with a dot");
        return Ok(());
    }
    if path.is_dir() {
        if session::is_one(path) {
            return session::import(job, path);
        }
        job.note(path, "not read: a folder in a folder; name it itself");
        return Ok(());
    }
    let mut input = match job.open(path) {
        Ok(input) => input,
        Err(error) => {
            job.note(path, format!("not read: {}", unreadable(path, &error)));
            return Ok(());
        }
    };
    let head = match input.peek() {
        Ok(head) => head,
        Err(error) => {
            job.note(path, format!("not read: {error}"));
            return Ok(());
        }
    };
    if format::bytes(head) == Ok(Bytes::Terms(Format::Dbg)) {
        let numbered = numbered.get_or_insert_with(|| NumberedFiles::beside(path));
        if let Siblings::Set(of) = numbered.siblings(path, &job.options.access) {
            return set(job, &of);
        }
    }
    match file(job, path, input) {
        // What is no recording is no reason to leave the others.
        Err(error) if error.kind() == ErrorKind::Invalid => {
            let told = error.to_string();
            let told = told.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&told).to_owned();
            job.note(path, format!("not read: {told}"));
        }
        other => other?,
    }
    Ok(())
}
