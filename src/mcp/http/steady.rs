//! Does a body go on coming? One that stops is given up, and what it held is free again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// How long the next bytes of a body may take to come.
const STILL: Duration = Duration::from_secs(30);

/// A body that fails when it stops coming.
pub(super) struct Steady {
    body: Body,
    until: Pin<Box<Sleep>>,
}

impl Steady {
    pub(super) fn new(body: Body) -> Self {
        Self { body, until: Box::pin(tokio::time::sleep(STILL)) }
    }
}

impl HttpBody for Steady {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.until.as_mut().reset(Instant::now() + STILL);
            return Poll::Ready(frame);
        }
        std::task::ready!(self.until.as_mut().poll(cx));
        let still = std::io::Error::new(std::io::ErrorKind::TimedOut, "the body stopped coming");
        Poll::Ready(Some(Err(axum::Error::new(still))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
