//! How is the store served over HTTP, and to whom?
//!
//! rmcp's Streamable HTTP service at `/mcp`. Who may ask: on loopback any program of this machine, but no web page (the
//! `Host` and `Origin` headers are checked, so that a rebound name or a page in a browser gets nothing); on any other
//! address, or where a token is set, who has the token.

mod admission;
mod answered;
mod connections;
mod held;
mod numbers;
mod pages;
mod posted;
mod reader;
mod sessions;
mod steady;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::server::Server;
use super::stdio::signals::Ends;
use admission::{Guard, admit};
pub(super) use connections::Tell;
use pages::{Names, look};
use posted::MAX_BODY_BYTES;
use reader::Reader;
use sessions::Sessions;

/// Where the protocol is spoken.
const PATH: &str = "/mcp";

/// A session of a client before 2026-07-28 that says nothing for so long is forgotten. Assistants pause for minutes.
const SESSION_IDLE: Duration = Duration::from_hours(1);

/// Longest wait, after a signal, for requests whose bodies are still arriving or whose replies are being read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest wait for connections to close once every reply is sent.
const GOODBYE: Duration = Duration::from_secs(1);

/// Pages of this machine may ask too: the MCP Inspector runs in a browser.
const LOCAL_ORIGINS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

/// Where HTTP is served and who may use it.
#[derive(Clone)]
pub struct HttpOptions {
    address: SocketAddr,
    token: Option<String>,
}

impl HttpOptions {
    /// Serving on an address; port 0 takes a free one. A token, if there is one, is asked of every request.
    ///
    /// # Errors
    /// When the address can be reached from other machines and there is no token, or the token cannot stand in a header.
    pub fn new(address: SocketAddr, token: Option<String>) -> Result<Self, String> {
        match &token {
            None if !address.ip().is_loopback() => {
                return Err(format!(
                    "{address} can be reached from other machines: set a token (ELIXIR_SCOPE_HTTP_TOKEN or --http-token), \
                     or serve on loopback, such as 127.0.0.1:{}",
                    address.port()
                ));
            }
            Some(token) if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return Err("the token must be one or more visible ASCII characters without spaces".to_owned());
            }
            _ => {}
        }
        Ok(Self { address, token })
    }
}

impl std::fmt::Debug for HttpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.token.as_ref().map(|_| "(secret)");
        f.debug_struct("HttpOptions").field("address", &self.address).field("token", &token).finish()
    }
}

pub(super) async fn bind(options: &HttpOptions) -> io::Result<TcpListener> {
    TcpListener::bind(options.address)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot serve HTTP on {}: {error}", options.address)))
}

/// Serves until a signal, then answers what is in flight.
pub(super) async fn serve(
    listener: TcpListener,
    desk: Desk,
    is_read_only: bool,
    options: HttpOptions,
    ends: Ends,
    tell: Tell,
) -> io::Result<()> {
    let in_flight = TaskTracker::new();
    let sessions_end = CancellationToken::new();
    let guard = Arc::new(Guard::new(options.token, in_flight.clone(), desk.workers().budget().clone()));
    let closing = ends.asked().clone();
    let service = StreamableHttpService::new(
        move || {
            let memory = desk.workers().budget().count(sessions::SESSION_BYTES);
            Ok(Server::new(desk.clone(), is_read_only, closing.child_token()).holding(memory))
        },
        Arc::new(Sessions::new(session_manager())),
        config(options.address, sessions_end.clone()),
    );
    let names = Names { is_local: options.address.ip().is_loopback() };
    let router = Router::new().route_service(PATH, service).fallback(not_here);
    let router = router.layer(from_fn(numbers::keep)).layer(from_fn_with_state(guard, admit));
    // A browser asks without the token whether it may send it.
    let router = router.layer(from_fn_with_state(names, look));
    let mut serving = tokio::spawn(connections::serve(listener, Reader::new, router, ends.asked().clone(), tell));

    tokio::select! {
        () = ends.asked().cancelled() => {}
        ended = &mut serving => return ended.map_err(io::Error::other)?,
    }
    // From here no connection is taken, and listeners are sent home; what was asked is answered.
    in_flight.close();
    tokio::select! {
        () = in_flight.wait() => {}
        () = tokio::time::sleep(PATIENCE) => {}
        () = ends.insisted().cancelled() => {}
    }
    // Streams that sessions hold open would keep their connections forever.
    sessions_end.cancel();
    match tokio::time::timeout(GOODBYE, serving).await {
        Ok(ended) => ended.map_err(io::Error::other)?,
        Err(_) => Ok(()),
    }
}

fn session_manager() -> LocalSessionManager {
    let mut sessions = LocalSessionManager::default();
    sessions.session_config.keep_alive = Some(SESSION_IDLE);
    sessions
}

fn config(address: SocketAddr, sessions_end: CancellationToken) -> StreamableHttpServerConfig {
    let config = StreamableHttpServerConfig::default()
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_BODY_BYTES)
        .with_cancellation_token(sessions_end)
        .with_allowed_origins(LOCAL_ORIGINS)
        .enforce_origin_validation();
    if address.ip().is_loopback() {
        let own = address.ip().to_string();
        return config.with_allowed_hosts(["localhost", "127.0.0.1", "::1", own.as_str()]);
    }
    // Under which names other machines know this one cannot be known. They have the token, and a rebound page has not.
    config.disable_allowed_hosts()
}

async fn not_here() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, format!("Not Found: MCP is spoken at {PATH}\n"))
}
