//! A set of row numbers of one segment.

/// Row numbers below a fixed length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    pub(crate) fn new(rows: usize) -> Self {
        Self { words: vec![0; rows.div_ceil(64)] }
    }

    /// Adds a row; says whether it was absent. Grows as needed.
    pub(crate) fn insert(&mut self, row: usize) -> bool {
        let (word, bit) = (row / 64, 1 << (row % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let was = self.words[word];
        self.words[word] = was | bit;
        was & bit == 0
    }

    pub(crate) fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Rows in the set within `lo..hi`.
    pub(crate) fn count_in(&self, lo: usize, hi: usize) -> usize {
        if lo >= hi {
            return 0;
        }
        let (first, last) = (lo / 64, (hi - 1) / 64);
        let mut count = 0;
        for (at, word) in self.words.iter().enumerate().take(last + 1).skip(first) {
            let mut word = *word;
            if at == first {
                word &= u64::MAX << (lo % 64);
            }
            if at == last {
                word &= u64::MAX >> (63 - (hi - 1) % 64);
            }
            count += word.count_ones() as usize;
        }
        count
    }

    /// Rows in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.words.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::Bitmap;

    #[test]
    fn counts_and_iterates_across_word_borders() {
        let mut set = Bitmap::new(200);
        for row in [0, 63, 64, 127, 199] {
            assert!(set.insert(row));
            assert!(!set.insert(row));
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 63, 64, 127, 199]);
        for (lo, hi) in [(0, 200), (1, 64), (63, 65), (64, 64), (65, 127), (128, 200), (10, 5)] {
            let counted = set.iter().filter(|row| lo <= *row && *row < hi).count();
            assert_eq!(set.count_in(lo, hi), counted, "{lo}..{hi}");
        }
    }
}
