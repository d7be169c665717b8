//! What happened in the BEAM, told by its trace messages?
//!
//! A [`Recorder`] takes the terms of one source, in the order they came, and makes events of them: calls with their
//! durations, messages with their senders and receivers, the life of processes, changes of state. What joins two
//! messages (a call and its return, a send and its receive) is found here, once, and written into the events.

mod behaviour;
mod calls;
mod clock;
mod crash;
mod cut;
mod diff;
mod draft;
mod flight;
mod functions;
mod gap;
mod handlers;
mod life;
mod message;
mod messages;
mod object;
mod process;
mod raised;
mod recorder;
mod returns;
mod scope;
mod shape;
mod stamp;
mod state;
mod vm;
mod window;

use crate::redact::Rules;
pub use recorder::{Recorder, messages};
pub use stamp::{Stamp, stamp_of};

/// Longest text of one value unless a [`Session`] says otherwise, in bytes.
pub const MAX_VALUE_BYTES: usize = 16 << 10;

/// Where the terms of a recorder come from, and how its events are told apart from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Their `session_id`.
    pub id: String,
    /// Start of their event ids; unique among the sessions of a store.
    pub prefix: String,
    /// Longest text of one value (an argument, a message, a state) in bytes; longer ones are cut by a visible marker.
    pub max_value_bytes: usize,
    /// What is hidden of values.
    pub redact: Rules,
    /// Added to every timestamp, in nanoseconds: puts sources with clocks of their own on one clock.
    pub shift_ns: i64,
    /// When it began, on the events' clock, where it is known: the time of messages before the first that carries one.
    pub start_ns: Option<i64>,
    /// Wall clock less the source's own clock (before the shift), in nanoseconds, where it is known: gives events
    /// their `wall_time`.
    pub wall_offset_ns: Option<i64>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            id: String::new(),
            prefix: String::new(),
            max_value_bytes: MAX_VALUE_BYTES,
            redact: Rules::default(),
            shift_ns: 0,
            start_ns: None,
            wall_offset_ns: None,
        }
    }
}

/// What a recorder has read and made so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Trace messages that became events or are told otherwise; each of a batch counts. Those that wait for earlier ones
    /// do not yet.
    pub records: u64,
    /// Events made of them.
    pub events: u64,
    /// Messages that told what another one had told: the child's view of a spawn, the start of a garbage collection.
    pub merged: u64,
    /// Messages of a kind not known; each is kept as an event of type `unknown_trace`.
    pub unknown: u64,
    /// Messages the source said it had to drop.
    pub dropped: u64,
    /// Spans in which messages were dropped; each is an event of type `gap`.
    pub gaps: u64,
    /// Values cut because they were longer than allowed.
    pub cut: u64,
    /// Secrets hidden in values.
    pub redacted: u64,
}

/// Why a source ended its trace, as it said itself; only `scope.exs` does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// When, on the events' clock.
    pub at_ns: Option<i64>,
    /// Its reason, in Elixir syntax.
    pub because: String,
    /// What else it says (who, what was left out), in Elixir syntax.
    pub details: Option<String>,
}

/// What a producer says of itself before its first message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// Its operating system's process id.
    pub os_pid: Option<String>,
    /// `erlang:time_offset(nanosecond)`: wall clock less monotonic clock.
    pub time_offset_ns: Option<i64>,
    /// Name of the node.
    pub node: Option<String>,
    /// Release of Erlang/OTP.
    pub otp: Option<String>,
}
