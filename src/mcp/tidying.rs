//! When does memory that was freed go back to the system?
//!
//! The allocator keeps for a second what a thread frees, and looks whether that is over when a thread frees more or ends.
//! After heavy work nobody may do either for long: then threads that do nothing end.

use std::convert::Infallible;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::budget::Budget;

/// Bytes worth the work: whatever was not done at once.
const MUCH: u64 = 256 << 10;

/// Until the thread that freed them has ended, too, and the allocator (mimalloc 3, `purge_delay`) keeps them no more.
const SETTLED: Duration = Duration::from_millis(1_050);

/// Threads that end: each time the allocator looks at a part of what it has.
const ENDS: usize = 4;

/// Gives back what was freed, as long as it runs.
pub(super) async fn tidy(budget: &Budget) -> Infallible {
    loop {
        budget.given_back(MUCH).await;
        tokio::time::sleep(SETTLED).await;
        // Nothing hangs on them.
        _ = thread(|| {
            for ended in (0..ENDS).map_while(|_| thread(|| drop(std::hint::black_box(vec![0_u8; 64]))).ok()) {
                _ = ended.join();
            }
        });
    }
}

fn thread(work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    Builder::new().name("tidy".to_owned()).spawn(work)
}
