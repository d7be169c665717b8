//! Are these bytes one whole term?
//!
//! One pass, no allocation. Nothing is believed: a length is compared with the bytes left before it is used, so that
//! neither time nor memory follows what the bytes claim.

use super::error::Error;
use super::tag;
use super::view::old_float;

/// Terms inside terms, at most: tuples, lists, maps and functions around one value.
/// Reading and showing recurse; this keeps them within a thread's stack of 2 MiB.
pub const MAX_DEPTH: usize = 512;

/// Longest atom, in characters; Erlang's own limit.
const MAX_ATOM_CHARS: usize = 255;

type Checked<T = ()> = Result<T, Box<Error>>;

/// Passes over the version byte and the one term that must follow it.
pub(super) fn check(bytes: &[u8]) -> Checked {
    let mut checker = Checker { bytes, at: 0 };
    match checker.u8("the version byte 131")? {
        tag::VERSION => {}
        other => return Err(fail(0, format!("{other} is not the version byte of a term; 131 is expected"))),
    }
    checker.terms(1, 0)?;
    match bytes.len() - checker.at {
        0 => Ok(()),
        extra => Err(fail(checker.at, format!("the term ends here, but {extra} more bytes follow"))),
    }
}

struct Checker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Checker<'_> {
    /// Passes over so many terms, inside `depth` others.
    fn terms(&mut self, count: usize, depth: usize) -> Checked {
        for _ in 0..count {
            let at = self.at;
            let tag = self.u8("a term")?;
            let inside = match tag {
                tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8 => {
                    self.atom_tagged(tag)?;
                    0
                }
                tag::SMALL_INTEGER => self.pass(1, "an integer of one byte")?,
                tag::INTEGER => self.pass(4, "an integer of four bytes")?,
                tag::NIL => 0,
                tag::SMALL_TUPLE => {
                    let arity = usize::from(self.u8("the size of a tuple")?);
                    self.holds(at, arity, "a tuple", "elements")?
                }
                tag::LARGE_TUPLE => {
                    let arity = self.u32("the size of a tuple")?;
                    self.holds(at, arity, "a tuple", "elements")?
                }
                tag::LIST => match self.u32("the length of a list")? {
                    0 => return Err(fail(at, "a list of no elements; the empty list is tag 106".to_owned())),
                    len => self.holds(at, len, "a list", "elements")? + 1,
                },
                tag::MAP => {
                    let pairs = self.u32("the size of a map")?;
                    self.holds(at, pairs.saturating_mul(2), "a map", "keys and values")?
                }
                tag::BINARY => {
                    let len = self.u32("the length of a binary")?;
                    self.pass(len, "a binary")?
                }
                tag::NEW_FUN => self.fun(at)?,
                tag::STRING => {
                    let len = self.u16("the length of a list of bytes")?;
                    self.pass(len, "a list of bytes")?
                }
                _ => self.rare(tag, at)?,
            };
            if inside > 0 {
                if depth == MAX_DEPTH {
                    let message = format!("terms are nested deeper than {MAX_DEPTH}, the most that is read");
                    return Err(fail(at, message));
                }
                self.terms(inside, depth + 1)?;
                if tag == tag::NEW_FUN {
                    self.fun_ends(at)?;
                }
            }
        }
        Ok(())
    }

    /// Terms that are seldom sent, and bytes that are none.
    #[inline(never)]
    fn rare(&mut self, tag: u8, at: usize) -> Checked<usize> {
        match tag {
            tag::NEW_PID
            | tag::PID
            | tag::NEW_PORT
            | tag::V4_PORT
            | tag::PORT
            | tag::REFERENCE
            | tag::NEW_REFERENCE
            | tag::NEWER_REFERENCE => self.identity(tag),
            tag::SMALL_BIG => {
                let len = usize::from(self.u8("the length of an integer")?);
                self.sign()?;
                self.pass(len, "a big integer")
            }
            tag::LARGE_BIG => {
                let len = self.u32("the length of an integer")?;
                self.sign()?;
                self.pass(len, "a big integer")
            }
            tag::NEW_FLOAT => {
                let bits = self.take(8, "a float of eight bytes")?;
                let float = f64::from_be_bytes(std::array::from_fn(|place| bits[place]));
                if float.is_finite() {
                    return Ok(0);
                }
                Err(fail(at, format!("{float} is no float of Erlang; a finite one is expected")))
            }
            tag::FLOAT => match old_float(self.take(31, "a float of 31 characters")?) {
                Some(_) => Ok(0),
                None => Err(fail(at, "31 characters that are no finite float, such as 1.50000e+00".to_owned())),
            },
            tag::BIT_BINARY => {
                let len = self.u32("the length of a bit string")?;
                let bits = self.u8("the bits used of the last byte")?;
                if !matches!((len, bits), (0, 0) | (1.., 1..=8)) {
                    let message = format!("{bits} bits are used of the last of {len} bytes; 1 to 8 are expected");
                    return Err(fail(at, message));
                }
                self.pass(len, "a bit string")
            }
            tag::EXPORT => {
                self.atom("a module's name")?;
                self.atom("a function's name")?;
                match self.u8("an arity")? {
                    tag::SMALL_INTEGER => self.pass(1, "an arity"),
                    other => Err(fail(self.at - 1, format!("tag {other}; an arity, tag 97, is expected"))),
                }
            }
            tag::COMPRESSED => {
                let message = "a compressed term, which stands only for a whole one and is inflated first";
                Err(fail(at, message.to_owned()))
            }
            tag::OLD_FUN => {
                Err(fail(at, "a function as OTP 22 and older sent it (tag 117); tag 112 is expected".to_owned()))
            }
            tag::LOCAL => {
                Err(fail(at, "a term in its node's own form (tag 121), which no other program can read".to_owned()))
            }
            other => Err(fail(at, format!("tag {other} starts no term; expected are {TAGS}"))),
        }
    }

    /// A pid, a port or a reference, its tag read.
    fn identity(&mut self, tag: u8) -> Checked<usize> {
        let what = match tag {
            tag::PID | tag::NEW_PID => "a pid",
            tag::PORT | tag::NEW_PORT | tag::V4_PORT => "a port",
            _ => "a reference",
        };
        let fields = match tag {
            tag::PID => 9,
            tag::NEW_PID | tag::V4_PORT => 12,
            tag::NEW_PORT => 8,
            tag::NEW_REFERENCE | tag::NEWER_REFERENCE => {
                let at = self.at;
                let words = self.u16("the words of a reference")?;
                if !(1..=5).contains(&words) {
                    return Err(fail(at, format!("a reference of {words} words; 1 to 5 are expected")));
                }
                4 * words + if tag == tag::NEW_REFERENCE { 1 } else { 4 }
            }
            _ => 5,
        };
        self.atom("a node's name")?;
        self.pass(fields, what)
    }

    /// An anonymous function up to what it closes over, its tag read; how many values follow.
    fn fun(&mut self, at: usize) -> Checked<usize> {
        self.u32("the size of a function")?;
        self.pass(1 + 16 + 4, "a function")?;
        let free = self.u32("the values a function closes over")?;
        self.atom("a module's name")?;
        for what in ["the place of a function", "the hash of a function"] {
            match self.u8(what)? {
                tag::SMALL_INTEGER => self.pass(1, what)?,
                tag::INTEGER => self.pass(4, what)?,
                other => return Err(fail(self.at - 1, format!("tag {other}; {what}, tag 97 or 98, is expected"))),
            };
        }
        match self.u8("a pid")? {
            tag @ (tag::PID | tag::NEW_PID) => self.identity(tag)?,
            other => return Err(fail(self.at - 1, format!("tag {other}; a pid, tag 88 or 103, is expected"))),
        };
        let free = self.holds(at, free, "a function", "values it closes over")?;
        if free == 0 {
            self.fun_ends(at)?;
        }
        Ok(free)
    }

    /// The function that started at `at` must have been as long as it said.
    fn fun_ends(&self, at: usize) -> Checked {
        let said = u32::from_be_bytes(std::array::from_fn(|place| self.bytes[at + 1 + place])) as usize;
        let is = self.at - at - 1;
        if said == is {
            return Ok(());
        }
        Err(fail(at + 1, format!("a function of {is} bytes says it has {said}")))
    }

    fn atom(&mut self, what: &'static str) -> Checked {
        match self.u8(what)? {
            tag @ (tag::ATOM | tag::SMALL_ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) => self.atom_tagged(tag),
            other => {
                Err(fail(self.at - 1, format!("tag {other}; {what}, an atom (100, 115, 118 or 119), is expected")))
            }
        }
    }

    #[inline]
    fn atom_tagged(&mut self, tag: u8) -> Checked {
        let at = self.at - 1;
        let len = match tag {
            tag::ATOM | tag::ATOM_UTF8 => self.u16("the length of an atom")?,
            _ => usize::from(self.u8("the length of an atom")?),
        };
        let text = self.take(len, "an atom")?;
        // Atoms are short: a plain loop is faster than words at a time.
        if len <= MAX_ATOM_CHARS && text.iter().fold(0, |all, byte| all | byte) < 0x80 {
            return Ok(());
        }
        let chars = match tag {
            tag::ATOM | tag::SMALL_ATOM => len,
            _ => match std::str::from_utf8(text) {
                Ok(text) => text.chars().count(),
                Err(error) => {
                    let place = self.at - len + error.valid_up_to();
                    return Err(fail(place, "an atom that is not UTF-8".to_owned()));
                }
            },
        };
        if chars <= MAX_ATOM_CHARS {
            return Ok(());
        }
        Err(fail(at, format!("an atom of {chars} characters; {MAX_ATOM_CHARS} are allowed")))
    }

    fn sign(&mut self) -> Checked {
        match self.u8("the sign of an integer")? {
            0 | 1 => Ok(()),
            other => Err(fail(self.at - 1, format!("{other} is no sign of an integer; 0 or 1 is expected"))),
        }
    }

    /// Compares how many terms are said to follow with the bytes left: each takes one at least.
    #[inline]
    fn holds(&self, at: usize, count: usize, what: &str, parts: &str) -> Checked<usize> {
        let left = self.bytes.len() - self.at;
        if count <= left {
            return Ok(count);
        }
        Err(fail(at, format!("{what} of {count} {parts}, but {left} bytes are left")))
    }

    /// Passes over bytes that may say anything; none of them is a term.
    #[inline]
    fn pass(&mut self, len: usize, what: &str) -> Checked<usize> {
        self.take(len, what)?;
        Ok(0)
    }

    #[inline]
    fn take(&mut self, len: usize, what: &str) -> Checked<&[u8]> {
        match self.bytes[self.at..].get(..len) {
            Some(taken) => {
                self.at += len;
                Ok(taken)
            }
            None => Err(self.short(len, what)),
        }
    }

    #[inline]
    fn u8(&mut self, what: &str) -> Checked<u8> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(self.short(1, what)),
        }
    }

    #[inline]
    fn u16(&mut self, what: &str) -> Checked<usize> {
        let bytes = self.take(2, what)?;
        Ok(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }

    #[inline]
    fn u32(&mut self, what: &str) -> Checked<usize> {
        let bytes = self.take(4, what)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    #[cold]
    #[inline(never)]
    #[expect(clippy::unnecessary_box_returns, reason = "what every step returns stays in two registers")]
    fn short(&self, len: usize, what: &str) -> Box<Error> {
        let left = self.bytes.len() - self.at;
        fail(self.at, format!("{what} is expected and takes {len} bytes, but {left} are left"))
    }
}

const TAGS: &str = "70, 77, 88 to 90, 97 to 116 and 118 to 120";

#[cold]
#[inline(never)]
#[expect(clippy::unnecessary_box_returns, reason = "what every step returns stays in two registers")]
fn fail(offset: usize, message: String) -> Box<Error> {
    Box::new(Error { offset, message })
}
