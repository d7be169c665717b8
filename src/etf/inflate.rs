//! What is inside a compressed term?

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::error::Error;
use super::tag;
use super::term::Term;

/// A term's bytes, inflated if they came compressed.
#[derive(Debug, Default)]
pub struct Inflated {
    bytes: Vec<u8>,
}

impl Inflated {
    /// Reads exactly one term with its version byte, compressed or not. A compressed one is inflated into a buffer that
    /// is used again, up to `max_bytes`.
    ///
    /// # Errors
    /// Where and why the bytes are no term; of an inflated one, the offset is that of its inflated bytes.
    pub fn parse<'a>(&'a mut self, bytes: &'a [u8], max_bytes: usize) -> Result<Term<'a>, Error> {
        let [tag::VERSION, tag::COMPRESSED, rest @ ..] = bytes else { return Term::parse(bytes) };
        let wrong = |message: String| Error { offset: 2, message };
        let Some((claimed, packed)) = rest.split_first_chunk() else {
            return Err(wrong("the bytes end inside a compressed term".to_owned()));
        };
        let claimed = u32::from_be_bytes(*claimed) as usize;
        if claimed > max_bytes {
            return Err(wrong(format!("a compressed term of {claimed} bytes; at most {max_bytes}")));
        }
        self.bytes.clear();
        self.bytes.push(tag::VERSION);
        let read = ZlibDecoder::new(packed).take(claimed as u64 + 1).read_to_end(&mut self.bytes);
        let n = read.map_err(|error| wrong(format!("a compressed term cannot be inflated: {error}")))?;
        if n != claimed {
            return Err(wrong(format!("a compressed term says it has {claimed} bytes, but has others")));
        }
        Term::parse(&self.bytes)
    }
}
