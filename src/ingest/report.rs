//! What did an import do, and what is wrong at which place of a file?

use std::fmt;
use std::path::PathBuf;

use super::format::Format;

/// Complaints an [`ImportReport`] keeps; the rest are counted.
pub const MAX_COMPLAINTS: usize = 10;

/// Where in a file, once it is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
    /// Line of a text, from 1.
    Line(u64),
    /// Byte of a binary file, from 0.
    Offset(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Offset(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// What is wrong at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Complaint {
    /// The file.
    pub file: PathBuf,
    /// Where the event starts, or where the bytes are that cannot be read.
    pub place: Place,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.file.display(), self.place, self.message)
    }
}

/// What there is to know of a path besides its events: a file that was not read, files taken as one set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The file or folder.
    pub path: PathBuf,
    /// What was done with it, and why.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

/// One recording that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recording {
    /// What it was told to be by its content.
    pub format: Format,
    /// Session of its events; `None` where the events themselves say, or nobody does.
    pub session_id: Option<String>,
    /// Its files in the order read: one, or those of a wrap set.
    pub files: Vec<PathBuf>,
}

/// What an import did. Every event read is stored, replaced, a duplicate, or rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// Events found, good or bad.
    pub events: u64,
    /// New events.
    pub stored: u64,
    /// Events whose id was stored with other content.
    pub replaced: u64,
    /// Events stored already with the same content.
    pub duplicates: u64,
    /// Events, and trace records, that could not be stored.
    pub rejected: u64,
    /// Events stamped on arrival because they carried no time.
    pub timestamps_assigned: u64,
    /// Events whose time was far from the other times of their source when they came: kept, but nothing is reckoned from
    /// them.
    pub far_times: u64,
    /// Events, of this import or older ones, that retention took to make room.
    pub pruned: u64,
    /// Trace messages the events were made of.
    pub records: u64,
    /// Trace messages of no known kind; each is kept as an event.
    pub unknown: u64,
    /// Trace messages the recorded system said it had to drop.
    pub dropped: u64,
    /// Spans in which messages were dropped; each is an event.
    pub gaps: u64,
    /// Values of traces that were longer than allowed and were cut; a marker in the event says so.
    pub cut: u64,
    /// Secrets hidden in events before they were stored; a mark stands in the place of each.
    pub redacted: u64,
    /// Why the first [`MAX_COMPLAINTS`] of the rejected were.
    pub first_errors: Vec<Complaint>,
    /// Why reading stopped before the end of a file; what came before that place is kept.
    pub broken: Vec<Complaint>,
    /// What was read, in order.
    pub recordings: Vec<Recording>,
    /// What else there is to know: what was not read, and why.
    pub notes: Vec<Note>,
    /// Whether the import was given up; what was stored until then is kept.
    pub is_cancelled: bool,
    /// Smallest and largest timestamp of the accepted events that carried one.
    pub span: Option<(i64, i64)>,
    /// Bytes read, as they lie on disk.
    pub bytes: u64,
}

impl ImportReport {
    /// Whether everything that was read is in the store, limits aside.
    pub const fn is_clean(&self) -> bool {
        self.rejected == 0 && self.broken.is_empty() && !self.is_cancelled
    }

    /// Sessions the recordings are of, where the recording says.
    pub fn session_ids(&self) -> impl Iterator<Item = &str> {
        self.recordings.iter().filter_map(|recording| recording.session_id.as_deref())
    }
}
