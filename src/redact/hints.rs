//! Where in bytes may a secret begin?
//!
//! Some eighty short parts of names and forms are looked for at once. Of each place three bytes are hashed into a map of
//! bits: a few operations a byte, whatever is looked for; values are short, and a larger machine pays only for long ones.

use std::ops::Range;

use super::text::Hint;

/// Bits of the map, as a power of two.
const BITS: u32 = 13;

/// Parts that are looked for.
pub(super) struct Hints {
    map: Box<[u64; 1 << (BITS - 6)]>,
    /// The parts, by their first byte; of those that begin alike the longest first.
    by_first: Vec<Vec<(Box<[u8]>, Hint)>>,
}

impl Hints {
    pub(super) fn new(parts: impl IntoIterator<Item = (String, Hint)>) -> Self {
        let mut map = Box::new([0; 1 << (BITS - 6)]);
        let mut by_first: Vec<Vec<(Box<[u8]>, Hint)>> = vec![Vec::new(); 256];
        let mut add = |bytes: [u8; 3]| {
            let place = place_of(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]));
            map[place / 64] |= 1_u64 << (place % 64);
        };
        for (part, hint) in parts {
            match *part.as_bytes() {
                [a, b, c, ..] => add([a, b, c]),
                // What follows two bytes is a letter or a digit, or it is not what is looked for.
                [a, b] => (0..128_u8).filter(u8::is_ascii_alphanumeric).for_each(|c| add([a, b, c])),
                _ => continue,
            }
            by_first[usize::from(part.as_bytes()[0])].push((part.into_bytes().into(), hint));
        }
        for parts in &mut by_first {
            parts.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
        }
        Self { map, by_first }
    }

    /// The first part at or after a place, and what it hints at.
    #[inline]
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<(Range<usize>, Hint)> {
        let bytes = bytes.get(from..)?;
        for (at, four) in bytes.windows(4).enumerate() {
            let three = u32::from_le_bytes([four[0], four[1], four[2], four[3]]) & 0x00ff_ffff;
            if self.is_marked(three) {
                if let Some(found) = self.at(bytes, at, from) {
                    return Some(found);
                }
            }
        }
        // The last three have no fourth.
        let last = bytes.len().checked_sub(3)?;
        self.at(bytes, last, from)
    }

    #[inline]
    fn is_marked(&self, three: u32) -> bool {
        let place = place_of(three);
        self.map[place / 64] >> (place % 64) & 1 != 0
    }

    #[inline(never)]
    fn at(&self, bytes: &[u8], at: usize, from: usize) -> Option<(Range<usize>, Hint)> {
        let rest = &bytes[at..];
        let (part, hint) =
            self.by_first[usize::from(*rest.first()?)].iter().find(|(part, _)| rest.starts_with(part))?;
        Some((from + at..from + at + part.len(), *hint))
    }
}

/// The place of three bytes in the map.
#[inline]
const fn place_of(three: u32) -> usize {
    (three.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}
