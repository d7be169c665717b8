//! Over which transports is a store served, and when does serving end?

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::desk::{Desk, ImportRoots};
use super::http::{self, HttpOptions, Tell};
use super::server::Server;
use super::stdio;
use super::stdio::signals::Ends;
use super::tidying;
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
    /// HTTP goes on when stdin ends.
    pub keeps_running: bool,
    /// Live sources of the store; without them, calls start none.
    pub capture: Option<Capture>,
    /// Folders whose files calls may import.
    pub import_roots: ImportRoots,
    /// How calls read them, unless they say otherwise.
    pub import: ImportOptions,
    /// Memory that everything beside the stored events may hold at once.
    pub budget: Budget,
}

/// What there is to know of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpNews {
    /// It is served at this address.
    Listening(SocketAddr),
    /// Something is wrong; in one line.
    Trouble(String),
}

/// Serves MCP on stdin and stdout and, if asked for, over HTTP.
///
/// It ends when stdin ends, as its host does; with HTTP and `keeps_running` the end of stdin ends only the conversation
/// there. A signal (SIGTERM, SIGINT) ends both, once the requests in flight are answered; of those, what only reads and takes long is given up. `heard` is told the address
/// HTTP is served on, and what goes wrong with it: an address that is taken costs HTTP, not stdio.
///
/// Run it on a `current_thread` runtime: there, requests of one connection take effect in the order sent.
///
/// # Errors
/// When the address cannot be served on and `keeps_running` says that HTTP is what is wanted, or stdio breaks before the client and the server have agreed on a protocol
/// version.
pub async fn serve(
    store: EventStore,
    options: ServeOptions,
    ends: Ends,
    heard: impl Fn(HttpNews) + Send + Sync + 'static,
) -> io::Result<()> {
    let budget = options.budget.clone();
    tokio::select! {
        ended = serve_all(store, options, ends, heard) => ended,
        never = tidying::tidy(&budget) => match never {},
    }
}

async fn serve_all(
    store: EventStore,
    options: ServeOptions,
    ends: Ends,
    heard: impl Fn(HttpNews) + Send + Sync + 'static,
) -> io::Result<()> {
    let desk = Desk::new(store, options.capture, options.import_roots, options.import, options.budget);
    let server = Server::new(desk.clone(), options.is_read_only, ends.asked().clone());
    let stdio = stdio::serve(server, options.stdio, ends.clone());
    let Some(http) = options.http else { return stdio.await };
    let listener = match http::bind(&http).await {
        Ok(listener) => listener,
        Err(error) if options.keeps_running => return Err(error),
        Err(error) => {
            heard(HttpNews::Trouble(format!("{error}; going on with stdio alone")));
            return stdio.await;
        }
    };
    heard(HttpNews::Listening(listener.local_addr()?));
    let tell: Tell = Arc::new(move |trouble: &str| heard(HttpNews::Trouble(trouble.to_owned())));
    let http = http::serve(listener, desk, options.is_read_only, http, ends.clone(), tell);
    let stdio = async {
        let ended = stdio.await;
        if !options.keeps_running {
            ends.asked().cancel();
        }
        ended
    };
    let (stdio, http) = tokio::join!(stdio, http);
    http.and(stdio)
}
