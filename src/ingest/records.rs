//! Where does the next record of a binary trace end?

use super::format::Format;
use super::input::Input;
use super::job::Stop;
use super::report::Place;
use super::{MAX_EVENT_BYTES, cut_short};

/// First byte of an external term.
const VERSION: u8 = 131;

/// Tag of a record that holds a term.
const TERM: u8 = 0;

/// Tag of a record that counts dropped messages.
const DROPPED: u8 = 1;

/// How records are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// `<<0, Length:32, Term>>` and `<<1, N:32>>`.
    Dbg,
    /// `<<Length:32, Term>>`.
    Packets,
}

/// What a record holds; the bytes of a term are in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// A term, whose first byte is at this place of the file.
    Term { offset: u64 },
    /// So many messages were dropped.
    Dropped { messages: u32 },
    /// A term too long to be kept; it was read past.
    TooLong { offset: u64, bytes: u32 },
}

/// Reads the records of one file.
#[derive(Debug)]
pub(super) struct Records {
    framing: Framing,
    /// Where a record began that holds no term: if the next one is none either, its length was wrong.
    suspect: Option<u64>,
}

impl Records {
    pub(super) fn new(format: Format) -> Self {
        let framing = if format == Format::Packets { Framing::Packets } else { Framing::Dbg };
        Self { framing, suspect: None }
    }

    /// The last record's bytes are no term.
    pub(super) fn doubt(&mut self, offset: u64) {
        self.suspect = Some(offset);
    }

    /// Reads the next record; the bytes of a term go into `term`. `None` at the end of the file.
    pub(super) fn next(&mut self, input: &mut Input, term: &mut Vec<u8>) -> Result<Option<Record>, Stop> {
        let start = input.offset;
        let at = |message: String| Stop::At(Place::Offset(start), message);
        let header = match self.framing {
            Framing::Dbg => 5,
            Framing::Packets => 4,
        };
        input.read_into(term, header).map_err(|error| at(cut_short(error)))?;
        let (tag, number) = match (self.framing, term.as_slice()) {
            (_, []) => return Ok(None),
            (Framing::Dbg, [tag @ (TERM | DROPPED), a, b, c, d]) => (*tag, u32::from_be_bytes([*a, *b, *c, *d])),
            (Framing::Packets, [a, b, c, d]) => (TERM, u32::from_be_bytes([*a, *b, *c, *d])),
            (Framing::Dbg, [tag, ..]) if *tag > DROPPED => {
                return Err(at(format!(
                    "expected a record (0 or 1, then 32 bits of length or count), found byte {tag}"
                )));
            }
            (_, cut) => {
                return Err(at(format!(
                    "the file is cut short: {} of the {header} bytes that start a record",
                    cut.len()
                )));
            }
        };
        if let Some(suspect) = self.suspect.take() {
            let is_term = tag == TERM && input.peek_byte().map_err(|error| at(cut_short(error)))? == Some(VERSION);
            if !is_term {
                return Err(at(format!("no record starts here, and the one at byte {suspect} holds no term")));
            }
        }
        if tag == DROPPED {
            // Any bytes are a count: what follows tells whether this was one.
            if input.peek_byte().map_err(|error| at(cut_short(error)))?.is_some_and(|byte| byte > DROPPED) {
                return Err(at("counts dropped messages, but no record follows".to_owned()));
            }
            return Ok(Some(Record::Dropped { messages: number }));
        }
        let offset = start + header;
        let is_kept = number as usize <= MAX_EVENT_BYTES;
        let came = if is_kept {
            input.read_into(term, number.into()).map(|()| term.len() as u64)
        } else {
            input.skip(number.into())
        };
        let came = came.map_err(|error| at(cut_short(error)))?;
        if came < u64::from(number) {
            return Err(at(format!(
                "the file is cut short: the record that starts here has {number} bytes, {came} are there"
            )));
        }
        Ok(Some(if is_kept { Record::Term { offset } } else { Record::TooLong { offset, bytes: number } }))
    }
}
