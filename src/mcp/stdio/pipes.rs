//! How are stdin and stdout opened so that neither ever blocks the runtime?
//!
//! A pipe is opened a second time, non-blocking: the flag is then this process's own and does not leak into whoever
//! shares the original. Files, terminals and sockets are read and written on tokio's blocking threads.
//!
//! A pipe is made larger where the system allows it, so that a client writes its next batch, or reads its last page,
//! while this process does something else.

use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// Where requests come from.
pub(crate) type Input = Pin<Box<dyn AsyncRead + Send>>;
/// Where replies go.
pub(crate) type Output = Pin<Box<dyn AsyncWrite + Send>>;

/// What a pipe is asked to hold: as much as any user may, where nothing else is set up.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// It is a wish: what the pipe held before is enough.
#[cfg(target_os = "linux")]
fn enlarge(pipe: &impl std::os::fd::AsFd) {
    let holds = rustix::pipe::fcntl_getpipe_size(pipe).unwrap_or(usize::MAX);
    if holds < PIPE_BYTES {
        let _larger_or_not = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    }
}

/// The process's stdin.
pub(crate) fn input() -> Input {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        enlarge(&pipe);
        return Box::pin(pipe);
    }
    Box::pin(tokio::io::stdin())
}

/// The process's stdout.
pub(crate) fn output() -> Output {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
        enlarge(&pipe);
        return Box::pin(pipe);
    }
    Box::pin(tokio::io::stdout())
}

/// Ends when nobody can read stdout any more. Where that cannot be known without writing, never.
pub(crate) async fn output_closed() -> io::Error {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
        loop {
            match pipe.ready(tokio::io::Interest::ERROR).await {
                Ok(ready) if !ready.is_error() && !ready.is_write_closed() => tokio::task::yield_now().await,
                Ok(_) => return io::ErrorKind::BrokenPipe.into(),
                Err(error) => return error,
            }
        }
    }
    std::future::pending().await
}
