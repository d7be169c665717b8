//! A session folder, as `ElixirScope`'s player writes it: which events, under which session id?

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::batch::Batch;
use super::{ImportReport, Layout, Progress, import_file, unreadable};
use crate::error::{Error, Result};
use crate::event::MAX_KEY_BYTES;
use crate::store::EventStore;

const EVENTS: &str = "events.json";
const METADATA: &str = "metadata.json";

/// Imports a folder's events; `ast_map.json` and `source_code.json` are not read yet.
pub(super) fn import(store: &EventStore, folder: &Path, progress: &mut dyn FnMut(Progress)) -> Result<ImportReport> {
    let events = folder.join(EVENTS);
    if !events.exists() {
        return Err(Error::not_found(format!(
            "{}: a session folder holds {EVENTS}, this one does not; name the recordings in it one by one",
            folder.display()
        )));
    }
    let batch = Batch::new(store, session_id(&folder.join(METADATA))?);
    import_file(batch, Layout::Array, &events, progress)
}

/// The session's id; a folder without metadata has none.
fn session_id(path: &Path) -> Result<Option<String>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let metadata: Value = serde_json::from_slice(&text)
        .map_err(|error| Error::invalid(format!("{}: not valid JSON: {error}", path.display())))?;
    let id = match metadata.get("id") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        Some(_) => return Err(Error::invalid(format!("{}: id: expected a string or a number", path.display()))),
    };
    if id.len() > MAX_KEY_BYTES {
        return Err(Error::invalid(format!("{}: id: {} bytes; at most {MAX_KEY_BYTES}", path.display(), id.len())));
    }
    Ok(Some(id))
}
