//! The server that the official conformance suite asks, over HTTP: the real one, and beside it the tools, resources and
//! prompts that the suite expects of any server it tests. `.ci/clients conformance` runs it.
//!
//! Prints its address on stdout and serves until stdin ends.

#![expect(clippy::unwrap_used, reason = "a fixture that is wrong must stop the run")]

mod fixtures;
mod input;
mod server;

use std::error::Error;
use std::io::{Read, Write};

use elixir_scope_storage::{EventStore, Settings, mcp};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let store = EventStore::open(Settings::default())?;
    let sessions = LocalSessionManager::default().into();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // The suite plays a browser, on a page of this server and on a hostile one.
    let config = StreamableHttpServerConfig::default().with_allowed_origins([format!("http://{address}")]);
    let service = StreamableHttpService::new(
        move || Ok(server::WithFixtures::new(mcp::handler(store.clone()))),
        sessions,
        config,
    );

    let mut out = std::io::stdout();
    writeln!(out, "http://{address}/mcp")?;
    out.flush()?;
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.send(())
    });
    tokio::select! {
        served = axum::serve(listener, axum::Router::new().nest_service("/mcp", service)) => served?,
        _ = end => {}
    }
    Ok(())
}
