//! Was the process asked to end?
//!
//! Signals are heard on a thread of their own, so that they are heard whatever the process is doing: before it serves,
//! and while every other thread works.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll};

use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

/// The signals that end serving: SIGTERM and SIGINT, or Ctrl-C. One that comes before anything is served is kept. Clones
/// hear the same ones.
#[derive(Clone)]
pub struct Ends {
    asked: CancellationToken,
    insisted: CancellationToken,
    /// Ends the thread with the last clone.
    _listens: Arc<DropGuard>,
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_asked, is_insisted) = (self.is_asked(), self.insisted.is_cancelled());
        f.debug_struct("Ends").field("is_asked", &is_asked).field("is_insisted", &is_insisted).finish_non_exhaustive()
    }
}

impl Ends {
    /// From now on the signals do not end the process by themselves. Call it before anybody is told that the process can
    /// be reached.
    ///
    /// # Errors
    /// When the system lets the process handle no more of them.
    pub fn listen() -> io::Result<Self> {
        Self::listen_or(|| ())
    }

    /// [`Self::listen`]; `at_once` is run at the second signal, whatever the process is doing then.
    ///
    /// # Errors
    /// Those of [`Self::listen`].
    pub fn listen_or(at_once: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (asked, insisted, over) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let ends =
            Self { asked: asked.clone(), insisted: insisted.clone(), _listens: Arc::new(over.clone().drop_guard()) };
        let (ready, listens) = sync_channel(1);
        let hear = move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            runtime.block_on(async move {
                let mut signals = match Signals::listen() {
                    Ok(signals) => signals,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                if ready.send(Ok(())).is_err() {
                    return;
                }
                let both = async {
                    signals.next().await;
                    asked.cancel();
                    signals.next().await;
                    insisted.cancel();
                    at_once();
                };
                tokio::select! {
                    () = both => {}
                    () = over.cancelled() => {}
                }
            });
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(hear)?;
        listens.recv().map_err(io::Error::other)??;
        Ok(ends)
    }

    /// Whether a signal came.
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Cancelled at the first signal.
    pub(crate) fn asked(&self) -> &CancellationToken {
        &self.asked
    }

    /// Cancelled at the second.
    pub(crate) fn insisted(&self) -> &CancellationToken {
        &self.insisted
    }
}

/// A token that is polled.
pub(crate) struct Heard(Option<Pin<Box<WaitForCancellationFutureOwned>>>);

impl Heard {
    pub(crate) fn of(token: &CancellationToken) -> Self {
        Self(Some(Box::pin(token.clone().cancelled_owned())))
    }

    /// Ready once: when the token is cancelled.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(waits) = &mut self.0 else { return Poll::Pending };
        std::task::ready!(waits.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(())
    }
}

/// SIGTERM and SIGINT, or Ctrl-C.
struct Signals {
    #[cfg(unix)]
    both: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// From now on they do not end the process by themselves.
    fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { both: [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?] })
        }
        #[cfg(windows)]
        {
            Ok(Self { ctrl_c: tokio::signal::windows::ctrl_c()? })
        }
    }

    /// The next one.
    async fn next(&mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
    }

    /// Ready once per signal.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        #[cfg(unix)]
        for signal in &mut self.both {
            if signal.poll_recv(cx).is_ready() {
                return Poll::Ready(());
            }
        }
        #[cfg(windows)]
        if self.ctrl_c.poll_recv(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}
