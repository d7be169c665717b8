//! Was the process asked to end?

use std::io;
use std::task::{Context, Poll};

/// SIGTERM and SIGINT, or Ctrl-C.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    both: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// From now on they do not end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
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

    /// Ready once per signal.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
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
