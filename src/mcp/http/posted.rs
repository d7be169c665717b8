//! What was posted? A body is held against the budget while it comes, and the arguments of a long call stay text.
//!
//! The protocol layer takes bodies apart where requests are taken, into values that are many times their size. So of a
//! long body it gets only the envelope; who carries the call out reads the arguments.

use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::response::{IntoResponse, Response};

use crate::budget::{Budget, Busy, Reservation};
use crate::mcp::carried::ArgumentsText;
use crate::mcp::stdio::arguments_of_call;
use crate::mcp::tool::LONG_TEXT;

/// Longest body of a request, as the longest line of stdio.
pub(super) const MAX_BODY_BYTES: usize = 64 << 20;

/// A body is held against the budget in steps of this.
const STEP: u64 = 64 << 10;

/// A request whose body has come whole.
pub(super) struct Posted {
    pub(super) request: Request,
    /// Its memory.
    pub(super) memory: Reservation,
}

/// Takes the body in. The error is what the sender gets instead.
pub(super) async fn take(request: Request, budget: &Budget) -> Result<Posted, Box<Response>> {
    let (mut parts, mut body) = request.into_parts();
    let told = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        pass_over(&mut body).await;
        return Err(Box::new(too_large()));
    }
    let collected = collect(&mut body, told, budget).await;
    if collected.is_err() {
        pass_over(&mut body).await;
    }
    let (text, memory) = collected?;
    if text.len() <= LONG_TEXT {
        return Ok(Posted { request: Request::from_parts(parts, Body::from(text)), memory });
    }
    let read = tokio::task::spawn_blocking(move || envelope(text)).await;
    let (envelope, arguments) = read.map_err(|_| Box::new(StatusCode::INTERNAL_SERVER_ERROR.into_response()))??;
    parts.headers.remove(CONTENT_LENGTH);
    parts.extensions.insert(arguments);
    Ok(Posted { request: Request::from_parts(parts, Body::from(envelope)), memory })
}

/// Reads what a sender still sends, and keeps nothing of it: one that is cut off hears no answer.
async fn pass_over(body: &mut Body) {
    let mut passed = 0;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        passed += frame.data_ref().map_or(0, Bytes::len);
        if passed > 2 * MAX_BODY_BYTES {
            return;
        }
    }
}

async fn collect(body: &mut Body, told: Option<u64>, budget: &Budget) -> Result<(Vec<u8>, Reservation), Box<Response>> {
    let mut memory = budget.reserve(STEP).map_err(|refused| Box::new(busy(&refused)))?;
    // Room that is asked for is not yet memory that is held.
    let mut text = Vec::with_capacity(told.unwrap_or_default() as usize);
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(data) = frame.map(|frame| frame.into_data().unwrap_or_default()) else {
            // Its sender is gone.
            return Err(Box::new(StatusCode::BAD_REQUEST.into_response()));
        };
        if text.len() + data.len() > MAX_BODY_BYTES {
            return Err(Box::new(too_large()));
        }
        let needed = if text.capacity() - text.len() < data.len() {
            (text.capacity() * 2).max(text.len() + data.len())
        } else {
            text.len() + data.len()
        };
        memory.grow_to((needed as u64).next_multiple_of(STEP)).map_err(|refused| Box::new(busy(&refused)))?;
        text.extend_from_slice(&data);
    }
    Ok((text, memory))
}

/// A long body without the arguments of its call, and these.
fn envelope(body: Vec<u8>) -> Result<(String, ArgumentsText), Box<Response>> {
    let malformed = |problem: String| {
        let told = format!("fail to deserialize request body {problem}");
        Box::new((StatusCode::UNSUPPORTED_MEDIA_TYPE, told).into_response())
    };
    let text = String::from_utf8(body).map_err(|error| malformed(error.utf8_error().to_string()))?;
    let arguments = arguments_of_call(&text).map_err(malformed)?;
    let Some(Range { start, end }) = arguments else {
        let told = format!("Payload Too Large: of requests longer than {LONG_TEXT} bytes only tools/call is taken\n");
        return Err(Box::new((StatusCode::PAYLOAD_TOO_LARGE, told).into_response()));
    };
    let envelope = format!("{}{{}}{}", &text[..start], &text[end..]);
    let text = Arc::new(text);
    Ok((envelope, ArgumentsText::new(&text, &text[start..end])))
}

fn too_large() -> Response {
    let told = format!("Payload Too Large: request body exceeds {MAX_BODY_BYTES} bytes");
    // What is still to come is not read.
    (StatusCode::PAYLOAD_TOO_LARGE, [(CONNECTION, "close")], told).into_response()
}

/// What is said where the memory for a request is held by others.
pub(super) fn busy(refused: &Busy) -> Response {
    if refused.is_for_good() {
        return (StatusCode::PAYLOAD_TOO_LARGE, [(CONNECTION, "close")], format!("Payload {refused}\n"))
            .into_response();
    }
    let headers = [(RETRY_AFTER, "1"), (CONNECTION, "close"), (CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, format!("Service Unavailable: {refused}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;
    use crate::mcp::http::steady::Steady;

    /// A body that is sent piece by piece.
    struct Sent(tokio::sync::mpsc::Receiver<Bytes>);

    impl HttpBody for Sent {
        type Data = Bytes;
        type Error = axum::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
            self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
        }
    }

    fn taken(body: Vec<u8>, budget: &Budget) -> Result<Posted, StatusCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let request = Request::new(Body::from(Bytes::from(body)));
        runtime.block_on(take(request, budget)).map_err(|response| response.status())
    }

    fn call(arguments: &str) -> Vec<u8> {
        let start = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_events","arguments":"#;
        format!("{start}{arguments}}}}}").into_bytes()
    }

    #[test]
    fn a_long_call_keeps_its_arguments_as_text_and_its_memory_while_it_lasts() {
        let budget = Budget::new(10 << 20);
        let arguments = format!(r#"{{"events":["{}"]}}"#, "x".repeat(1 << 20));
        let posted = taken(call(&arguments), &budget).unwrap();
        assert_eq!(posted.request.extensions().get::<ArgumentsText>().unwrap().get(), arguments);
        assert!(posted.memory.bytes() >= 1 << 20 && budget.held() == posted.memory.bytes());
        drop(posted);
        assert_eq!(budget.held(), 0);
        let posted = taken(call("{}"), &budget).unwrap();
        assert!(posted.request.extensions().get::<ArgumentsText>().is_none(), "a short one is left as it came");
    }

    #[test]
    fn a_body_that_stops_coming_is_refused_and_holds_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let budget = Budget::new(10 << 20);
            let (sends, body) = tokio::sync::mpsc::channel(1);
            let request = Request::new(Body::new(Steady::new(Body::new(Sent(body)))));
            let (taken, ()) = tokio::join!(take(request, &budget), async {
                sends.send(Bytes::from(vec![b'x'; 1 << 20])).await.unwrap();
                while budget.held() < 1 << 20 {
                    tokio::task::yield_now().await;
                }
            });
            assert_eq!(taken.err().map(|response| response.status()), Some(StatusCode::BAD_REQUEST));
            assert_eq!(budget.held(), 0);
            drop(sends);
        });
    }

    #[test]
    fn a_long_body_that_is_no_call_is_refused_and_so_is_one_without_room() {
        let budget = Budget::new(2 << 20);
        let long = "x".repeat(1 << 20);
        let not_a_call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{long}"}}}}"#);
        assert_eq!(taken(not_a_call.into_bytes(), &budget).err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(taken(format!("[{long}").into_bytes(), &budget).err(), Some(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        assert_eq!(taken(call(&"y".repeat(3 << 20)), &budget).err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
        let held = budget.reserve(1_500_000).unwrap();
        assert_eq!(taken(call(&"y".repeat(1 << 20)), &budget).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(held);
        assert_eq!(budget.held(), 0);
    }
}
