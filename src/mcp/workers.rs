//! Who does what is not small, so that nobody waits for what others ask?
//!
//! Threads beside the one that takes requests: some for each connection's share of the machine, and memory reserved for
//! each piece of work before it begins. Work is given up when it is cancelled or the server is to end; work that does
//! not hear of it and changes nothing is left behind.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rmcp::model::ErrorData;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::cost::Weight;
use super::listener::{Listener, Report};
use crate::budget::{Budget, Busy, Reservation};
use crate::watch::Watch;
use crate::{Error, Result};

/// Pieces of work done at once; each is a thread, and the system shares the processors among them.
const AT_ONCE: usize = 32;

/// Longest wait for memory that others hold.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often work that waits for memory looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// So long work that only reads is waited for once nobody wants it.
const GRACE: Duration = Duration::from_millis(30);

/// The threads of one server and the memory they share. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Workers {
    places: Arc<Semaphore>,
    budget: Budget,
    line: Arc<Line>,
}

/// Work that has begun and waits for more memory, by the order in which it began.
#[derive(Debug, Default)]
struct Line {
    begun: AtomicU64,
    waiting: Mutex<BTreeSet<u64>>,
}

/// Who wants a piece of work.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Cancelled when its caller does not want it any more.
    pub(crate) by_caller: CancellationToken,
    /// Cancelled when the server is to end.
    pub(crate) by_server: CancellationToken,
}

/// Why a piece of work was not done.
#[derive(Debug)]
pub(crate) enum Undone {
    /// Its caller does not want it any more.
    Cancelled,
    /// The server is to end.
    Ending,
    /// Others hold the memory it takes.
    Busy(Busy),
    /// It panicked.
    Failed,
}

impl Wanted {
    fn is_unwanted(&self) -> bool {
        self.by_caller.is_cancelled() || self.by_server.is_cancelled()
    }

    /// Ready when nobody wants it any more; says why. What is to be stored is wanted until its caller is gone.
    async fn gone(&self, only_reads: bool) -> Undone {
        tokio::select! {
            biased;
            () = self.by_caller.cancelled() => Undone::Cancelled,
            () = self.by_server.cancelled(), if only_reads => Undone::Ending,
        }
    }
}

impl Workers {
    pub(crate) fn new(budget: Budget) -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), budget, line: Arc::default() }
    }

    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Does work on a thread once there is a place and memory for it. `listener` hears how far it is. Work that `only_reads`
    /// is not waited for when nobody wants it any more.
    pub(crate) async fn carry_out<T: Send + 'static>(
        &self,
        weight: Weight,
        wanted: &Wanted,
        only_reads: bool,
        listener: Option<&Listener>,
        work: impl FnOnce(&dyn Watch) -> T + Send + 'static,
    ) -> std::result::Result<T, Undone> {
        let (place, memory) = tokio::select! {
            biased;
            why = wanted.gone(only_reads) => return Err(why),
            entered = self.enter(weight) => entered?,
        };
        let (reports, mut progress) = watch::channel(None);
        let refused = Arc::new(Mutex::new(None));
        let watcher = Watcher {
            wanted: wanted.clone(),
            reports,
            latest: Mutex::new(None),
            memory: Mutex::new(memory),
            refused: Arc::clone(&refused),
            turn: self.line.begun.fetch_add(1, Ordering::Relaxed),
            line: Arc::clone(&self.line),
        };
        let mut work = tokio::task::spawn_blocking(move || {
            let _place = place;
            catch_unwind(AssertUnwindSafe(|| work(&watcher)))
        });
        let gone = async {
            let why = wanted.gone(only_reads).await;
            if !only_reads {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
            why
        };
        let mut gone = std::pin::pin!(gone);
        loop {
            tokio::select! {
                // What was reported is told, also when the work is done by then.
                biased;
                Ok(()) = progress.changed(), if listener.is_some() => {
                    let report = *progress.borrow_and_update();
                    if let (Some(report), Some(listener)) = (report, listener) {
                        listener.tell(report).await;
                    }
                }
                done = &mut work => {
                    // Work that was refused memory ended with that.
                    if let Some(busy) = refused.lock().take() {
                        return Err(Undone::Busy(busy));
                    }
                    return done.ok().and_then(std::result::Result::ok).ok_or(Undone::Failed);
                }
                why = &mut gone => return Err(why),
            }
        }
    }

    async fn enter(&self, weight: Weight) -> std::result::Result<(OwnedSemaphorePermit, Reservation), Undone> {
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.map_err(|_| Undone::Ending)?;
        // What is reckoned too high is not refused for it: it asks for more as it goes.
        let bytes = weight.bytes.min(self.budget.most() / 2);
        let memory = match self.budget.reserve(bytes) {
            Ok(memory) => memory,
            Err(busy) => {
                let waits = tokio::time::timeout(PATIENCE, self.budget.reserve_when_free(bytes));
                waits.await.map_err(|_| Undone::Busy(busy))?
            }
        };
        Ok((place, memory))
    }
}

/// Who asked, as the work sees it.
struct Watcher {
    wanted: Wanted,
    reports: watch::Sender<Option<Report>>,
    latest: Mutex<Option<(Instant, Report)>>,
    memory: Mutex<Reservation>,
    refused: Arc<Mutex<Option<Busy>>>,
    turn: u64,
    line: Arc<Line>,
}

/// Progress is told this often: for people and for clients that give up on silence.
const BETWEEN_REPORTS: Duration = Duration::from_millis(100);

impl Watcher {
    /// Waits until others give memory back. Of several that wait the one that began last gives up, so that the others
    /// find room; one alone waits as long as it would have waited to begin.
    fn wait_for(&self, memory: &mut Reservation, bytes: u64, busy: Busy) -> std::result::Result<(), Busy> {
        let since = Instant::now();
        loop {
            std::thread::sleep(LOOK_EVERY);
            match memory.grow(bytes) {
                Ok(()) => return Ok(()),
                Err(busy) if self.wanted.is_unwanted() || since.elapsed() >= PATIENCE => return Err(busy),
                Err(_) => {}
            }
            let waiting = self.line.waiting.lock();
            let is_last = waiting.len() > 1 && waiting.last() == Some(&self.turn);
            if is_last && since.elapsed() >= LOOK_EVERY * 5 {
                return Err(busy);
            }
        }
    }
}

impl Watch for Watcher {
    fn is_cancelled(&self) -> bool {
        self.wanted.is_unwanted()
    }

    fn progressed(&self, done: u64, total: u64) {
        let mut latest = self.latest.lock();
        let is_news = latest.is_none_or(|(at, (before, _))| done > before && at.elapsed() >= BETWEEN_REPORTS);
        if is_news {
            *latest = Some((Instant::now(), (done, total)));
            self.reports.send_replace(Some((done, total)));
        }
    }

    fn takes(&self, bytes: u64) -> Result<()> {
        let mut memory = self.memory.lock();
        let refused = match memory.grow(bytes) {
            Ok(()) => return Ok(()),
            Err(busy) if busy.is_for_good() => busy,
            Err(busy) => {
                self.line.waiting.lock().insert(self.turn);
                let found = self.wait_for(&mut memory, bytes, busy);
                self.line.waiting.lock().remove(&self.turn);
                match found {
                    Ok(()) => return Ok(()),
                    Err(busy) => busy,
                }
            }
        };
        if self.is_cancelled() {
            return Err(Error::cancelled());
        }
        *self.refused.lock() = Some(refused);
        Err(refused.into())
    }
}

impl Undone {
    /// What the caller is told of work called so.
    pub(crate) fn told(&self, name: &str) -> String {
        match self {
            Self::Cancelled => "cancelled; nothing was changed".to_owned(),
            Self::Ending => format!("{name}: the server was asked to end and gave this up; nothing was changed"),
            Self::Busy(busy) => format!("{name}: {busy}"),
            Self::Failed => format!(
                "{name}: the server failed on this call; nothing is known to be wrong with the arguments. \
                 The server is up and other calls work; please report it."
            ),
        }
    }

    /// The same as an error of the protocol.
    pub(crate) fn error(&self, name: &str) -> ErrorData {
        ErrorData::internal_error(self.told(name), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted { by_caller: CancellationToken::new(), by_server: CancellationToken::new() }
    }

    fn weight(bytes: u64) -> Weight {
        Weight { is_small: false, bytes }
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn progress_is_told_at_once_and_then_not_too_often_and_never_backwards() {
        let (reports, progress) = watch::channel(None);
        let memory = Mutex::new(Budget::new(0).reserve(0).unwrap());
        let refused = Arc::default();
        let line = Arc::default();
        let watcher = Watcher { wanted: wanted(), reports, latest: Mutex::new(None), memory, refused, turn: 0, line };
        watcher.progressed(1, 10);
        assert_eq!(*progress.borrow(), Some((1, 10)));
        watcher.progressed(2, 10);
        assert_eq!(*progress.borrow(), Some((1, 10)), "too soon");
        if let Some((at, _)) = &mut *watcher.latest.lock() {
            *at -= BETWEEN_REPORTS;
        }
        watcher.progressed(1, 10);
        assert_eq!(*progress.borrow(), Some((1, 10)), "no news");
        watcher.progressed(3, 10);
        assert_eq!(*progress.borrow(), Some((3, 10)));
    }

    #[test]
    fn work_that_hears_nothing_is_left_behind_if_it_only_reads() {
        block_on(async {
            let workers = Workers::new(Budget::default());
            for (is_server, expected) in [(false, "Cancelled"), (true, "Ending")] {
                let wanted = wanted();
                let (goes_on, waits) = std::sync::mpsc::channel::<()>();
                let token = if is_server { &wanted.by_server } else { &wanted.by_caller };
                let token = token.clone();
                let deaf = move |_: &dyn Watch| {
                    token.cancel();
                    let _told_or_gone = waits.recv();
                };
                let ended = workers.carry_out(weight(0), &wanted, true, None, deaf).await;
                assert_eq!(format!("{:?}", ended.unwrap_err()), expected);
                drop(goes_on);
            }
        });
    }

    #[test]
    fn work_that_changes_something_is_waited_for() {
        block_on(async {
            let (workers, wanted) = (Workers::new(Budget::default()), wanted());
            let token = wanted.by_server.clone();
            let work = move |watch: &dyn Watch| {
                token.cancel();
                while !watch.is_cancelled() {}
                std::thread::sleep(GRACE * 3);
                7
            };
            assert_eq!(workers.carry_out(weight(0), &wanted, false, None, work).await.unwrap(), 7);
        });
    }

    #[test]
    fn memory_is_held_while_the_work_goes_on_and_given_back_after() {
        block_on(async {
            let budget = Budget::new(1_000);
            let workers = Workers::new(budget.clone());
            let seen = budget.clone();
            let work = move |watch: &dyn Watch| {
                let before = seen.held();
                let more = watch.takes(400);
                (before, more.is_ok(), seen.held())
            };
            let done = workers.carry_out(weight(300), &wanted(), true, None, work).await.unwrap();
            assert_eq!(done, (300, true, 700));
            assert_eq!(budget.held(), 0);
            let refused = workers.carry_out(weight(300), &wanted(), true, None, |watch| watch.takes(701)).await;
            assert!(matches!(refused, Err(Undone::Busy(busy)) if busy.is_for_good()), "{refused:?}");
            assert_eq!(budget.held(), 0);
        });
    }

    #[test]
    fn of_work_that_grows_into_each_other_what_began_last_gives_way() {
        block_on(async {
            let budget = Budget::new(1_000);
            let workers = Workers::new(budget.clone());
            let both = Arc::new(std::sync::Barrier::new(2));
            let grows = |both: Arc<std::sync::Barrier>| {
                move |watch: &dyn Watch| {
                    both.wait();
                    watch.takes(300)
                }
            };
            let wanted = wanted();
            let one = workers.carry_out(weight(400), &wanted, true, None, grows(Arc::clone(&both)));
            let other = workers.carry_out(weight(400), &wanted, true, None, grows(both));
            let (one, other) = tokio::join!(one, other);
            let is_busy = |done: &std::result::Result<Result<()>, Undone>| matches!(done, Err(Undone::Busy(_)));
            let is_done = |done: &std::result::Result<Result<()>, Undone>| matches!(done, Ok(Ok(())));
            assert!(is_busy(&one) && is_done(&other) || is_done(&one) && is_busy(&other), "{one:?} {other:?}");
            assert_eq!(budget.held(), 0);
        });
    }

    #[test]
    fn work_waits_for_memory_that_others_hold_and_a_panic_is_one_works_own() {
        block_on(async {
            let budget = Budget::new(1_000);
            let workers = Workers::new(budget.clone());
            let held = budget.reserve(900).unwrap();
            let release = std::thread::spawn(move || drop(held));
            let done = workers.carry_out(weight(500), &wanted(), true, None, |_| 1).await;
            assert_eq!(done.unwrap(), 1);
            release.join().unwrap();
            let panics = |_: &dyn Watch| -> u8 { std::panic::resume_unwind(Box::new("a bug")) };
            let failed = workers.carry_out(weight(0), &wanted(), true, None, panics).await;
            assert!(matches!(failed, Err(Undone::Failed)));
            assert_eq!(budget.held(), 0);
        });
    }
}
