//! Who is let through to the protocol, and which of them still wait for an answer?

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONNECTION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use tokio_util::task::TaskTracker;

use super::answered::Answered;
use super::held::Held;
use super::posted::{self, Posted, busy};
use super::sessions::SESSION_BYTES;
use crate::budget::Budget;
use crate::mcp::carried::AnswerSlot;

/// What stands before the protocol.
pub(super) struct Guard {
    token: Option<String>,
    in_flight: TaskTracker,
    budget: Budget,
}

impl Guard {
    pub(super) fn new(token: Option<String>, in_flight: TaskTracker, budget: Budget) -> Self {
        Self { token, in_flight, budget }
    }

    /// Whether a request may pass; the time it takes says nothing about the token but its length.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
        given.is_some_and(|(scheme, given)| {
            scheme.eq_ignore_ascii_case("Bearer") && bool::from(given.trim().as_bytes().ct_eq(token.as_bytes()))
        })
    }
}

/// Lets a request through or tells why not.
pub(super) async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if !guard.admits(request.headers()) {
        let challenge = if request.headers().contains_key(AUTHORIZATION) {
            r#"Bearer realm="elixir-scope-storage", error="invalid_token""#
        } else {
            r#"Bearer realm="elixir-scope-storage""#
        };
        let told = "Unauthorized: send the header `Authorization: Bearer TOKEN` with the token this server was started \
                    with (--http-token or ELIXIR_SCOPE_HTTP_TOKEN)\n";
        // What was posted is not read, so the connection ends; a client that is not told might use it again.
        let headers = [(WWW_AUTHENTICATE, challenge), (CONNECTION, "close")];
        return (StatusCode::UNAUTHORIZED, headers, told).into_response();
    }
    if request.method() != Method::POST {
        // It only listens, or hears again what it was told.
        return next.run(request).await.map(|body| Body::new(Answered::replayed(body)));
    }
    // A session is refused before it is begun: rmcp would call it an error of the server.
    // Its room is kept until the session counts itself.
    let room = match guard.budget.reserve(SESSION_BYTES) {
        Ok(room) => room,
        Err(refused) => return busy(&refused),
    };
    // What is posted wants its answer before the server ends.
    let asks = guard.in_flight.token();
    let Posted { mut request, memory } = match posted::take(request, &guard.budget).await {
        Ok(posted) => posted,
        Err(refusal) => return *refusal,
    };
    let slot = AnswerSlot::default();
    request.extensions_mut().insert(slot.clone());
    let response = next.run(request).await;
    drop((memory, room));
    if let Some(refused) = slot.busy().filter(|refused| !refused.is_for_good()) {
        return busy(&refused);
    }
    // It is in flight until its last byte is handed over, or until nobody reads on.
    response.map(|body| Held::body(Body::new(Answered::of(body, slot)), asks))
}
