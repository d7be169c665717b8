//! What is a term, one level deep?

use super::atom::Atom;
use super::tag;
use super::term::{Term, Terms};

/// One level of a term.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// An integer of 64 bits.
    Integer(i64),
    /// A larger one: its magnitude, least significant byte first.
    Big {
        /// Whether it is below zero.
        negative: bool,
        /// Its magnitude, least significant byte first.
        digits: &'a [u8],
    },
    /// A float.
    Float(f64),
    /// An atom.
    Atom(Atom<'a>),
    /// A process.
    Pid(Pid<'a>),
    /// A port.
    Port(Port<'a>),
    /// A reference.
    Reference(Reference<'a>),
    /// A tuple's elements.
    Tuple(Terms<'a>),
    /// The empty list.
    Nil,
    /// A list of integers from 0 to 255.
    Bytes(&'a [u8]),
    /// Any other list that is not empty.
    List {
        /// The elements.
        items: Terms<'a>,
        /// What stands in place of the empty list at its end.
        tail: Option<Term<'a>>,
    },
    /// A binary.
    Binary(&'a [u8]),
    /// A bit string.
    Bits {
        /// All of its bytes.
        bytes: &'a [u8],
        /// Bits of the last byte that count, from the most significant.
        last_bits: u8,
    },
    /// A map's keys and values, in turn.
    Map(Terms<'a>),
    /// An anonymous function.
    Fun(Fun<'a>),
    /// A named function of a module: `&Mod.fun/1`.
    Export {
        /// The module.
        module: Atom<'a>,
        /// The function's name.
        function: Atom<'a>,
        /// Its arity.
        arity: u8,
    },
}

/// A process identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pid<'a> {
    /// Its node.
    pub node: Atom<'a>,
    /// The second number shown.
    pub id: u32,
    /// The third number shown.
    pub serial: u32,
    /// Which life of the node.
    pub creation: u32,
}

/// A port identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port<'a> {
    /// Its node.
    pub node: Atom<'a>,
    /// The second number shown.
    pub id: u64,
    /// Which life of the node.
    pub creation: u32,
}

/// A reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// Its node.
    pub node: Atom<'a>,
    /// Which life of the node.
    pub creation: u32,
    words: &'a [u8],
}

impl<'a> Reference<'a> {
    /// Its numbers, in the order sent: the last is shown first.
    pub fn words(self) -> impl DoubleEndedIterator<Item = u32> + 'a {
        self.words.chunks_exact(4).map(number)
    }
}

/// An anonymous function.
#[derive(Clone, Copy, Debug)]
pub struct Fun<'a> {
    /// Where it is defined.
    pub module: Atom<'a>,
    /// Its arity.
    pub arity: u8,
    /// Its number in the module.
    pub index: i64,
    /// Hash of its code.
    pub uniq: i64,
    /// The values it closes over.
    pub free: Terms<'a>,
}

/// Reads bytes in order; those of a checked term do not end too early.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (part, rest) = self.0.split_at(n.min(self.0.len()));
        self.0 = rest;
        part
    }

    fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    fn u16(&mut self) -> usize {
        self.take(2).iter().fold(0, |all, byte| all << 8 | usize::from(*byte))
    }

    fn u32(&mut self) -> u32 {
        number(self.take(4))
    }

    fn term(&mut self) -> Option<Term<'a>> {
        let mut terms = Terms::new(self.0, 1);
        let term = terms.next()?;
        self.take(term.as_bytes().len());
        Some(term)
    }

    fn atom(&mut self) -> Atom<'a> {
        self.term().and_then(Term::atom).unwrap_or(Atom::new(&[], false))
    }

    fn integer(&mut self) -> i64 {
        self.term().and_then(Term::integer).unwrap_or_default()
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |all, byte| all << 8 | u32::from(*byte))
}

/// Reads one level of checked bytes.
pub(super) fn decode(bytes: &[u8]) -> View<'_> {
    let term = Term::of_checked(bytes);
    if let Some(value) = term.integer() {
        return View::Integer(value);
    }
    if let Some(atom) = term.atom() {
        return View::Atom(atom);
    }
    if let Some(elements) = term.tuple() {
        return View::Tuple(elements);
    }
    let mut reader = Reader(bytes);
    match reader.u8() {
        tag::NEW_FLOAT => View::Float(f64::from_bits(reader.take(8).iter().fold(0, |all, b| all << 8 | u64::from(*b)))),
        tag::FLOAT => View::Float(old_float(reader.take(31)).unwrap_or_default()),
        tag::STRING => match reader.u16() {
            0 => View::Nil,
            n => View::Bytes(reader.take(n)),
        },
        tag::BINARY => {
            let n = reader.u32();
            View::Binary(reader.take(n as usize))
        }
        tag::BIT_BINARY => {
            let (n, last_bits) = (reader.u32(), reader.u8());
            let bytes = reader.take(n as usize);
            if last_bits == 8 { View::Binary(bytes) } else { View::Bits { bytes, last_bits } }
        }
        tag::SMALL_BIG => {
            let n = reader.u8();
            big(&mut reader, n.into())
        }
        tag::LARGE_BIG => {
            let n = reader.u32();
            big(&mut reader, n as usize)
        }
        tag::LIST => {
            let n = reader.u32() as usize;
            let items = Terms::new(reader.0, n);
            let tail = items.behind();
            match (n, tail) {
                (0, [tag::NIL]) => View::Nil,
                (_, [tag::NIL]) => View::List { items, tail: None },
                _ => View::List { items, tail: Some(Term::of_checked(tail)) },
            }
        }
        tag::MAP => {
            let n = reader.u32() as usize;
            View::Map(Terms::new(reader.0, n * 2))
        }
        id @ (tag::PID | tag::NEW_PID) => {
            let node = reader.atom();
            let (pid_id, serial) = (reader.u32(), reader.u32());
            let creation = if id == tag::PID { reader.u8().into() } else { reader.u32() };
            View::Pid(Pid { node, id: pid_id, serial, creation })
        }
        id @ (tag::PORT | tag::NEW_PORT | tag::V4_PORT) => {
            let node = reader.atom();
            let high = if id == tag::V4_PORT { reader.u32() } else { 0 };
            let port_id = u64::from(high) << 32 | u64::from(reader.u32());
            let creation = if id == tag::PORT { reader.u8().into() } else { reader.u32() };
            View::Port(Port { node, id: port_id, creation })
        }
        tag::REFERENCE => {
            let node = reader.atom();
            let words = reader.take(4);
            View::Reference(Reference { node, creation: reader.u8().into(), words })
        }
        id @ (tag::NEW_REFERENCE | tag::NEWER_REFERENCE) => {
            let n = reader.u16();
            let node = reader.atom();
            let creation = if id == tag::NEW_REFERENCE { reader.u8().into() } else { reader.u32() };
            View::Reference(Reference { node, creation, words: reader.take(n * 4) })
        }
        tag::EXPORT => {
            let (module, function) = (reader.atom(), reader.atom());
            View::Export { module, function, arity: reader.integer() as u8 }
        }
        tag::NEW_FUN => {
            reader.take(4);
            let arity = reader.u8();
            reader.take(16 + 4);
            let n = reader.u32() as usize;
            let module = reader.atom();
            let (index, uniq) = (reader.integer(), reader.integer());
            reader.term();
            View::Fun(Fun { module, arity, index, uniq, free: Terms::new(reader.0, n) })
        }
        _ => View::Nil,
    }
}

fn big<'a>(reader: &mut Reader<'a>, n: usize) -> View<'a> {
    let negative = reader.u8() != 0;
    View::Big { negative, digits: reader.take(n) }
}

/// The float in 31 bytes of digits and zeros.
pub(super) fn old_float(digits: &[u8]) -> Option<f64> {
    let text = digits.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok()?.trim().parse().ok().filter(|value: &f64| value.is_finite())
}
