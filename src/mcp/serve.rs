//! Over which transports is a store served, and when does serving end?

use std::io;
use std::net::SocketAddr;

use super::desk::{Desk, ImportRoots};
use super::http::{self, HttpOptions};
use super::server::Server;
use super::stdio;
use super::stdio::signals::Ends;
use crate::EventStore;
use crate::budget::Budget;
use crate::capture::Capture;
use crate::ingest::ImportOptions;

/// How a store is served.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServeOptions {
    /// No call may store or remove; retention goes on.
    pub is_read_only: bool,
    /// How stdio is served.
    pub stdio: stdio::Options,
    /// Streamable HTTP beside stdio.
    pub http: Option<HttpOptions>,
    /// Live sources of the store; without them, calls start none.
    pub capture: Option<Capture>,
    /// Folders whose files calls may import.
    pub import_roots: ImportRoots,
    /// How calls read them, unless they say otherwise.
    pub import: ImportOptions,
    /// Memory that everything beside the stored events may hold at once.
    pub budget: Budget,
}

/// Serves MCP on stdin and stdout and, if asked for, over HTTP.
///
/// Without HTTP it ends when stdin ends. With HTTP the end of stdin ends only the conversation there; a signal (SIGTERM,
/// SIGINT) ends both, once the requests in flight are answered; of those, what only reads and takes long is given up. `listening` is told the address HTTP is served on.
///
/// Run it on a `current_thread` runtime: there, requests of one connection take effect in the order sent.
///
/// # Errors
/// When the address cannot be served on, or stdio breaks before the client and the server have agreed on a protocol
/// version.
pub async fn serve(
    store: EventStore,
    options: ServeOptions,
    ends: Ends,
    listening: impl FnOnce(SocketAddr),
) -> io::Result<()> {
    let desk = Desk::new(store, options.capture, options.import_roots, options.import, options.budget);
    let server = Server::new(desk.clone(), options.is_read_only, ends.asked().clone());
    let stdio = stdio::serve(server, options.stdio, ends.clone());
    let Some(http) = options.http else { return stdio.await };
    let listener = http::bind(&http).await?;
    listening(listener.local_addr()?);
    let http = http::serve(listener, desk, options.is_read_only, http, ends);
    let (stdio, http) = tokio::join!(stdio, http);
    http.and(stdio)
}
