//! How much memory may everything beside the stored events hold at once?
//!
//! Whoever is about to hold much (an analysis, an answer somebody reads slowly, a body or a line that has not come whole,
//! a record that becomes events) reserves it first and gives it back by dropping the reservation. What is refused is
//! refused before it is held: the sender is told to ask again, and nothing is aborted.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::error::Error;

/// Bytes that may be held at once. Clones share them.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: u64,
    most_held: u64,
    /// Reservations refused.
    refused: u64,
    /// To be woken when something is given back.
    waiting: Vec<Waker>,
    /// Bytes given back since somebody asked.
    given_back: u64,
    /// To be woken when that is much.
    tidies: Option<Waker>,
}

/// There is no room now. Nothing was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Busy {
    /// Bytes wanted, with those the same reservation holds already.
    pub wanted: u64,
    /// Bytes held by all when it was refused.
    pub held: u64,
    /// Bytes that may be held.
    pub most: u64,
}

impl Busy {
    /// Whether it would be refused by an idle server, too: then asking again is of no use.
    pub const fn is_for_good(&self) -> bool {
        self.wanted > self.most
    }
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, held, most } = self;
        if self.is_for_good() {
            write!(
                f,
                "too large: it takes {wanted} bytes of memory, and --max-memory (ELIXIR_SCOPE_MAX_MEMORY) is {most}; \
                 ask for less, or start the server with more"
            )
        } else {
            write!(
                f,
                "busy, ask again: {held} of {most} bytes of memory (--max-memory) are in use, and this takes {wanted}"
            )
        }
    }
}

impl std::error::Error for Busy {}

impl From<Busy> for Error {
    fn from(busy: Busy) -> Self {
        if busy.is_for_good() { Self::limit_exceeded(busy.to_string()) } else { Self::busy(busy.to_string()) }
    }
}

impl Budget {
    /// Least that a server is given: one request of the greatest length beside one answer and one analysis.
    pub const LEAST: u64 = 512 << 20;

    /// A budget of so many bytes.
    pub fn new(most: u64) -> Self {
        Self(Arc::new(Shared { most, state: Mutex::default() }))
    }

    /// Everything is granted, and counted.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Reserves so many bytes.
    ///
    /// # Errors
    /// When they are not free now.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation, Busy> {
        let mut reservation = self.empty();
        reservation.grow(bytes)?;
        Ok(reservation)
    }

    /// A reservation that holds nothing yet.
    pub fn empty(&self) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }

    /// Counts so many bytes that are held already, or for which room was asked before.
    pub fn count(&self, bytes: u64) -> Reservation {
        let mut state = self.0.state.lock();
        state.held = state.held.saturating_add(bytes);
        state.most_held = state.most_held.max(state.held);
        drop(state);
        Reservation { budget: self.clone(), bytes }
    }

    /// Reserves so many bytes as soon as they are free. Never ready where they are more than the whole budget. Who came
    /// first is not served first: what is small passes by what waits for much.
    pub async fn reserve_when_free(&self, bytes: u64) -> Reservation {
        poll_fn(|cx| self.poll_reserve(cx, bytes)).await
    }

    fn poll_reserve(&self, cx: &mut Context<'_>, bytes: u64) -> Poll<Reservation> {
        let mut state = self.0.state.lock();
        if state.take(bytes, self.0.most) {
            return Poll::Ready(Reservation { budget: self.clone(), bytes });
        }
        state.waiting.retain(|waker| !waker.will_wake(cx.waker()));
        state.waiting.push(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when so many bytes have been given back since it was last: what was held may still be with the allocator.
    /// One waits at a time.
    pub async fn given_back(&self, bytes: u64) {
        poll_fn(|cx| {
            let mut state = self.0.state.lock();
            if state.given_back >= bytes {
                state.given_back = 0;
                return Poll::Ready(());
            }
            state.tidies = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Bytes that may be held.
    pub fn most(&self) -> u64 {
        self.0.most
    }

    /// Bytes held now.
    pub fn held(&self) -> u64 {
        self.0.state.lock().held
    }

    /// Most bytes that were held at once.
    pub fn most_held(&self) -> u64 {
        self.0.state.lock().most_held
    }

    /// Reservations that were refused since it was made.
    pub fn refused(&self) -> u64 {
        self.0.state.lock().refused
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::LEAST)
    }
}

impl State {
    fn take(&mut self, bytes: u64, most: u64) -> bool {
        let is_free = bytes <= most.saturating_sub(self.held);
        if is_free {
            self.held += bytes;
            self.most_held = self.most_held.max(self.held);
        }
        is_free
    }
}

/// Bytes of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: u64,
}

impl Reservation {
    /// Bytes it holds.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Holds so many bytes more.
    ///
    /// # Errors
    /// When they are not free now; it holds what it held.
    pub fn grow(&mut self, bytes: u64) -> Result<(), Busy> {
        let most = self.budget.0.most;
        let mut state = self.budget.0.state.lock();
        if state.take(bytes, most) {
            self.bytes += bytes;
            return Ok(());
        }
        state.refused += 1;
        Err(Busy { wanted: self.bytes.saturating_add(bytes), held: state.held, most })
    }

    /// Holds so many bytes in all, if it holds fewer.
    ///
    /// # Errors
    /// Those of [`Self::grow`].
    pub fn grow_to(&mut self, bytes: u64) -> Result<(), Busy> {
        self.grow(bytes.saturating_sub(self.bytes))
    }

    /// A reservation of its own for so many of the bytes held, or for all of them.
    #[must_use]
    pub fn split(&mut self, bytes: u64) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { budget: self.budget.clone(), bytes }
    }

    /// Holds no more than so many bytes; the rest is given back.
    pub fn shrink_to(&mut self, bytes: u64) {
        let given_back = self.bytes.saturating_sub(bytes);
        if given_back == 0 {
            return;
        }
        self.bytes -= given_back;
        let (waiting, tidies) = {
            let mut state = self.budget.0.state.lock();
            state.held -= given_back;
            state.given_back = state.given_back.saturating_add(given_back);
            (std::mem::take(&mut state.waiting), state.tidies.take())
        };
        waiting.into_iter().chain(tidies).for_each(Waker::wake);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_is_held_is_never_more_than_the_budget_and_is_given_back() {
        let budget = Budget::new(100);
        let mut one = budget.reserve(60).unwrap();
        let busy = budget.clone().reserve(41).unwrap_err();
        assert_eq!(busy, Busy { wanted: 41, held: 60, most: 100 });
        let other = budget.reserve(40).unwrap();
        assert_eq!(one.grow(1), Err(Busy { wanted: 61, held: 100, most: 100 }));
        assert_eq!((one.bytes(), budget.held(), budget.refused()), (60, 100, 2));
        drop(other);
        one.grow_to(90).unwrap();
        one.grow_to(10).unwrap();
        assert_eq!((one.bytes(), budget.held()), (90, 90));
        one.shrink_to(95);
        one.shrink_to(5);
        assert_eq!((one.bytes(), budget.held()), (5, 5));
        let other = one.split(3);
        assert_eq!((one.bytes(), other.bytes(), one.split(9).bytes(), budget.held()), (2, 3, 2, 5));
        drop((one, other));
        assert_eq!((budget.held(), budget.most_held()), (0, 100));
    }

    #[test]
    fn what_an_idle_server_has_no_room_for_is_not_to_be_asked_again() {
        let budget = Budget::new(100);
        let mut held = budget.reserve(50).unwrap();
        for (busy, kind) in [
            (budget.reserve(51).unwrap_err(), ErrorKind::Busy),
            (budget.reserve(101).unwrap_err(), ErrorKind::LimitExceeded),
            (held.grow(51).unwrap_err(), ErrorKind::LimitExceeded),
            (budget.reserve(u64::MAX).unwrap_err(), ErrorKind::LimitExceeded),
        ] {
            assert_eq!(Error::from(busy).kind(), kind, "{busy}");
        }
    }

    #[test]
    fn who_waits_is_woken_when_there_is_room() {
        let budget = Budget::new(100);
        let held = budget.reserve(60).unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut waits = pin!(budget.reserve_when_free(50));
        assert!(waits.as_mut().poll(&mut cx).is_pending());
        assert!(waits.as_mut().poll(&mut cx).is_pending());
        assert_eq!(budget.0.state.lock().waiting.len(), 1, "asked twice, woken once");
        drop(held);
        assert_eq!(budget.0.state.lock().waiting.len(), 0);
        let Poll::Ready(reservation) = waits.as_mut().poll(&mut cx) else { panic!("there is room") };
        assert_eq!((reservation.bytes(), budget.held()), (50, 50));
    }

    #[test]
    fn who_tidies_up_is_woken_when_much_was_given_back() {
        let budget = Budget::new(100);
        let mut cx = Context::from_waker(Waker::noop());
        let mut much = pin!(budget.given_back(50));
        assert!(much.as_mut().poll(&mut cx).is_pending());
        drop(budget.reserve(49));
        assert!(much.as_mut().poll(&mut cx).is_pending());
        drop(budget.reserve(1));
        assert!(much.as_mut().poll(&mut cx).is_ready());
        assert!(pin!(budget.given_back(1)).as_mut().poll(&mut cx).is_pending(), "it was told");
    }

    #[test]
    fn threads_share_it() {
        let budget = Budget::new(1_000);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for round in 0..1_000 {
                        if let Ok(mut reservation) = budget.reserve(round % 400) {
                            let _granted_or_not = reservation.grow(round % 70);
                            assert!(budget.held() <= 1_000);
                        }
                    }
                });
            }
        });
        assert_eq!(budget.held(), 0);
    }
}
