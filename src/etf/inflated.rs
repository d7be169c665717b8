//! What is inside a compressed term?

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::error::Error;
use super::tag;
use super::term::Term;

/// Longest term that is inflated, unless told otherwise; bytes.
pub const MAX_INFLATED: usize = 64 << 20;

/// A term that came compressed (tag 80), inflated into a buffer of its own.
#[derive(Clone, Debug)]
pub struct Inflated {
    /// The version byte and the checked term.
    bytes: Vec<u8>,
}

impl Inflated {
    /// Whether these bytes hold a compressed term.
    pub fn is(bytes: &[u8]) -> bool {
        bytes.starts_with(&[tag::VERSION, tag::COMPRESSED])
    }

    /// Inflates and checks a compressed term of at most [`MAX_INFLATED`] bytes.
    ///
    /// # Errors
    /// See [`Self::bounded`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        Self::bounded(bytes, MAX_INFLATED)
    }

    /// Inflates and checks a compressed term of at most `max_bytes`; memory follows what is inflated, not what is claimed.
    ///
    /// # Errors
    /// Bytes that are no compressed term, that inflate to more than `max_bytes` or to another length than they say, and
    /// inflated bytes that are no term; the offset of the last is within the compressed bytes: their first.
    pub fn bounded(bytes: &[u8], max_bytes: usize) -> Result<Self, Error> {
        let fail = |offset, message| Err(Error { offset, message });
        if !Self::is(bytes) {
            return fail(0, "bytes 131 and 80, which start a compressed term, are expected".to_owned());
        }
        let Some(size) = bytes.get(2..6) else {
            return fail(bytes.len(), "the length of a compressed term takes 4 bytes, but fewer are left".to_owned());
        };
        let said = u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize;
        if said > max_bytes {
            return fail(2, format!("a compressed term of {said} bytes; {max_bytes} are allowed"));
        }
        let mut inflated = vec![tag::VERSION];
        let mut zlib = ZlibDecoder::new(&bytes[6..]);
        if let Err(error) = zlib.by_ref().take(said as u64 + 1).read_to_end(&mut inflated) {
            let at = 6 + zlib.total_in() as usize;
            return fail(at.min(bytes.len()), format!("a compressed term that cannot be inflated: {error}"));
        }
        let is = inflated.len() - 1;
        if is != said {
            let is = if is > said { "more".to_owned() } else { is.to_string() };
            return fail(2, format!("a compressed term says it has {said} bytes and has {is}"));
        }
        // Reading to the last byte of the stream also compares its checksum.
        let end = 6 + zlib.total_in() as usize;
        if end != bytes.len() {
            return fail(end, format!("the term ends here, but {} more bytes follow", bytes.len() - end));
        }
        match Term::parse(&inflated) {
            Ok(_) => Ok(Self { bytes: inflated }),
            Err(error) => fail(6, format!("a compressed term that is none inflated: {error}")),
        }
    }

    /// The term.
    pub fn term(&self) -> Term<'_> {
        Term::checked(&self.bytes[1..])
    }
}

/// Room for a term that may have come compressed.
#[derive(Clone, Debug, Default)]
pub struct Unpacked(Option<Inflated>);

impl Unpacked {
    /// Reads exactly one term with its version byte, compressed or not; one that is inflated has at most `max_bytes`.
    ///
    /// # Errors
    /// Those of [`Term::parse`] and of [`Inflated::bounded`].
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8], max_bytes: usize) -> Result<Term<'a>, Error> {
        if Inflated::is(bytes) {
            return Ok(self.0.insert(Inflated::bounded(bytes, max_bytes)?).term());
        }
        Term::parse(bytes)
    }
}
