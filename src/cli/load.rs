//! Recordings into the store, with a progress bar where somebody watches.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use elixir_scope_storage::EventStore;
use elixir_scope_storage::ingest::{self, ImportReport, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use super::say;

/// One imported path.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: PathBuf,
    pub(super) report: ImportReport,
    pub(super) elapsed: Duration,
}

/// Imports every path in the order given; what is wrong with single events goes to stderr at once. The first path that
/// cannot be read ends it.
pub(super) fn all(store: &EventStore, paths: &[PathBuf]) -> Result<Vec<Import>> {
    paths.iter().map(|path| one(store, path)).collect()
}

fn one(store: &EventStore, path: &Path) -> Result<Import> {
    let bar = std::io::stderr().is_terminal().then(|| bar(path));
    let started = Instant::now();
    let report = ingest::import(store, path, &mut |Progress { read, total, .. }| {
        if let Some(bar) = &bar {
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(read);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let report = report?;
    complain(path, &report);
    Ok(Import { path: path.to_owned(), report, elapsed: started.elapsed() })
}

fn complain(path: &Path, report: &ImportReport) {
    let path = path.display();
    for complaint in &report.first_errors {
        say(&format!("{path}, line {}: {}", complaint.line, complaint.message));
    }
    let silent = report.rejected - report.first_errors.len() as u64;
    if silent > 0 {
        say(&format!("{path}: {silent} more events rejected"));
    }
    if let Some(broken) = &report.broken {
        say(&format!("{path}, line {}: {}; the events before are kept", broken.line, broken.message));
    }
}

fn bar(path: &Path) -> ProgressBar {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(name)
}
