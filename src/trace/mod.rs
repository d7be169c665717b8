//! What happened in the BEAM, told by its trace messages?
//!
//! A [`Recorder`] turns the terms of one source, in the order they came, into events.

use crate::etf::Term;
use crate::event::Event;

/// Where the terms of a recorder come from, and how its events are told apart from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Their `session_id`.
    pub id: String,
    /// Start of their event ids; unique among the sessions of a store.
    pub prefix: String,
    /// Longest text of one value (an argument, a message, a state) in bytes; longer ones are cut by a visible marker.
    pub max_value_bytes: usize,
    /// Added to every timestamp, in nanoseconds: puts sources with clocks of their own on one clock.
    pub shift_ns: i64,
    /// Wall clock less the source's own clock (before the shift), in nanoseconds, where it is known: gives events
    /// their `wall_time`.
    pub wall_offset_ns: Option<i64>,
}

/// What a recorder has read and made so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Trace messages read (each of a batch counts).
    pub records: u64,
    /// Events made of them.
    pub events: u64,
    /// Messages that are none this recorder knows; each is kept as an event of type `unknown_trace`.
    pub unknown: u64,
    /// Messages the source said it had to drop.
    pub dropped: u64,
    /// Spans in which messages were dropped; each is an event of type `gap`.
    pub gaps: u64,
}

/// The time of a trace message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds of the node's monotonic clock (or of the wall clock, for `{Mega, Sec, Micro}`).
    pub ns: i64,
    /// `erlang:unique_integer([monotonic])`, where the source sends it: a total order of the node.
    pub unique: Option<i64>,
    /// Whether `ns` is wall-clock time.
    pub is_wall: bool,
}

/// Turns the trace messages of one source into events.
#[derive(Debug)]
pub struct Recorder {
    session: Session,
    counters: Counters,
}

impl Recorder {
    /// A recorder that has seen nothing.
    pub fn new(session: Session) -> Self {
        Self { session, counters: Counters::default() }
    }

    /// Takes one term in: a trace message, a list of them, or what `scope.exs` sends.
    pub fn take(&mut self, _term: Term<'_>) {
        self.counters.records += 1;
    }

    /// The source dropped so many messages here.
    pub fn dropped(&mut self, messages: u64) {
        self.counters.dropped += messages;
    }

    /// Events made and not handed over yet.
    pub fn pending(&self) -> usize {
        0
    }

    /// Hands the pending events over, in order, and forgets them.
    pub fn hand_over<R>(&mut self, store: impl FnOnce(&[Event<'_>]) -> R) -> R {
        store(&[])
    }

    /// The source has ended: a gap still open is closed.
    pub fn finish(&mut self) {}

    /// What was read and made so far.
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Where it reads from.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Puts later events on another clock.
    pub fn set_clock(&mut self, shift_ns: i64, wall_offset_ns: Option<i64>) {
        self.session.shift_ns = shift_ns;
        self.session.wall_offset_ns = wall_offset_ns;
    }

    /// The time of the last message that carried one.
    pub const fn last_stamp(&self) -> Option<Stamp> {
        None
    }

    /// What the source said of itself (`scope.exs` sends it first): os pid, OTP release, node.
    pub const fn hello(&self) -> Option<&Hello> {
        None
    }
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
}

/// The time a trace message carries, if it is one and carries one.
pub fn stamp_of(_message: Term<'_>) -> Option<Stamp> {
    None
}
