//! How are stdin and stdout opened so that neither ever blocks the runtime?
//!
//! A pipe is opened a second time, non-blocking: the flag is then this process's own and does not leak into whoever
//! shares the original. Files, terminals and sockets are read and written on tokio's blocking threads.

use std::io;
use std::pin::Pin;
#[cfg(target_os = "linux")]
use std::task::{Context, Poll};

#[cfg(target_os = "linux")]
use tokio::io::ReadBuf;
use tokio::io::{AsyncRead, AsyncWrite};

/// Where requests come from.
pub(crate) type Input = Pin<Box<dyn AsyncRead + Send>>;
/// Where replies go.
pub(crate) type Output = Pin<Box<dyn AsyncWrite + Send>>;

/// What a pipe with a busy writer is asked to hold: as much as any user may, where nothing else is set up.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// The reader of a pipe that is made larger once its writer has filled it, so that a client that sends batches need not
/// be awake for each of their parts. Not before: what all pipes of a user may hold is limited.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Reader {
    pipe: tokio::net::unix::pipe::Receiver,
    /// What it holds, as long as it may be made larger.
    holds: Option<usize>,
}

#[cfg(target_os = "linux")]
impl Reader {
    fn new(pipe: tokio::net::unix::pipe::Receiver) -> Self {
        let holds = rustix::pipe::fcntl_getpipe_size(&pipe).ok().filter(|holds| *holds < PIPE_BYTES);
        Self { pipe, holds }
    }
}

#[cfg(target_os = "linux")]
impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.pipe).poll_read(cx, into);
        let bytes = into.filled().len() - before;
        if self.holds.take_if(|holds| bytes >= *holds / 2).is_some() {
            // It is a wish: what the pipe held before is enough.
            let _larger_or_not = rustix::pipe::fcntl_setpipe_size(&self.pipe, PIPE_BYTES);
        }
        read
    }
}

/// The process's stdin.
pub(crate) fn input() -> Input {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        return Box::pin(Reader::new(pipe));
    }
    Box::pin(tokio::io::stdin())
}

/// The process's stdout.
pub(crate) fn output() -> Output {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
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
