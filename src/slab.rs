//! Where does a large array lie that is written once and then only read? In a mapping of its own.
//!
//! What an allocator does with freed memory is its own affair: arrays of a few hundred kilobytes come back as holes in
//! its heap. A mapping goes back to the system the moment it is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;
use memmap2::{MmapMut, MmapOptions};

/// Below, a mapping's page granularity and system calls cost more than they give.
const MIN_MAPPED_BYTES: usize = 64 << 10;

enum Place<T> {
    Heap(Box<[T]>),
    Mapped(MmapMut),
}

/// A fixed number of plain numbers.
pub(crate) struct Slab<T>(Place<T>);

impl<T: Pod> Slab<T> {
    /// So many zeros. On the heap where the system gives no mapping.
    pub(crate) fn zeroed(len: usize) -> Self {
        let bytes = len * size_of::<T>();
        // Populated: one system call in place of a page fault for every 4 KiB, all of which are about to be written.
        let map = || MmapOptions::new().len(bytes).populate().map_anon().ok();
        let mapped = if bytes < MIN_MAPPED_BYTES { None } else { map() };
        Self(mapped.map_or_else(|| Place::Heap(vec![T::zeroed(); len].into()), Place::Mapped))
    }

    /// The first `len` of the values.
    pub(crate) fn collect(len: usize, values: impl Iterator<Item = T>) -> Self {
        let mut slab = Self::zeroed(len);
        for (place, value) in slab.iter_mut().zip(values) {
            *place = value;
        }
        slab
    }
}

impl<T: Pod> Deref for Slab<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Place::Heap(values) => values,
            // A mapping starts at a page and was made for a whole number of values.
            Place::Mapped(bytes) => bytemuck::cast_slice(bytes),
        }
    }
}

impl<T: Pod> DerefMut for Slab<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Place::Heap(values) => values,
            Place::Mapped(bytes) => bytemuck::cast_slice_mut(bytes),
        }
    }
}

impl<T: Pod> fmt::Debug for Slab<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slab of {}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_from_the_heap_and_from_a_mapping() {
        fn check<T: Pod + PartialEq + fmt::Debug>(values: &[T], is_mapped: bool) {
            let slab = Slab::collect(values.len(), values.iter().copied());
            assert_eq!(&*slab, values);
            assert_eq!(matches!(slab.0, Place::Mapped(_)), is_mapped);
        }
        check::<u8>(&[], false);
        check(&[1_u16, u16::MAX], false);
        check(&(0..=u16::MAX).collect::<Vec<u16>>(), true);
        check(&(-8_192..8_193).map(|value| value << 40).collect::<Vec<i64>>(), true);
        check(&(0..70_000_u32).map(|value| value as u8).collect::<Vec<u8>>(), true);
    }
}
