//! Which texts, numbers and lists are in a term, at any depth?

use super::cursor::Cursor;
use super::tag;
use super::term::Term;

/// A part of a term that may hold something to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf<'a> {
    /// A binary, or a list of bytes.
    Text(&'a [u8]),
    /// An integer beyond 32 bits, up to eight bytes; its digits are little endian.
    Big(&'a [u8]),
    /// A list that begins with a text, a number or a list, and has more than that one element.
    Pieces,
}

impl<'a> Term<'a> {
    /// Whether some leaf is what is looked for. Cost: one step per term inside it.
    pub(crate) fn any_leaf(self, mut is_it: impl FnMut(Leaf<'a>) -> bool) -> bool {
        let mut cursor = Cursor { rest: self.as_bytes() };
        while let Some(&tag) = cursor.rest.first() {
            let leaf = match tag {
                tag::SMALL_TUPLE => {
                    cursor.take(2);
                    continue;
                }
                tag::LARGE_TUPLE | tag::MAP => {
                    cursor.take(5);
                    continue;
                }
                tag::LIST => {
                    cursor.u8();
                    let len = cursor.u32();
                    let is_piece = |tag: u8| {
                        matches!(
                            tag,
                            tag::BINARY | tag::STRING | tag::LIST | tag::SMALL_INTEGER | tag::INTEGER | tag::NIL
                        )
                    };
                    let first = cursor.rest.first().copied().unwrap_or_default();
                    if !is_piece(first) || !(len > 1 || has_tail(cursor)) {
                        continue;
                    }
                    Leaf::Pieces
                }
                tag::BINARY => {
                    cursor.u8();
                    let len = cursor.u32() as usize;
                    Leaf::Text(cursor.take(len))
                }
                tag::BIT_BINARY => {
                    cursor.u8();
                    let len = cursor.u32() as usize;
                    cursor.u8();
                    Leaf::Text(cursor.take(len))
                }
                tag::STRING => {
                    cursor.u8();
                    let len = usize::from(cursor.u16());
                    Leaf::Text(cursor.take(len))
                }
                tag::SMALL_BIG => {
                    cursor.u8();
                    let len = usize::from(cursor.u8());
                    cursor.u8();
                    Leaf::Big(cursor.take(len))
                }
                tag::NEW_FUN => {
                    // Its free variables are looked at, too: they follow two integers and the pid of its maker.
                    cursor.take(1 + 4 + 1 + 16 + 4 + 4);
                    cursor.skip();
                    cursor.skip();
                    cursor.skip();
                    cursor.skip();
                    continue;
                }
                _ => {
                    cursor.skip();
                    continue;
                }
            };
            if is_it(leaf) {
                return true;
            }
        }
        false
    }
}

/// Whether a list of one element that begins here ends with something else than the empty list.
fn has_tail(mut cursor: Cursor<'_>) -> bool {
    cursor.skip();
    cursor.rest.first() != Some(&tag::NIL)
}
