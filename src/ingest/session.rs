//! A session folder, as `ElixirScope`'s player writes it: which events, under which session id?

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde_json::Value;

use super::batch::Batch;
use super::documents::Documents;
use super::format::{Bytes, Format};
use super::job::Job;
use super::out::Out;
use super::{MAX_EVENT_BYTES, unreadable};
use crate::error::{Error, Result};
use crate::event::MAX_KEY_BYTES;

const EVENTS: &str = "events.json";
const METADATA: &str = "metadata.json";

/// Whether a folder is a session.
pub(super) fn is_one(folder: &Path) -> bool {
    folder.join(EVENTS).exists()
}

/// Imports a folder's events; `ast_map.json` and `source_code.json` are not read yet.
pub(super) fn import(job: &mut Job<'_>, folder: &Path) -> Result<()> {
    let session_id = session_id(job, &folder.join(METADATA))?;
    let events = folder.join(EVENTS);
    let mut input = job.open(&events).map_err(|error| unreadable(&events, &error))?;
    job.begin(&events);
    let mut batch = Batch::new(session_id.clone());
    let name = super::stem(folder);
    let mut out = Out { job, batch: &mut batch, name: &name, mark: None };
    // By its name it can only be that.
    let mut documents = Documents::of_array();
    let outcome = documents.read(&mut out, &mut input, Bytes::Text);
    documents.complain(&mut out);
    batch.flush(job);
    job.end(&input, outcome);
    job.read(Format::Session, session_id, vec![events]);
    Ok(())
}
fn read_whole(file: File) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(MAX_EVENT_BYTES as u64).read_to_end(&mut text)?;
    Ok(text)
}

/// The session's id; a folder without metadata has none.
fn session_id(job: &Job<'_>, path: &Path) -> Result<Option<String>> {
    let text = match job.options.access.open(path).and_then(read_whole) {
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
