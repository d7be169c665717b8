//! Who waits while old events are pruned?
//!
//! A reader asks and a writer stores small batches all the time; the longest call that overlaps the prune is the
//! stall. Works on any engine that can be shared between threads.

use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use super::measure::{Laps, Stopwatch};

const IDLE: u8 = 0;
const PRUNING: u8 = 1;
const OVER: u8 = 2;

/// How long reader and writer run before the prune, to know their usual tail.
const IDLE_FOR: Duration = Duration::from_millis(60);

/// Pause between two batches of the writer, so that it adds few events.
const WRITER_PAUSE: Duration = Duration::from_micros(100);

/// What reader and writer saw.
#[derive(Debug, Default)]
pub struct Stall {
    pub prune: Duration,
    pub reads: Laps,
    pub writes: Laps,
    pub idle_reads: Laps,
    pub idle_writes: Laps,
}

/// Prunes once while `read` and `write` are called in turn by threads of their own. `write` prepares a batch and
/// gives back the closure that stores it.
pub fn stall<W: FnOnce()>(
    mut read: impl FnMut() + Send,
    mut prepare: impl FnMut() -> W + Send,
    prune: impl FnOnce(),
) -> Stall {
    let phase = AtomicU8::new(IDLE);
    let watched = |one: &mut dyn FnMut(&Stopwatch) -> Duration| {
        let watch = Stopwatch::new();
        let (mut idle, mut pruning) = (Laps::default(), Laps::default());
        loop {
            let before = phase.load(Ordering::SeqCst);
            if before == OVER {
                return (idle, pruning);
            }
            let lap = one(&watch);
            let after = phase.load(Ordering::SeqCst);
            if before == IDLE && after == IDLE { idle.push(lap) } else { pruning.push(lap) }
        }
    };
    thread::scope(|scope| {
        let asking = scope.spawn(|| watched(&mut |watch| watch.time(&mut read).1));
        let storing = scope.spawn(|| {
            watched(&mut |watch| {
                let store = prepare();
                thread::sleep(WRITER_PAUSE);
                watch.time(store).1
            })
        });
        thread::sleep(IDLE_FOR);
        phase.store(PRUNING, Ordering::SeqCst);
        let ((), prune) = Stopwatch::new().time(prune);
        phase.store(OVER, Ordering::SeqCst);
        let (idle_reads, reads) = asking.join().expect("the reader ends");
        let (idle_writes, writes) = storing.join().expect("the writer ends");
        Stall { prune, reads, writes, idle_reads, idle_writes }
    })
}
