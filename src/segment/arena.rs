//! Where do the ids and payloads of a sealed segment lie? One after the other, two thirds of its memory.

use crate::slab::Slab;

/// Text that is appended until its capacity is reached, and then only read.
#[derive(Debug)]
pub(crate) struct Arena {
    bytes: Slab<u8>,
    len: usize,
}

impl Arena {
    /// Room for exactly so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Slab::zeroed(bytes), len: 0 }
    }

    /// Appends a text; the sum of all must not exceed the capacity.
    pub(crate) fn push_str(&mut self, text: &str) {
        let end = self.len + text.len();
        self.bytes[self.len..end].copy_from_slice(text.as_bytes());
        self.len = end;
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// A text that was pushed, or several in a row. Cost: one pass that checks its encoding.
    pub(crate) fn text(&self, start: usize, end: usize) -> &str {
        // Invariant: texts are pushed whole and the ends are theirs.
        std::str::from_utf8(&self.bytes[start..end]).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_pushed() {
        for bytes in [0, 16, 1 << 20] {
            let mut arena = Arena::with_capacity(bytes);
            let texts: Vec<&str> = ["", "a", "größe", "🦀"].into_iter().cycle().take(bytes / 4).collect();
            let ends: Vec<usize> = texts
                .iter()
                .map(|text| {
                    arena.push_str(text);
                    arena.len()
                })
                .collect();
            let mut start = 0;
            for (text, end) in texts.iter().zip(ends) {
                assert_eq!(arena.text(start, end), *text);
                start = end;
            }
        }
    }
}
