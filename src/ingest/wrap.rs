//! Which files are one recording, written in turns, and in what order?
//!
//! `dbg:trace_port(file, {Name, wrap, Suffix, Size, Count})` writes `Name0Suffix`, `Name1Suffix`, ... and begins again
//! at 0 after the last. It removes a file before it begins the one before it, so that the number after the newest is
//! missing: what comes after the hole is older than what comes before it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::access::Access;
use super::trace_file::stamps;

/// A name taken apart: `Name`, the number, `Suffix`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Numbered<'a> {
    name: &'a str,
    number: u32,
    suffix: &'a str,
}

/// The last number of a file's name, written as Erlang writes integers.
fn numbered(file: &str) -> Option<Numbered<'_>> {
    let end = file.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (head, suffix) = file.split_at(end);
    let start = head
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    let (name, digits) = head.split_at(start);
    let is_canonical = digits == "0" || !digits.starts_with('0');
    Some(Numbered { name, number: digits.parse().ok().filter(|_| is_canonical)?, suffix })
}

/// Files of one set by their numbers, sorted: in the order written, or `None` when they are no set.
fn in_order<T>(mut files: Vec<(u32, T)>) -> Option<Vec<T>> {
    let first = files.first()?.0;
    let holes: Vec<usize> = (1..files.len()).filter(|at| files[*at].0 != files[at - 1].0 + 1).collect();
    match (first, holes.as_slice()) {
        (0 | 1, []) => {}
        (0, [hole]) if files[*hole].0 == files[hole - 1].0 + 2 => files.rotate_left(*hole),
        _ => return None,
    }
    Some(files.into_iter().map(|(_, file)| file).collect())
}

/// A wrap set.
#[derive(Debug)]
pub(super) struct WrapSet {
    /// What its files have in common.
    pub(super) name: String,
    /// Oldest first.
    pub(super) files: Vec<PathBuf>,
}

/// What the files that are numbered like one file are.
#[derive(Debug)]
pub(super) enum Siblings {
    /// There are none, or they cannot be a set.
    None,
    /// One recording.
    Set(WrapSet),
    /// They are numbered like a set, but their times say that they are recordings of their own.
    Apart(Vec<PathBuf>),
}

/// The set a file belongs to. Cost: one pass over its folder.
pub(super) fn siblings(path: &Path, access: &Access) -> Siblings {
    NumberedFiles::beside(path).siblings(path, access)
}

/// The numbered files of a folder, for who asks for the siblings of many of them.
#[derive(Debug, Default)]
pub(super) struct NumberedFiles {
    /// By what they have in common: name and suffix.
    alike: HashMap<(String, String), Alike>,
}

#[derive(Debug, Default)]
struct Alike {
    files: Vec<(u32, PathBuf)>,
    /// They were looked at, and are no set.
    is_no_set: bool,
}

impl NumberedFiles {
    /// Those beside a path.
    pub(super) fn beside(path: &Path) -> Self {
        let mut all = Self::default();
        for (number, file) in numbered_files(path) {
            if let Some(one) = file.file_name().and_then(OsStr::to_str).and_then(numbered) {
                let key = (one.name.to_owned(), one.suffix.to_owned());
                all.alike.entry(key).or_default().files.push((number, file));
            }
        }
        all
    }

    /// The set a file belongs to. Files that are no set are looked into once, however many of them are asked for.
    pub(super) fn siblings(&mut self, path: &Path, access: &Access) -> Siblings {
        let file = path.file_name().and_then(OsStr::to_str);
        let Some(one) = file.and_then(numbered) else { return Siblings::None };
        let Some(alike) = self.alike.get_mut(&(one.name.to_owned(), one.suffix.to_owned())) else {
            return Siblings::None;
        };
        if alike.is_no_set {
            return Siblings::None;
        }
        let found = set(one.name, alike.files.clone(), access);
        alike.is_no_set = !matches!(found, Siblings::Set(_));
        found
    }
}

/// The sets whose files are called `path`, a number, and the same suffix.
pub(super) fn named(path: &Path) -> Vec<WrapSet> {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return Vec::new() };
    let mut by_suffix: Vec<(String, Vec<(u32, PathBuf)>)> = Vec::new();
    for (number, file) in numbered_files(path) {
        let other = file.file_name().and_then(OsStr::to_str).and_then(numbered);
        let Some(other) = other.filter(|other| other.name == name) else { continue };
        match by_suffix.iter_mut().find(|(suffix, _)| suffix == other.suffix) {
            Some((_, files)) => files.push((number, file)),
            None => by_suffix.push((other.suffix.to_owned(), vec![(number, file)])),
        }
    }
    let sets = by_suffix.into_iter().filter_map(|(_, files)| {
        // A set that has not wrapped yet may be one file.
        let files = in_order(files)?;
        Some(WrapSet { name: name.to_owned(), files })
    });
    sets.collect()
}

/// Every numbered file beside a path, by its number.
fn numbered_files(path: &Path) -> Vec<(u32, PathBuf)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = numbered(name.to_str()?)?.number;
            let file = if path.parent().is_some_and(|parent| parent.as_os_str().is_empty()) {
                PathBuf::from(name)
            } else {
                folder.join(name)
            };
            Some((number, file))
        })
        .filter(|(_, file)| file.is_file())
        .collect();
    files.sort();
    files
}

fn set(name: &str, files: Vec<(u32, PathBuf)>, access: &Access) -> Siblings {
    if files.len() < 2 {
        return Siblings::None;
    }
    let Some(files) = in_order(files) else { return Siblings::None };
    let spans: Vec<Span> =
        files.iter().filter_map(|file| stamps(file, access)).map(|(first, last)| (first.ns, last.ns)).collect();
    // Without any time there are but names to go by, and people number recordings, too.
    if spans.is_empty() {
        return Siblings::None;
    }
    if spans.windows(2).any(|pair| !follows(pair[0], pair[1])) {
        return Siblings::Apart(files);
    }
    Siblings::Set(WrapSet { name: name.to_owned(), files })
}

/// Times of the first and the last message of a file.
type Span = (i64, i64);

/// Whether one file goes on where another ends. Messages of different schedulers come a little out of order, so the
/// files may overlap; but recordings of two short runs do, too, and those by more than half.
fn follows(before: Span, after: Span) -> bool {
    let length = |(first, last): Span| last.saturating_sub(first).max(0);
    let overlap = before.1.saturating_sub(after.0);
    overlap <= MAX_OVERLAP_NS && overlap.saturating_mul(2) <= length(before).min(length(after)).max(0)
}

/// Longer than any message waits in a scheduler's queue to be written.
const MAX_OVERLAP_NS: i64 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_a_name_counts() {
        let parts = |file| numbered(file).map(|Numbered { name, number, suffix }| (name, number, suffix));
        assert_eq!(parts("trace0.wrap"), Some(("trace", 0, ".wrap")));
        assert_eq!(parts("a@host-ttb.12.wrp"), Some(("a@host-ttb.", 12, ".wrp")));
        assert_eq!(parts("s1_race.trace"), Some(("s", 1, "_race.trace")));
        assert_eq!(parts("ä7"), Some(("ä", 7, "")));
        assert_eq!(parts("7"), Some(("", 7, "")));
        for none in ["trace", "trace00", "trace07.log", "t99999999999"] {
            assert_eq!(parts(none), None, "{none}");
        }
    }

    #[test]
    fn files_of_a_set_go_on_where_the_one_before_ends() {
        assert!(follows((-50, -20), (-20, 0)));
        assert!(follows((0, 1000), (990, 2000)));
        assert!(follows((0, 5), (1_000_000_000_000, 1_000_000_000_007)));
        assert!(!follows((0, 1000), (10, 1010)), "two runs");
        assert!(!follows((0, 1000), (-500, -200)), "an older run");
        assert!(!follows((0, 1_000_000_000), (800_000_000, 2_000_000_000)));
    }

    #[test]
    fn what_comes_after_the_hole_is_older() {
        let order = |numbers: &[u32]| in_order(numbers.iter().map(|number| (*number, *number)).collect());
        assert_eq!(order(&[0, 1, 2]), Some(vec![0, 1, 2]));
        assert_eq!(order(&[1, 2, 3]), Some(vec![1, 2, 3]));
        assert_eq!(order(&[0, 1, 3, 4]), Some(vec![3, 4, 0, 1]));
        assert_eq!(order(&[0, 2]), Some(vec![2, 0]));
        for no_set in [&[2, 3][..], &[0, 3], &[0, 2, 4], &[1, 3], &[]] {
            assert_eq!(order(no_set), None, "{no_set:?}");
        }
    }
}
