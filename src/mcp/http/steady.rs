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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// Comes in pieces, each so long after the one before.
    struct Pieces(Vec<Pin<Box<Sleep>>>, Duration);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            let after = self.1;
            let Some(piece) = self.0.last_mut() else { return Poll::Ready(None) };
            std::task::ready!(piece.as_mut().poll(cx));
            self.0.pop();
            if let Some(next) = self.0.last_mut() {
                next.as_mut().reset(Instant::now() + after);
            }
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
        }
    }

    /// What comes of three pieces, so many seconds apart, and in how many seconds.
    fn read(after: u64) -> (Vec<Result<Bytes, String>>, u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (after, began) = (Duration::from_secs(after), Instant::now());
            let pieces = Pieces((0..3).map(|_| Box::pin(tokio::time::sleep(after))).collect(), after);
            let mut body = Steady::new(Body::new(pieces));
            let mut read = Vec::new();
            while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                let is_over = frame.is_err();
                read.push(frame.map(|frame| frame.into_data().unwrap()).map_err(|error| error.to_string()));
                if is_over {
                    break;
                }
            }
            (read, began.elapsed().as_secs())
        })
    }

    #[test]
    fn a_body_that_stops_is_given_up_and_one_that_goes_on_is_read_however_long_it_takes() {
        let still = STILL.as_secs();
        let piece = Ok(Bytes::from_static(b"piece"));
        assert_eq!(read(still - 1), (vec![piece; 3], 3 * (still - 1)));
        assert_eq!(read(still + 1), (vec![Err("the body stopped coming".to_owned())], still));
    }
}
