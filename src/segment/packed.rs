//! Fixed-width columns: every value as its distance from the smallest, in the fewest whole bytes.

use crate::index::bitmap::Bitmap;
use crate::slab::Slab;

/// One number per rank.
#[derive(Debug)]
pub(crate) enum Packed {
    Constant(i64),
    W8(i64, Slab<u8>),
    W16(i64, Slab<u16>),
    W32(i64, Slab<u32>),
    W64(Slab<i64>),
}

impl Packed {
    pub(crate) fn new(values: impl Iterator<Item = i64> + Clone) -> Self {
        let (mut len, mut low, mut high) = (0, i64::MAX, i64::MIN);
        for value in values.clone() {
            len += 1;
            low = low.min(value);
            high = high.max(value);
        }
        if low >= high {
            return Self::Constant(if low == high { low } else { 0 });
        }
        // The distance of any two 64-bit numbers fits 64 unsigned bits.
        let distance = |value: i64| value.wrapping_sub(low) as u64;
        match distance(high) {
            0..=0xff => Self::W8(low, Slab::collect(len, values.map(|value| distance(value) as u8))),
            0x100..=0xffff => Self::W16(low, Slab::collect(len, values.map(|value| distance(value) as u16))),
            0x1_0000..=0xffff_ffff => Self::W32(low, Slab::collect(len, values.map(|value| distance(value) as u32))),
            _ => Self::W64(Slab::collect(len, values)),
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> i64 {
        match self {
            Self::Constant(value) => *value,
            Self::W8(low, column) => low.wrapping_add(i64::from(column[at])),
            Self::W16(low, column) => low.wrapping_add(i64::from(column[at])),
            Self::W32(low, column) => low.wrapping_add(i64::from(column[at])),
            Self::W64(column) => column[at],
        }
    }

    /// Keeps the places that hold a value.
    pub(crate) fn keep_equal(&self, value: i64, places: &mut Vec<u16>) {
        /// One loop per width, without a branch on the outcome, which is as good as random.
        fn keep<T: PartialEq + Copy>(column: &[T], wanted: Option<T>, places: &mut Vec<u16>) {
            let Some(wanted) = wanted else { return places.clear() };
            let mut kept = 0;
            for at in 0..places.len() {
                let place = places[at];
                places[kept] = place;
                kept += usize::from(column[usize::from(place)] == wanted);
            }
            places.truncate(kept);
        }
        match self {
            Self::Constant(constant) if *constant == value => {}
            Self::Constant(_) => places.clear(),
            Self::W8(low, column) => keep(column, value.checked_sub(*low).and_then(|gap| gap.try_into().ok()), places),
            Self::W16(low, column) => keep(column, value.checked_sub(*low).and_then(|gap| gap.try_into().ok()), places),
            Self::W32(low, column) => keep(column, value.checked_sub(*low).and_then(|gap| gap.try_into().ok()), places),
            Self::W64(column) => keep(column, Some(value), places),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Constant(_) => 0,
            Self::W8(_, column) => column.len(),
            Self::W16(_, column) => column.len() * 2,
            Self::W32(_, column) => column.len() * 4,
            Self::W64(column) => column.len() * 8,
        }
    }
}

/// One number per rank, or none.
#[derive(Debug)]
pub(crate) enum Optional {
    Absent,
    Full(Packed),
    Sparse(Bitmap, Packed),
}

impl Optional {
    pub(crate) fn new(rows: usize, values: impl Iterator<Item = Option<i64>> + Clone) -> Self {
        let present = values.clone().flatten().count();
        if present == 0 {
            return Self::Absent;
        }
        // A missing value takes the place of any present one, so that it does not widen the column.
        let filler = values.clone().flatten().next().unwrap_or(0);
        let column = Packed::new(values.clone().map(|value| value.unwrap_or(filler)));
        if present == rows {
            return Self::Full(column);
        }
        let mut presence = Bitmap::new(rows);
        for (at, _) in values.enumerate().filter(|(_, value)| value.is_some()) {
            presence.insert(at);
        }
        Self::Sparse(presence, column)
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<i64> {
        match self {
            Self::Absent => None,
            Self::Full(column) => Some(column.get(at)),
            Self::Sparse(presence, column) => presence.contains(at).then(|| column.get(at)),
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Full(column) => column.heap_bytes(),
            Self::Sparse(presence, column) => presence.heap_bytes() + column.heap_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_gives_back_what_went_in() {
        let check = |values: &[i64]| {
            let packed = Packed::new(values.iter().copied());
            let back: Vec<i64> = (0..values.len()).map(|at| packed.get(at)).collect();
            assert_eq!(back, values);
        };
        check(&[]);
        check(&[7, 7, 7]);
        check(&[-5, 250]);
        check(&[-576_460_751_564_576_952, -576_460_751_564_570_000]);
        check(&[0, 1 << 31]);
        check(&[i64::MIN, 0, i64::MAX]);
        check(&[-1, 1 << 40]);
    }

    #[test]
    fn a_missing_value_is_not_a_zero() {
        let values = [None, Some(0), Some(i64::MAX), None, Some(i64::MIN)];
        let column = Optional::new(values.len(), values.iter().copied());
        let back: Vec<_> = (0..values.len()).map(|at| column.get(at)).collect();
        assert_eq!(back, values);
    }
}
