//! How is MCP spoken on stdin and stdout, so that a script can trust it?
//!
//! Requests take effect one after the other in the order sent, each is answered once, and everything is answered before
//! the process ends. The protocol itself is rmcp's; this is the transport below it:
//!
//! `lines` finds lines in bytes, `intake` holds them against the budget, `envelope` says what a line means, `message` what
//! one message does, `storing` knows the lines that store, `gate` lets one request in at a time, `outbox` frames what goes
//! out, `called` joins an answer to its reply, `transport` runs them, `pipes` and `signals` are the process's.

mod called;
mod envelope;
mod gate;
mod intake;
mod lines;
mod message;
mod options;
mod outbox;
mod pipes;
mod refusal;
mod said;
pub(super) mod signals;
mod storing;
mod surrogates;
mod transport;

use std::io;

use envelope::Line;
pub(super) use message::arguments_of_call;
pub use options::Options;
use said::Said;
use signals::Ends;
use transport::Wire;

use super::server::Server;
use crate::EventStore;

/// Serves MCP on stdin and stdout until stdin ends or SIGTERM or SIGINT comes, and everything asked until then is
/// answered; at a signal, with a refusal where it only reads and takes long.
///
/// Requests of any runtime take effect in the order sent; on a `current_thread` runtime they do so fastest. End the
/// runtime with `shutdown_background`: where stdin is no pipe, a thread may still wait for its next byte.
///
/// # Errors
/// When stdin cannot be read, or when stdout cannot be written: [`BrokenPipe`](io::ErrorKind::BrokenPipe) means its
/// reader is gone. When a second signal comes before everything is answered: [`Interrupted`](io::ErrorKind::Interrupted).
pub async fn serve_stdio(store: EventStore, options: Options) -> io::Result<()> {
    let ends = Ends::listen()?;
    serve(Server::new(store.into(), false, ends.asked().clone()), options, ends).await
}

/// [`serve_stdio`] with a server made for it.
pub(super) async fn serve(server: Server, options: Options, ends: Ends) -> io::Result<()> {
    let budget = server.desk().workers().budget().clone();
    let (wire, broken) = Wire::new(pipes::input(), pipes::output(), Some(&ends), options, &budget);
    let running = rmcp::service::serve_directly(server, wire, None);
    tokio::select! {
        biased;
        Ok(error) = broken => Err(error),
        ended = running.waiting() => ended.map(drop).map_err(io::Error::other),
        error = pipes::output_closed() => Err(error),
    }
}

/// What one line of stdin would mean: for tools that look into scripts, and for tests with arbitrary bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineReport {
    /// Requests that would be handed to their handlers.
    pub requests: usize,
    /// Notifications, known ones and others.
    pub notifications: usize,
    /// Replies, each one JSON object, that would be given without asking a handler.
    pub refusals: Vec<String>,
}

/// Reads one line of stdin and does nothing of what it says.
pub fn read_line(line: &[u8]) -> LineReport {
    let mut report = LineReport::default();
    let read = |said: Said| match said {
        Said::Storing(unread) => unread.read(),
        said => said,
    };
    let mut count = |said: Said| match read(said) {
        Said::Request(_) | Said::Storing(_) => report.requests += 1,
        Said::Cancel(_) | Said::Notification(_) | Said::Ignored => report.notifications += 1,
        Said::Refused(refusal) => report.refusals.push(refusal.to_json()),
    };
    match envelope::read(line.to_vec()) {
        Line::Blank => {}
        Line::One(said) => count(said),
        Line::Batch(all) => all.into_iter().for_each(count),
    }
    report
}
