//! Which process, port, reference or function does a term name?

use super::atom::Atom;
use super::term::Terms;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pid<'a> {
    /// Node it runs on.
    pub node: Atom<'a>,
    /// Middle number of `<0.1.0>`.
    pub id: u32,
    /// Last number of `<0.1.0>`.
    pub serial: u32,
    /// Incarnation of the node.
    pub creation: u32,
}

/// A port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Port<'a> {
    /// Node it is open on.
    pub node: Atom<'a>,
    /// Number of `#Port<0.5>`.
    pub id: u64,
    /// Incarnation of the node.
    pub creation: u32,
}

/// A reference: also a monitor, a timer or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// Node that made it.
    pub node: Atom<'a>,
    /// Incarnation of the node.
    pub creation: u32,
    /// Its words, big endian; 4 bytes each, one to five of them.
    pub(super) ids: &'a [u8],
}

impl<'a> Reference<'a> {
    /// Its numbers as sent: `#Reference<0.3.2.1>` is `1, 2, 3`.
    pub fn words(self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + use<'a> {
        self.ids.chunks_exact(4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
    }
}

/// An anonymous function. Its code stays on its node; what it closes over came with it.
#[derive(Clone, Copy, Debug)]
pub struct Fun<'a> {
    /// Module it is written in.
    pub module: Atom<'a>,
    /// Arguments it takes.
    pub arity: u8,
    /// Its place among the functions of the module (`old_index`).
    pub index: i64,
    /// Hash of its code (`old_uniq`).
    pub uniq: i64,
    /// Values it closes over.
    pub free: Terms<'a>,
    /// Process that made it.
    pub pid: Pid<'a>,
}
