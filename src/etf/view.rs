//! What is a term, one level deep?

use super::atom::Atom;
use super::cursor::Cursor;
use super::identity::{Fun, Pid, Port, Reference};
use super::tag;
use super::term::{Term, Terms};

/// One level of a term; what is inside is decoded when asked for.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// An integer of 64 bits.
    Integer(i64),
    /// An integer beyond 64 bits.
    Big {
        /// Below zero.
        negative: bool,
        /// Its magnitude, little endian.
        digits: &'a [u8],
    },
    /// A float; always finite.
    Float(f64),
    /// An atom.
    Atom(Atom<'a>),
    /// A process.
    Pid(Pid<'a>),
    /// A port.
    Port(Port<'a>),
    /// A reference.
    Reference(Reference<'a>),
    /// A tuple.
    Tuple(Terms<'a>),
    /// The empty list.
    Nil,
    /// A list of integers 0 to 255, sent as bytes.
    Bytes(&'a [u8]),
    /// Any other list.
    List {
        /// Its elements; at least one.
        items: Terms<'a>,
        /// What ends it, unless that is the empty list.
        tail: Option<Term<'a>>,
    },
    /// A binary.
    Binary(&'a [u8]),
    /// A bit string that is no binary.
    Bits {
        /// Its bytes; unused bits of the last one are as sent.
        bytes: &'a [u8],
        /// Bits used of the last byte, from the high end; 1 to 7.
        last_bits: u8,
    },
    /// A map: keys and values in turn, as sent.
    Map(Terms<'a>),
    /// An anonymous function.
    Fun(Fun<'a>),
    /// A function of a module, `&Mod.fun/2`.
    Export {
        /// Its module.
        module: Atom<'a>,
        /// Its name.
        function: Atom<'a>,
        /// Arguments it takes.
        arity: u8,
    },
}

impl<'a> View<'a> {
    /// Decodes what the cursor stands at and leaves it behind that, or at the first term inside.
    /// The tail of a list is not looked at.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a level is matched twice otherwise: showing is a fifth slower")]
    pub(super) fn next(cursor: &mut Cursor<'a>) -> Self {
        match cursor.u8() {
            tag @ (tag::ATOM | tag::ATOM_UTF8 | tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8) => {
                Self::Atom(cursor.atom_tagged(tag))
            }
            tag::SMALL_INTEGER => Self::Integer(i64::from(cursor.u8())),
            tag::INTEGER => Self::Integer(i64::from(cursor.u32() as i32)),
            tag::SMALL_BIG => {
                let len = usize::from(cursor.u8());
                big(cursor.u8() != 0, cursor.take(len))
            }
            tag::LARGE_BIG => {
                let len = cursor.u32() as usize;
                big(cursor.u8() != 0, cursor.take(len))
            }
            tag::SMALL_TUPLE => {
                let arity = usize::from(cursor.u8());
                Self::Tuple(Terms::new(*cursor, arity))
            }
            tag::LARGE_TUPLE => {
                let arity = cursor.u32() as usize;
                Self::Tuple(Terms::new(*cursor, arity))
            }
            tag::NIL => Self::Nil,
            tag::STRING => {
                let len = usize::from(cursor.u16());
                Self::Bytes(cursor.take(len))
            }
            tag::LIST => {
                let len = cursor.u32() as usize;
                Self::List { items: Terms::new(*cursor, len), tail: None }
            }
            tag::BINARY => {
                let len = cursor.u32() as usize;
                Self::Binary(cursor.take(len))
            }
            tag::BIT_BINARY => {
                let len = cursor.u32() as usize;
                let last_bits = cursor.u8();
                let bytes = cursor.take(len);
                if matches!(last_bits, 0 | 8) { Self::Binary(bytes) } else { Self::Bits { bytes, last_bits } }
            }
            tag::MAP => {
                let pairs = cursor.u32() as usize;
                Self::Map(Terms::new(*cursor, 2 * pairs))
            }
            tag::NEW_FLOAT => Self::Float(f64::from_bits(cursor.u64())),
            tag::FLOAT => Self::Float(old_float(cursor.take(31)).unwrap_or_default()),
            tag::NEW_FUN => Self::Fun(fun(cursor)),
            tag::EXPORT => Self::Export { module: cursor.atom(), function: cursor.atom(), arity: cursor.small() as u8 },
            tag @ (tag::PID | tag::NEW_PID) => Self::Pid(pid(tag, cursor)),
            tag @ (tag::PORT | tag::NEW_PORT | tag::V4_PORT) => Self::Port(port(tag, cursor)),
            tag => Self::Reference(reference(tag, cursor)),
        }
    }
}

/// The integer of this magnitude, as 64 bits where they hold it.
#[inline(never)]
fn big(negative: bool, digits: &[u8]) -> View<'_> {
    // Times are of eight digits.
    let magnitude = match digits.try_into() {
        Ok(bytes) => Some(u64::from_le_bytes(bytes)),
        Err(_) if used(digits) > 8 => None,
        Err(_) => Some(digits[..used(digits)].iter().rev().fold(0, |all, &digit| all << 8 | u64::from(digit))),
    };
    let signed = |magnitude: u64| {
        if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
    };
    let integer = magnitude.and_then(signed);
    integer.map_or_else(|| View::Big { negative, digits: &digits[..used(digits)] }, View::Integer)
}

/// Digits without the zeros at the high end.
fn used(digits: &[u8]) -> usize {
    digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1)
}

/// A float as OTP R14 and older wrote it: text, filled up with zeros.
#[inline(never)]
pub(super) fn old_float(bytes: &[u8]) -> Option<f64> {
    let used = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let float: f64 = std::str::from_utf8(&bytes[..used]).ok()?.trim().parse().ok()?;
    float.is_finite().then_some(float)
}

fn pid<'a>(tag: u8, cursor: &mut Cursor<'a>) -> Pid<'a> {
    let (node, id, serial) = (cursor.atom(), cursor.u32(), cursor.u32());
    Pid { node, id, serial, creation: if tag == tag::PID { u32::from(cursor.u8()) } else { cursor.u32() } }
}

#[inline(never)]
fn port<'a>(tag: u8, cursor: &mut Cursor<'a>) -> Port<'a> {
    let node = cursor.atom();
    let id = if tag == tag::V4_PORT { cursor.u64() } else { u64::from(cursor.u32()) };
    Port { node, id, creation: if tag == tag::PORT { u32::from(cursor.u8()) } else { cursor.u32() } }
}

#[inline(never)]
fn reference<'a>(tag: u8, cursor: &mut Cursor<'a>) -> Reference<'a> {
    if tag == tag::REFERENCE {
        let (node, ids) = (cursor.atom(), cursor.take(4));
        return Reference { node, creation: u32::from(cursor.u8()), ids };
    }
    let words = usize::from(cursor.u16());
    let node = cursor.atom();
    let creation = if tag == tag::NEW_REFERENCE { u32::from(cursor.u8()) } else { cursor.u32() };
    Reference { node, creation, ids: cursor.take(4 * words) }
}

#[inline(never)]
fn fun<'a>(cursor: &mut Cursor<'a>) -> Fun<'a> {
    // Its size in bytes, which the check has compared.
    cursor.u32();
    let arity = cursor.u8();
    // Hash of the module and its place in it: `old_index` and `old_uniq` say the same shorter.
    cursor.take(16 + 4);
    let free = cursor.u32() as usize;
    let (module, index, uniq) = (cursor.atom(), cursor.small(), cursor.small());
    let tag = cursor.u8();
    let pid = pid(tag, cursor);
    Fun { module, arity, index, uniq, free: Terms::new(*cursor, free), pid }
}
