//! The background tick: one named thread that enforces the limits and ends with the store.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use super::{EventStore, Shared};

/// Ends the thread when dropped.
pub(super) struct Ticker {
    _stop: Sender<()>,
}

impl Ticker {
    /// Starts the thread. It holds the store weakly: the tick never keeps a store alive. `None` when the system gives
    /// no thread; the limits then hold on every store call.
    pub(super) fn start(interval: Duration, shared: &Arc<Shared>) -> Option<Self> {
        let (stop, stopped) = channel::<()>();
        let shared: Weak<Shared> = Arc::downgrade(shared);
        let tick = move || {
            while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                let Some(shared) = shared.upgrade() else { return };
                EventStore { shared }.enforce_limits();
            }
        };
        thread::Builder::new().name("elixir-scope-pruner".to_owned()).spawn(tick).ok()?;
        Some(Self { _stop: stop })
    }
}
