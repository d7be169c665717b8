//! Numbers that the protocol layer cannot hold pass it as marked texts.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::mcp::numbers::marked;

/// Longest body that is looked through. Of a longer one the arguments stay text.
const MAX_BYTES: u64 = 1 << 20;

/// Marks the numbers of events that are posted.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    let is_short = request.body().size_hint().upper().is_some_and(|bytes| bytes <= MAX_BYTES);
    if request.method() != Method::POST || !is_short {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MAX_BYTES as usize).await else {
        return (StatusCode::BAD_REQUEST, "Bad Request: the body did not come whole\n").into_response();
    };
    let kept = str::from_utf8(&bytes).ok().map(marked);
    let body = match kept {
        Some(std::borrow::Cow::Owned(kept)) => {
            parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(kept.len()));
            Body::from(kept)
        }
        _ => Body::from(bytes),
    };
    next.run(Request::from_parts(parts, body)).await
}
