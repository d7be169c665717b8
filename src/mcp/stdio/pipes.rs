//! How are stdin and stdout opened so that neither ever blocks the runtime?
//!
//! A pipe is opened a second time, non-blocking: the flag is then this process's own and does not leak into whoever
//! shares the original. Files, terminals and sockets are read and written on tokio's blocking threads.

use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// Where requests come from.
pub(crate) type Input = Pin<Box<dyn AsyncRead + Send>>;
/// Where replies go.
pub(crate) type Output = Pin<Box<dyn AsyncWrite + Send>>;

/// The process's stdin.
pub(crate) fn input() -> Input {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        return Box::pin(pipe);
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
