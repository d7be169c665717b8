//! Recordings into the store, with a progress bar where somebody watches.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use elixir_scope_storage::ingest::{self, Complaint, ImportOptions, ImportReport};
use elixir_scope_storage::mcp::Ends;
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

/// How often a signal is looked for while recordings are read.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Longest wait, after a signal, for the import to say what it read.
const PATIENCE: Duration = Duration::from_millis(500);

/// Imports every path in the order given; what is wrong with single events goes to stderr at once. The first path that
/// cannot be read ends it, and so does a signal, whatever the import is doing then: what it read until then is told.
/// A file that was read with a wrap set is not read again.
pub(super) fn all(store: &EventStore, paths: &[PathBuf], options: &ImportOptions, ends: &Ends) -> Result<Vec<Import>> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let (told, imports) = sync_channel(1);
    let work = {
        let (store, paths, options, ends) = (store.clone(), paths.to_vec(), options.clone(), ends.clone());
        move || drop(told.send(every(&store, &paths, &options, &ends)))
    };
    let thread = std::thread::Builder::new().name("import".to_owned()).spawn(work).context("starting the import")?;
    let mut asked_at = None;
    loop {
        match imports.recv_timeout(LOOK_EVERY) {
            Ok(imports) => return imports,
            Err(RecvTimeoutError::Timeout) if !ends.is_asked() => {}
            Err(RecvTimeoutError::Timeout) => {
                let asked_at = *asked_at.get_or_insert_with(Instant::now);
                if asked_at.elapsed() > PATIENCE {
                    say(&format!("asked to end during an import: {} events are stored", store.len()));
                    return Ok(Vec::new());
                }
            }
            // It panicked, and said so on stderr.
            Err(RecvTimeoutError::Disconnected) => {
                let _said = thread.join();
                bail!("the import failed; please report it");
            }
        }
    }
}

fn every(store: &EventStore, paths: &[PathBuf], options: &ImportOptions, ends: &Ends) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    let mut of_sets = HashSet::new();
    for path in paths {
        if path.canonicalize().is_ok_and(|path| of_sets.contains(&path)) {
            say(&format!("{}: read already, with the wrap set it belongs to", path.display()));
            continue;
        }
        if ends.is_asked() {
            say(&format!("{}: not read: asked to end", path.display()));
            continue;
        }
        let import = one(store, path, options, ends)?;
        let sets = import.report.recordings.iter().filter(|recording| recording.files.len() > 1);
        of_sets.extend(sets.flat_map(|set| &set.files).filter_map(|file| file.canonicalize().ok()));
        imports.push(import);
    }
    Ok(imports)
}

fn one(store: &EventStore, path: &Path, options: &ImportOptions, ends: &Ends) -> Result<Import> {
    let bar = std::io::stderr().is_terminal().then(|| bar(path));
    let started = Instant::now();
    let report = ingest::import_watched(store, path, options, &Bar { shown: bar.as_ref(), ends });
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let report = report?;
    complain(path, &report);
    Ok(Import { path: path.to_owned(), report, elapsed: started.elapsed() })
}

/// Shows how many bytes are read, and hears signals.
struct Bar<'a> {
    shown: Option<&'a ProgressBar>,
    ends: &'a Ends,
}

impl Watch for Bar<'_> {
    fn is_cancelled(&self) -> bool {
        self.ends.is_asked()
    }

    fn progressed(&self, done: u64, total: u64) {
        if let Some(bar) = self.shown {
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
    if report.is_cancelled {
        say(&format!("{}: asked to end; what was read until then is kept", path.display()));
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
