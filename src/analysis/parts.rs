//! How far is an analysis that makes several visits? Each visit tells its own steps; the watcher hears of the whole.

use crate::error::Result;
use crate::watch::Watch;

/// Steps of one part in the whole.
const STEPS: u64 = 1_000;

/// One of several parts of a work.
pub(crate) struct Part<'w> {
    pub(crate) watch: &'w dyn Watch,
    /// Parts before it.
    pub(crate) at: u64,
    /// Parts in all.
    pub(crate) of: u64,
}

impl Watch for Part<'_> {
    fn is_cancelled(&self) -> bool {
        self.watch.is_cancelled()
    }

    fn takes(&self, bytes: u64) -> Result<()> {
        self.watch.takes(bytes)
    }

    fn progressed(&self, done: u64, total: u64) {
        let within = done.saturating_mul(STEPS) / total.max(1);
        self.watch.progressed(self.at * STEPS + within, self.of * STEPS);
    }
}

/// A part too small to be told.
pub(crate) struct Quiet<'w>(pub(crate) &'w dyn Watch);

impl Watch for Quiet<'_> {
    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    fn takes(&self, bytes: u64) -> Result<()> {
        self.0.takes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn parts_within_parts_only_go_forward() {
        struct Told(Mutex<Vec<(u64, u64)>>);
        impl Watch for Told {
            fn progressed(&self, done: u64, total: u64) {
                self.0.lock().unwrap().push((done, total));
            }
        }
        let told = Told(Mutex::default());
        for at in 0..2 {
            let half = Part { watch: &told, at, of: 2 };
            for at in 0..3 {
                let part = Part { watch: &half, at, of: 3 };
                part.progressed(1, 7);
                part.progressed(7, 7);
                Quiet(&part).progressed(1, 7);
            }
        }
        let told = told.0.into_inner().unwrap();
        assert_eq!(told.len(), 12);
        assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
        assert!(told.iter().all(|(done, total)| *total == 2_000 && done <= total));
        assert_eq!(told.last(), Some(&(2_000, 2_000)));
    }
}
