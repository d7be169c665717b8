//! Placeholder until the `mcp` branch lands.

use crate::EventStore;

/// Serves until stdin ends.
pub async fn serve_stdio(store: EventStore) -> std::io::Result<()> {
    drop(store);
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await.map(drop)
}

/// What `tools/list` answers.
pub fn tools_json() -> String {
    "{\"tools\": []}\n".to_owned()
}
