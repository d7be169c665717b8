//! Binary traces: how do their records become events?

use std::path::{Path, PathBuf};

use flate2::Crc;

use super::access::Access;
use super::format::{self, Format};
use super::input::Input;
use super::job::{BATCH_BYTES, Job, Stop};
use super::records::{Record, Records};
use super::report::Place;
use super::{MAX_EVENT_BYTES, unreadable};
use crate::error::Result;
use crate::etf::{Term, Unpacked};
use crate::trace::{Recorder, Session, Stamp, messages, stamp_of};

/// Reads one recording: a file that is open, or a wrap set whose first file is.
pub(super) fn import(job: &mut Job<'_>, format: Format, input: Input, name: &str, files: &[PathBuf]) -> Result<()> {
    let mut reader = Reader { name, files, recorder: None, dropped_before: 0, bytes: 0 };
    let mut next = Some((format, input));
    let mut read = Vec::new();
    for file in files {
        let (format, mut input) = match next.take() {
            Some(opened) => opened,
            None => (format, job.open(file).map_err(|error| unreadable(file, &error))?),
        };
        job.begin(file);
        read.push(file.clone());
        let outcome = reader.read(job, format, &mut input);
        // What came before the damage is kept, whatever comes after it.
        reader.store(job, Place::Offset(input.offset));
        job.end(&input, outcome);
        if job.report.is_cancelled {
            break;
        }
    }
    let end = reader.finish(job);
    job.read(format, end, read);
    Ok(())
}

/// Terms on their way from a file to the store.
struct Reader<'n> {
    /// What the file is called.
    name: &'n str,
    /// All of it.
    files: &'n [PathBuf],
    /// Made at the first record, which names its session.
    recorder: Option<Recorder>,
    /// Messages dropped before the first record that names the session.
    dropped_before: u64,
    /// Bytes of terms taken since events were last stored.
    bytes: usize,
}

impl Reader<'_> {
    fn read(&mut self, job: &mut Job<'_>, format: Format, input: &mut Input) -> std::result::Result<(), Stop> {
        let mut records = Records::new(format);
        let mut term = Vec::new();
        let mut unpacked = Unpacked::default();
        while let Some(record) = records.next(input, &mut term)? {
            match record {
                Record::Term { offset } => {
                    self.recorder(job, &term);
                    match unpacked.parse(&term, MAX_EVENT_BYTES) {
                        Ok(parsed) => self.take(job, parsed, Place::Offset(offset), input)?,
                        Err(error) => {
                            records.doubt(offset);
                            // What is cut ends inside the record, after its last byte.
                            let within = error.offset.min(term.len().saturating_sub(1)) as u64;
                            job.reject(Place::Offset(offset + within), error.message);
                        }
                    }
                    self.bytes += term.len();
                }
                Record::Dropped { messages } => match &mut self.recorder {
                    Some(recorder) => recorder.dropped(messages.into()),
                    None => self.dropped_before += u64::from(messages),
                },
                Record::TooLong { offset, bytes } => {
                    let message = format!("{bytes} bytes; a record of a file is at most {MAX_EVENT_BYTES}");
                    job.reject(Place::Offset(offset), message);
                }
            }
            if self.recorder.as_ref().is_some_and(Recorder::is_full) || self.bytes >= BATCH_BYTES {
                self.store(job, Place::Offset(input.offset));
                job.go_on(input)?;
            }
        }
        Ok(())
    }

    /// Takes the messages of a record in; what they become is stored whenever it is enough, however many there are.
    fn take(
        &mut self,
        job: &mut Job<'_>,
        record: Term<'_>,
        place: Place,
        input: &Input,
    ) -> std::result::Result<(), Stop> {
        for message in messages(record) {
            let Some(recorder) = &mut self.recorder else { return Ok(()) };
            recorder.take_one(message);
            if recorder.is_full() {
                self.store(job, place);
                job.go_on(input)?;
            }
        }
        Ok(())
    }

    /// The recorder; `first` is the first record's content.
    fn recorder(&mut self, job: &Job<'_>, first: &[u8]) -> &mut Recorder {
        let (name, files, dropped) = (self.name, self.files, self.dropped_before);
        self.recorder.get_or_insert_with(|| {
            let mark = fingerprint(first);
            let mut recorder = Recorder::new(Session {
                id: format!("{name}-{mark}"),
                prefix: format!("{mark}-"),
                max_value_bytes: job.options.max_value_bytes,
                start_ns: Term::parse(first)
                    .ok()
                    .and_then(stamp_of)
                    .or_else(|| first_stamp(files, &job.options.access))
                    .map(|it| it.ns),
                redact: job.options.redact.clone(),
                ..Session::default()
            });
            if dropped > 0 {
                recorder.dropped(dropped);
            }
            recorder
        })
    }

    /// Stores the events made so far; `end` is where the records of the last of them end.
    fn store(&mut self, job: &mut Job<'_>, end: Place) {
        self.bytes = 0;
        if let Some(recorder) = &mut self.recorder {
            recorder.hand_over(|events| job.store(events, |_| end));
        }
    }

    /// Ends the recording; says its session.
    fn finish(&mut self, job: &mut Job<'_>) -> Option<String> {
        if self.dropped_before > 0 {
            // There may be nothing else.
            self.recorder(job, &[]);
        }
        let recorder = self.recorder.as_mut()?;
        recorder.finish();
        recorder.hand_over(|events| job.store(events, |_| Place::Offset(0)));
        let counters = recorder.counters();
        job.hid(counters.redacted);
        let report = &mut job.report;
        report.records += counters.records;
        report.unknown += counters.unknown;
        report.dropped += counters.dropped;
        report.gaps += counters.gaps;
        report.cut += counters.cut;
        Some(recorder.session().id.clone())
    }
}

/// What tells a recording from others of its name: six hexadecimal digits of its first record.
pub(super) fn fingerprint(first: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(first);
    format!("{:06x}", crc.sum() & 0x00ff_ffff)
}

/// The time of the first record that carries one; what comes before has that time too.
fn first_stamp(files: &[PathBuf], access: &Access) -> Option<Stamp> {
    // A pipe cannot be read twice.
    let is_file = |path: &&PathBuf| path.metadata().is_ok_and(|metadata| metadata.is_file());
    files.iter().take_while(is_file).find_map(|path| {
        let mut input = Input::open(path, access).ok()?;
        let format = format::of_terms(input.peek().ok()?).ok()??;
        let mut records = Records::new(format);
        let mut term = Vec::new();
        let mut unpacked = Unpacked::default();
        while let Ok(Some(record)) = records.next(&mut input, &mut term) {
            let stamp = || stamp_of(unpacked.parse(&term, MAX_EVENT_BYTES).ok()?);
            if let Some(stamp) = matches!(record, Record::Term { .. }).then(stamp).flatten() {
                return Some(stamp);
            }
        }
        None
    })
}

/// The times of the first and the last record that carry one; `None` when it is no binary trace, or carries none.
pub(super) fn stamps(path: &Path, access: &Access) -> Option<(Stamp, Stamp)> {
    let mut input = Input::open(path, access).ok()?;
    let format = format::of_terms(input.peek().ok()?).ok()??;
    let mut records = Records::new(format);
    let (mut first, mut last) = (None, None);
    let (mut term, mut newest) = (Vec::new(), Vec::new());
    // A file that is cut ends here with its last whole record.
    while let Ok(Some(record)) = records.next(&mut input, &mut term) {
        if !matches!(record, Record::Term { .. }) {
            continue;
        }
        if first.is_none() {
            first = Term::parse(&term).ok().and_then(stamp_of);
            last = first;
        } else {
            std::mem::swap(&mut term, &mut newest);
        }
    }
    let last = Term::parse(&newest).ok().and_then(stamp_of).or(last);
    first.zip(last)
}
