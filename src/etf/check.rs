//! Are these bytes a term?

use super::error::Error;
use super::tag;

/// Deepest nesting that is read: no program's data comes near, and no stack is at risk.
pub const MAX_DEPTH: usize = 512;

/// Longest name of an atom, in characters.
const MAX_ATOM: usize = 255;

/// Bytes being checked.
struct Checker<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes before these in what the caller holds.
    base: usize,
    depth: usize,
}

/// How many bytes the term at the start of `bytes` takes. `base` is added to the offsets of errors.
pub(super) fn term_len(bytes: &[u8], base: usize) -> Result<usize, Error> {
    let mut checker = Checker { bytes, at: 0, base, depth: 0 };
    checker.one()?;
    Ok(checker.at)
}

impl Checker<'_> {
    #[cold]
    fn wrong(&self, message: String) -> Error {
        Error { offset: self.base + self.at, message }
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn skip(&mut self, n: usize, what: &str) -> Result<(), Error> {
        if n > self.left() {
            return Err(self.wrong(format!("{what} of {n} bytes, but {} are left", self.left())));
        }
        self.at += n;
        Ok(())
    }

    fn u8(&mut self) -> Result<u8, Error> {
        let Some(byte) = self.bytes.get(self.at) else {
            return Err(self.wrong("the bytes end inside a term".to_owned()));
        };
        self.at += 1;
        Ok(*byte)
    }

    fn be<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let part = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<N>());
        let Some(part) = part else { return Err(self.wrong("the bytes end inside a term".to_owned())) };
        self.at += N;
        Ok(*part)
    }

    fn u16(&mut self) -> Result<usize, Error> {
        Ok(u16::from_be_bytes(self.be()?).into())
    }

    fn u32(&mut self) -> Result<usize, Error> {
        Ok(u32::from_be_bytes(self.be()?) as usize)
    }

    /// Every term takes a byte at least: more of them than bytes are left is a lie.
    fn terms(&mut self, n: usize, what: &str) -> Result<(), Error> {
        if n > self.left() {
            return Err(self.wrong(format!("{what} of {n} terms, but {} bytes are left", self.left())));
        }
        if self.depth >= MAX_DEPTH {
            return Err(self.wrong(format!("terms nest deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        for _ in 0..n {
            self.one()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn atom(&mut self, len: usize, is_utf8: bool) -> Result<(), Error> {
        let start = self.at;
        self.skip(len, "an atom")?;
        let name = &self.bytes[start..self.at];
        if len <= MAX_ATOM && name.is_ascii() {
            return Ok(());
        }
        let characters =
            if is_utf8 { std::str::from_utf8(name).ok().map(|name| name.chars().count()) } else { Some(len) };
        match characters {
            Some(..=MAX_ATOM) => Ok(()),
            Some(n) => Err(self.wrong(format!("an atom of {n} characters; at most {MAX_ATOM}"))),
            None => Err(self.wrong("an atom's name is not UTF-8".to_owned())),
        }
    }

    /// A node's name, inside a pid, port or reference.
    fn node(&mut self) -> Result<(), Error> {
        let tag = self.u8()?;
        if !matches!(tag, tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) {
            return Err(self.wrong(format!("tag {tag} where a node's name is expected")));
        }
        self.tagged(tag)
    }

    /// A small integer inside an export or a fun.
    fn small(&mut self) -> Result<(), Error> {
        let tag = self.u8()?;
        if !matches!(tag, tag::SMALL_INTEGER | tag::INTEGER) {
            return Err(self.wrong(format!("tag {tag} where an integer is expected")));
        }
        self.tagged(tag)
    }

    fn one(&mut self) -> Result<(), Error> {
        let tag = self.u8()?;
        self.tagged(tag)
    }

    /// Reads on behind a tag, past the term.
    fn tagged(&mut self, tag: u8) -> Result<(), Error> {
        let n = match tag {
            tag::SMALL_INTEGER => 1,
            tag::INTEGER => 4,
            tag::NEW_FLOAT => 8,
            tag::FLOAT => return self.old_float(),
            tag::NIL => 0,
            tag::ATOM | tag::ATOM_UTF8 => {
                let len = self.u16()?;
                return self.atom(len, tag == tag::ATOM_UTF8);
            }
            tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => {
                let len = self.u8()?.into();
                return self.atom(len, tag == tag::SMALL_ATOM_UTF8);
            }
            tag::STRING => self.u16()?,
            tag::BINARY => self.u32()?,
            tag::BIT_BINARY => return self.bits(),
            tag::SMALL_BIG => usize::from(self.u8()?) + 1,
            tag::LARGE_BIG => self.u32()?.saturating_add(1),
            tag::SMALL_TUPLE => {
                let n = self.u8()?.into();
                return self.terms(n, "a tuple");
            }
            tag::LARGE_TUPLE => {
                let n = self.u32()?;
                return self.terms(n, "a tuple");
            }
            tag::LIST => {
                let n = self.u32()?;
                self.terms(n, "a list")?;
                // The tail; of a proper list, the empty one.
                return self.terms(1, "the tail of a list");
            }
            tag::MAP => {
                let n = self.u32()?;
                return self.terms(n.saturating_mul(2), "a map");
            }
            tag::PID | tag::NEW_PID | tag::PORT | tag::NEW_PORT | tag::V4_PORT => {
                self.node()?;
                match tag {
                    tag::PID => 9,
                    tag::PORT => 5,
                    tag::NEW_PORT => 8,
                    _ => 12,
                }
            }
            tag::REFERENCE => {
                self.node()?;
                5
            }
            tag::NEW_REFERENCE | tag::NEWER_REFERENCE => {
                let words = self.u16()?;
                if words > 5 {
                    return Err(self.wrong(format!("a reference of {words} words; at most 5")));
                }
                self.node()?;
                words * 4 + if tag == tag::NEWER_REFERENCE { 4 } else { 1 }
            }
            tag::EXPORT => {
                self.node()?;
                self.node()?;
                self.small()?;
                0
            }
            tag::NEW_FUN => return self.fun(),
            tag::COMPRESSED => return Err(self.wrong("a compressed term inside another".to_owned())),
            117 => return Err(self.wrong("a fun as OTP before 23 wrote it (tag 117)".to_owned())),
            _ => return Err(self.wrong(format!("{tag} is the tag of no term"))),
        };
        self.skip(n, "a term")?;
        Ok(())
    }

    /// `31` bytes of digits, as `printf("%.20e")` writes them.
    fn old_float(&mut self) -> Result<(), Error> {
        let start = self.at;
        self.skip(31, "a float")?;
        match super::view::old_float(&self.bytes[start..self.at]) {
            Some(_) => Ok(()),
            None => Err(self.wrong("the digits of a float cannot be read".to_owned())),
        }
    }

    fn bits(&mut self) -> Result<(), Error> {
        let len = self.u32()?;
        let last = self.u8()?;
        if !(1..=8).contains(&last) || (len == 0 && last != 8) {
            return Err(self.wrong(format!("a bit string whose last byte has {last} bits")));
        }
        self.skip(len, "a bit string")?;
        Ok(())
    }

    /// Size, arity, what identifies it, and the values it closes over.
    fn fun(&mut self) -> Result<(), Error> {
        let start = self.at;
        let size = self.u32()?;
        if size > self.bytes.len() - start || size < 4 {
            return Err(self.wrong(format!("a fun of {size} bytes, but {} are left", self.bytes.len() - start)));
        }
        self.skip(1 + 16 + 4, "a fun")?;
        let free = self.u32()?;
        self.node()?;
        self.small()?;
        self.small()?;
        let pid = self.u8()?;
        if !matches!(pid, tag::PID | tag::NEW_PID) {
            return Err(self.wrong(format!("tag {pid} where a fun's pid is expected")));
        }
        self.tagged(pid)?;
        self.terms(free, "a fun")?;
        if self.at != start + size {
            return Err(self.wrong(format!("a fun that ends here says it has {size} bytes")));
        }
        Ok(())
    }
}
