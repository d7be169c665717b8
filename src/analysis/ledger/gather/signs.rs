//! Which calls may show a web request or its answer?

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::book::Book;
use crate::analysis::ledger::entry::{CallId, Moment, Sign};
use crate::query::Seen;

/// How a request of Plug begins wherever it is shown.
static CONN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"%Plug.Conn"));

impl Book {
    /// Notes an event of a call, with its payload, for those who look at web requests. Cost: one search in it.
    pub(super) fn sign(&mut self, (seen, data): (&Seen<'_>, &str), call: CallId, moment: Moment, is_end: bool) {
        let answers = !is_end && is_answering(seen);
        if answers || CONN.find(data.as_bytes()).is_some() {
            self.signs.push(Sign { call, moment, is_end });
        }
    }
}

/// Whether a function sends an answer, or tells of one.
fn is_answering(seen: &Seen<'_>) -> bool {
    let module = || seen.module().unwrap_or_default().trim_start_matches(':');
    match seen.function() {
        Some("send_resp" | "resp" | "send_chunked" | "send_file" | "put_status") => true,
        Some("execute") => module() == "telemetry",
        Some("reply" | "stream_reply") => module() == "cowboy_req",
        _ => false,
    }
}
