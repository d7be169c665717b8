//! When does the client's input end?
//!
//! A reader that says so to whoever waits for it: calls in progress are answered first, but who only listens goes home.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::sync::CancellationToken;

/// Input whose end cancels a token.
#[derive(Debug)]
pub(super) struct EndOfInput<Input> {
    input: Input,
    ended: CancellationToken,
}

impl<Input> EndOfInput<Input> {
    pub(super) const fn new(input: Input, ended: CancellationToken) -> Self {
        Self { input, ended }
    }
}

impl<Input: AsyncRead + Unpin> AsyncRead for EndOfInput<Input> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.input).poll_read(cx, buffer));
        if read.is_err() || buffer.filled().len() == before {
            self.ended.cancel();
        }
        Poll::Ready(read)
    }
}
