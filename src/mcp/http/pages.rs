//! What may a web page ask, and is a request meant for this server?
//!
//! A browser asks before a page of another origin may post (CORS): pages of this machine are told that they may, others
//! are not. A request names its host once, and not another one in its target.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONNECTION,
    HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::steady::Steady;

/// What clients send and browsers ask for.
const MAY_SEND: &str = "authorization, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id, \
                        mcp-method, mcp-name";

/// What pages may read of a reply.
const MAY_READ: &str = "mcp-session-id, mcp-protocol-version, www-authenticate, retry-after";

const METHODS: &str = "GET, POST, DELETE, OPTIONS";

/// How long a browser need not ask again, in seconds.
const MAX_AGE: &str = "600";

/// Who is served under which names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// Only programs of this machine are served.
    pub(super) is_local: bool,
}

/// Lets a request through that is meant for this server, answers browsers that ask, and marks replies to pages.
pub(super) async fn look(State(names): State<Names>, request: Request, next: Next) -> Response {
    if let Err(problem) = check(&request, names) {
        let (status, told) = problem;
        // What was posted is not read, so the connection ends.
        return (status, [(CONNECTION, "close")], told).into_response();
    }
    let origin = request.headers().get(ORIGIN).filter(|origin| is_admitted(origin)).cloned();
    if request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        let Some(origin) = origin else {
            return (StatusCode::FORBIDDEN, "Forbidden: not for this origin\n").into_response();
        };
        let mut reply = Response::new(Body::empty());
        *reply.status_mut() = StatusCode::NO_CONTENT;
        let headers = reply.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(MAY_SEND));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        admit(headers, origin);
        return reply;
    }
    let mut reply = next.run(request.map(|body| Body::new(Steady::new(body)))).await;
    if let Some(origin) = origin {
        reply.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(MAY_READ));
        admit(reply.headers_mut(), origin);
    }
    reply
}

fn admit(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, HeaderValue::from_static("origin"));
}

fn check(request: &Request, names: Names) -> Result<(), (StatusCode, &'static str)> {
    let headers = request.headers();
    for name in [HOST, ORIGIN, AUTHORIZATION] {
        if headers.get_all(&name).iter().nth(1).is_some() {
            return Err((StatusCode::BAD_REQUEST, "Bad Request: Host, Origin and Authorization stand once each\n"));
        }
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if let Some(target) = request.uri().authority() {
        if !target.as_str().eq_ignore_ascii_case(host) {
            return Err((StatusCode::BAD_REQUEST, "Bad Request: the target names another host than the Host header\n"));
        }
    }
    // The protocol looks at the host of what it answers; what is answered before it is looked at here.
    if names.is_local && request.method() == Method::OPTIONS && !is_this_machine(host_of(host)) {
        return Err((StatusCode::FORBIDDEN, "Forbidden: not served under this name\n"));
    }
    Ok(())
}

/// Whether pages of this origin may ask: those of this machine, on any port.
fn is_admitted(origin: &HeaderValue) -> bool {
    let Some((scheme, host)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else { return false };
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) && is_this_machine(host_of(host))
}

/// A host without its port; empty when the port is none.
fn host_of(authority: &str) -> &str {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match authority.rsplit_once(':') {
        _ if authority.ends_with(']') => authority,
        Some((host, port)) if is_port(port) => host,
        Some(_) => "",
        None => authority,
    }
}

fn is_this_machine(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_this_machine_are_admitted_and_no_others() {
        let admitted = |origin: &'static str| is_admitted(&HeaderValue::from_static(origin));
        for own in
            ["http://localhost", "http://localhost:6274", "HTTPS://127.0.0.1:1", "https://[::1]:8443", "http://[::1]"]
        {
            assert!(admitted(own), "{own}");
        }
        for other in [
            "null",
            "",
            "localhost",
            "ftp://localhost",
            "http://localhost.evil.example",
            "http://evil.example:80",
            "http://localhost:",
            "http://localhost:80x",
            "http://localhost:80@evil.example",
            "http://[::1].evil.example",
            "http://127.0.0.1.evil.example",
        ] {
            assert!(!admitted(other), "{other}");
        }
    }
}
