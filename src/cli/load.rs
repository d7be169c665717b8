//! Recordings into the store, with a progress bar where somebody watches.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use elixir_scope_storage::ingest::{self, Complaint, ImportOptions, ImportReport};
use elixir_scope_storage::visible::{visible, without_values};
use elixir_scope_storage::{EventStore, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use super::voice::report as say;

/// One imported path.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: PathBuf,
    pub(super) report: ImportReport,
    pub(super) elapsed: Duration,
}

/// Imports every path in the order given; what is wrong with single events goes to stderr at once. The first path that
/// cannot be read ends it. A file that was read with a wrap set is not read again.
pub(super) fn all(store: &EventStore, paths: &[PathBuf], options: &ImportOptions) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    let mut of_sets = HashSet::new();
    for path in paths {
        if path.canonicalize().is_ok_and(|path| of_sets.contains(&path)) {
            say(&format!("{}: read already, with the wrap set it belongs to", path.display()));
            continue;
        }
        let import = one(store, path, options)?;
        let sets = import.report.recordings.iter().filter(|recording| recording.files.len() > 1);
        of_sets.extend(sets.flat_map(|set| &set.files).filter_map(|file| file.canonicalize().ok()));
        imports.push(import);
    }
    Ok(imports)
}

fn one(store: &EventStore, path: &Path, options: &ImportOptions) -> Result<Import> {
    let bar = std::io::stderr().is_terminal().then(|| bar(path));
    let started = Instant::now();
    let report = ingest::import_watched(store, path, options, &Bar(bar.as_ref()));
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let report = report?;
    complain(path, &report);
    Ok(Import { path: path.to_owned(), report, elapsed: started.elapsed() })
}

/// Shows how many bytes are read.
struct Bar<'a>(Option<&'a ProgressBar>);

impl Watch for Bar<'_> {
    fn progressed(&self, done: u64, total: u64) {
        if let Some(bar) = self.0 {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

fn complain(path: &Path, report: &ImportReport) {
    for note in &report.notes {
        say(&note.to_string());
    }
    for complaint in &report.first_errors {
        say(&told(complaint));
    }
    let silent = report.rejected - report.first_errors.len() as u64;
    if silent > 0 {
        say(&format!("{}: {silent} more events rejected", path.display()));
    }
    for broken in &report.broken {
        say(&format!("{}; what came before is kept", told(broken)));
    }
}

/// A complaint without the values it names.
fn told(complaint: &Complaint) -> String {
    let Complaint { file, place, message, .. } = complaint;
    format!("{}, {place}: {}", file.display(), without_values(message))
}

fn bar(path: &Path) -> ProgressBar {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let name = visible(&name).into_owned();
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(name)
}
