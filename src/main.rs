//! Serves MCP on stdio, or prints the tools.

use std::io::Write;

use elixir_scope_storage::{EventStore, Settings, mcp};

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("tools") {
        std::io::stdout().write_all(mcp::tools_json().as_bytes())?;
        return Ok(());
    }
    let store = EventStore::open(Settings::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(mcp::serve_stdio(store))?;
    Ok(())
}
