//! Where do the events go that a reader makes of a file?

use serde_json::value::RawValue;

use super::batch::Batch;
use super::input::Input;
use super::job::{Job, Stop};
use super::report::Place;
use super::trace_file::fingerprint;
use super::{Found, MAX_EVENT_BYTES};

/// One file on its way into the store.
pub(super) struct Out<'r, 'j> {
    pub(super) job: &'r mut Job<'j>,
    pub(super) batch: &'r mut Batch,
    /// What the file is called.
    pub(super) name: &'r str,
    /// Tells this file's ids and session from others', once the first of what it holds is read.
    pub(super) mark: Option<String>,
}

impl Out<'_, '_> {
    /// The file's mark; the text is of the first it holds.
    pub(super) fn mark(&mut self, text: &[u8]) -> String {
        let mark = self.mark.get_or_insert_with(|| fingerprint(text)).clone();
        self.batch.session_id.get_or_insert_with(|| format!("{}-{mark}", self.name));
        mark
    }

    /// The text of what was found as JSON; else it is rejected. `what` is what it should be.
    pub(super) fn json<'t>(&mut self, found: Found, text: &'t [u8], what: &str) -> Option<&'t str> {
        if found.bytes > MAX_EVENT_BYTES as u64 {
            let told = format!("{} bytes; what a file holds is at most {MAX_EVENT_BYTES} apiece", found.bytes);
            self.reject(found, told);
            return None;
        }
        match serde_json::from_slice::<&RawValue>(text) {
            Ok(raw) => Some(raw.get()),
            Err(error) => {
                // The parser saw one value only; its line is not the file's.
                let error = error.to_string().replace(" at line 1 column ", " at column ");
                self.reject(found, format!("no {what}: {error}"));
                None
            }
        }
    }

    pub(super) fn push(&mut self, input: &Input, found: Found, event: &str) -> Result<(), Stop> {
        self.batch.push(self.job, input, found, event.as_bytes())
    }

    pub(super) fn reject(&mut self, found: Found, message: impl Into<String>) {
        self.job.reject(Place::Line(found.line), message);
    }
}
