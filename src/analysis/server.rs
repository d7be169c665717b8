//! Do the callbacks that were traced tell which messages a process has taken, and of which ones?
//!
//! The one rule for all that is said of mailboxes. A callback that was joined to its message proves that callbacks were
//! traced in that stretch of the recording, and nothing beyond: a new capture may trace other modules, a gap hides what
//! was handled in it, and `init/1` alone says nothing of the callbacks that take messages.

use super::ledger::{Call, Callback, Kind, Ledger, Message, ProcessId};

/// What is known of a process that handles messages by callbacks.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the process")]
pub(super) struct Server {
    /// Stretches between breaks of the recording in which a callback was joined to its message.
    joined: Vec<usize>,
    /// In its `init/1` still: it has taken nothing yet.
    is_starting: bool,
    /// Another loop than OTP's calls its callbacks.
    is_relayed: bool,
    /// A measured length was shorter than what would be in the mailbox.
    pub(super) is_refuted: bool,
    /// Whether any of its receives was traced.
    pub(super) receives: bool,
    /// Order of the newest send that was handled: what was sent before is out of the mailbox.
    newest_handled: u32,
    /// Order of its newest call outside of any callback: an untraced callback made it, after it had taken a message.
    newest_outside: u32,
}

impl Server {
    /// What is known of each process, by its number.
    pub(super) fn all(ledger: &Ledger) -> Vec<Self> {
        let mut servers = vec![Self::default(); ledger.processes.len()];
        for (server, process) in servers.iter_mut().zip(&ledger.processes) {
            server.is_relayed = process.is_relayed;
            server.newest_outside = process.newest_bare;
        }
        // Outermost calls that have a callback within: the loop of a behaviour that was traced, too.
        let mut around_callbacks = vec![false; ledger.calls.len()];
        for (id, call) in (0..).zip(&ledger.calls).filter(|(_, call)| takes(call)) {
            let server = &mut servers[call.process as usize];
            if let Some(message) = call.message {
                let stretch = ledger.breaks_before(call.process, call.start.at);
                if server.joined.last() != Some(&stretch) {
                    server.joined.push(stretch);
                }
                server.newest_handled = server.newest_handled.max(ledger.message(message).sent.order);
            }
            let outermost = ledger.outermost(id);
            if outermost != id {
                around_callbacks[outermost as usize] = true;
            }
        }
        for (call, is_around) in ledger.calls.iter().zip(around_callbacks) {
            let server = &mut servers[call.process as usize];
            server.is_starting |= call.callback == Some(Callback::Init) && call.end.is_none();
            let is_outside = call.parent.is_none() && call.callback.is_none() && !is_around;
            if is_outside && !is_of_behaviour(ledger.text(call.function)) {
                server.newest_outside = server.newest_outside.max(call.start.order);
            }
        }
        for message in ledger.messages.iter().filter(|message| message.received.is_some()) {
            if let Some(receiver) = message.receiver {
                servers[receiver as usize].receives = true;
            }
        }
        servers
    }

    /// Whether callbacks tell of any of its messages that it was handled.
    pub(super) fn is_server(&self) -> bool {
        !self.is_relayed && !self.is_refuted && (self.is_starting || !self.joined.is_empty())
    }

    /// Whether a message that no callback handled is one that was not taken.
    pub(super) fn knows(&self, ledger: &Ledger, receiver: ProcessId, message: &Message) -> bool {
        let stretch = ledger.breaks_before(receiver, message.sent.at);
        // What a break hides may be that it was handled.
        let is_last = stretch == ledger.breaks_before(receiver, i64::MAX);
        let is_traced = self.is_starting || self.joined.contains(&stretch);
        // A later one was handled: this one was taken some other way.
        let is_passed = self.newest_handled > message.sent.order || self.newest_outside > message.sent.order;
        // A callback may wait for messages itself; calls and casts are for the server's loop.
        let may_be_taken = message.kind == Kind::Info && message.received_in.is_some();
        is_last && is_traced && !is_passed && !may_be_taken && message.is_sent_traced
    }
}

/// Whether it is a callback that takes a message.
fn takes(call: &Call) -> bool {
    matches!(call.callback, Some(Callback::Call | Callback::Cast | Callback::Info))
}

/// Callbacks that a server's loop calls without a message.
fn is_of_behaviour(function: &str) -> bool {
    let name = function.rsplit_once('.').map_or(function, |(_, name)| name);
    matches!(name, "terminate/2" | "code_change/3" | "format_status/1" | "format_status/2")
}
