//! What is known of a source: for people who ask, and for the next connection.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::clock::Clock;
use crate::store::StoreReport;
use crate::trace::Counters;

/// Sessions, and interruptions, told one by one; older ones are only counted.
const TOLD: usize = 16;

/// Notes of a session told one by one; older ones are only counted.
const NOTES: usize = 5;

/// Over how long a rate is measured.
const INTERVAL_NS: i64 = 1_000_000_000;

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A trace port that is connected to.
    Dbg,
    /// An address that producers connect to.
    Listen,
}

impl Kind {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dbg => "dbg",
            Self::Listen => "listen",
        }
    }
}

/// What a source does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody answers yet, or any more; it is tried again and again.
    Connecting,
    /// It is being read.
    Connected,
    /// Producers may connect.
    Listening,
    /// It was told to stop.
    Stopped,
    /// It cannot go on; `last_error` says why.
    Failed,
}

impl State {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Listening => "listening",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What was read and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Trace messages, or lines.
    pub records: u64,
    /// Events handed to the store.
    pub events: u64,
    /// Of these, such as were stored already.
    pub duplicates: u64,
    /// Records and events that could not be read or stored.
    pub rejected: u64,
    /// Messages the source said it had to drop.
    pub dropped: u64,
    /// Spans in which messages were or may have been lost.
    pub gaps: u64,
    /// Messages of a kind not known, kept as `unknown_trace`.
    pub unknown: u64,
    /// Values cut because they were too long.
    pub cut: u64,
    /// Secrets hidden in values.
    pub redacted: u64,
}

impl Counts {
    fn add(&mut self, more: Self) {
        let Self { records, events, duplicates, rejected, dropped, gaps, unknown, cut, redacted } = more;
        self.records += records;
        self.events += events;
        self.duplicates += duplicates;
        self.rejected += rejected;
        self.dropped += dropped;
        self.gaps += gaps;
        self.unknown += unknown;
        self.cut += cut;
        self.redacted += redacted;
    }

    /// What a recorder read since it had read `before`, and what the store made of a batch.
    pub(super) fn since(before: &Counters, now: &Counters, report: &StoreReport) -> Self {
        let rejected = report.rejected.len() as u64;
        Self {
            records: now.records - before.records,
            events: report.stored + report.replaced + report.duplicates + rejected,
            duplicates: report.duplicates,
            rejected,
            dropped: now.dropped - before.dropped,
            gaps: now.gaps - before.gaps,
            unknown: now.unknown - before.unknown,
            cut: now.cut - before.cut,
            redacted: now.redacted - before.redacted,
        }
    }
}

/// One process that was heard over a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// `session_id` of its events.
    pub session_id: String,
    /// Which of the source, from 1.
    pub number: u64,
    /// Process id of the operating system, where the producer says it.
    pub os_pid: Option<String>,
    /// Name of the node.
    pub node: Option<String>,
    /// Added to its timestamps, in nanoseconds.
    pub shift_ns: i64,
    /// What was read.
    pub counts: Counts,
    /// When its tracing ended, on the store's clock, as the source said or its last event.
    pub ended_at: Option<i64>,
    /// Why; `None` while it goes on.
    pub ended_because: Option<String>,
    /// The newest things it said about the trace, such as what it left out, oldest first.
    pub notes: Vec<String>,
    /// All it said.
    pub notes_total: u64,
}

impl SessionStatus {
    pub(super) fn note(&mut self, notes: Vec<String>) {
        self.notes_total += notes.len() as u64;
        self.notes.extend(notes);
        let from = self.notes.len().saturating_sub(NOTES);
        self.notes.drain(..from);
    }
}

/// A time in which a source was not connected, on the wall clock, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interruption {
    /// When the connection ended.
    pub since_ns: i64,
    /// When the next one began; `None` while it has not.
    pub until_ns: Option<i64>,
}

/// What is known of a source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceStatus {
    /// Its name: the address.
    pub source: String,
    /// What it is.
    pub kind: Kind,
    /// What it does now.
    pub state: State,
    /// What last went wrong, with the byte of the connection where it did.
    pub last_error: Option<String>,
    /// How long ago, in nanoseconds, that was.
    pub last_error_ago_ns: Option<i64>,
    /// Connections open now.
    pub connections: u64,
    /// What was read over all of it.
    pub counts: Counts,
    /// Events a second, over the last second or two.
    pub events_per_second: u64,
    /// Timestamp of the event that lies last.
    pub last_event_timestamp: Option<i64>,
    /// How long ago, in nanoseconds, events last arrived.
    pub last_arrival_ago_ns: Option<i64>,
    /// The newest sessions, oldest first.
    pub sessions: Vec<SessionStatus>,
    /// All sessions there were.
    pub sessions_total: u64,
    /// The newest interruptions, oldest first.
    pub interruptions: Vec<Interruption>,
    /// All interruptions there were.
    pub interruptions_total: u64,
}

/// Keeps what is known of one source.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) source: String,
    pub(super) kind: Kind,
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    state: State,
    last_error: Option<String>,
    last_error_at: i64,
    connections: u64,
    counts: Counts,
    meter: Meter,
    last_event: Option<i64>,
    last_arrival: Option<i64>,
    sessions: VecDeque<SessionStatus>,
    sessions_total: u64,
    interruptions: VecDeque<Interruption>,
    interruptions_total: u64,
}

impl Ledger {
    pub(super) fn new(source: String, kind: Kind, state: State, clock: Arc<dyn Clock>) -> Self {
        let book = Book {
            state,
            last_error: None,
            last_error_at: 0,
            connections: 0,
            counts: Counts::default(),
            meter: Meter::default(),
            last_event: None,
            last_arrival: None,
            sessions: VecDeque::new(),
            sessions_total: 0,
            interruptions: VecDeque::new(),
            interruptions_total: 0,
        };
        Self { source, kind, clock, book: Mutex::new(book) }
    }

    pub(super) fn now_ns(&self) -> i64 {
        self.clock.now_ns()
    }

    pub(super) fn state(&self) -> State {
        self.book.lock().state
    }

    pub(super) fn set_state(&self, state: State) {
        self.book.lock().state = state;
    }

    /// Takes down what went wrong; whether it is news.
    pub(super) fn complain(&self, error: &str) -> bool {
        let now = self.now_ns();
        let mut book = self.book.lock();
        book.last_error_at = now;
        let is_news = book.last_error.as_deref() != Some(error);
        if is_news {
            book.last_error = Some(error.to_owned());
        }
        is_news
    }

    pub(super) fn connected(&self) {
        let now = self.now_ns();
        let mut book = self.book.lock();
        book.connections += 1;
        if self.kind == Kind::Dbg {
            book.state = State::Connected;
            if let Some(open) = book.interruptions.back_mut().filter(|last| last.until_ns.is_none()) {
                open.until_ns = Some(now);
            }
        }
    }

    pub(super) fn disconnected(&self) {
        let now = self.now_ns();
        let mut book = self.book.lock();
        book.connections -= 1;
        if self.kind == Kind::Dbg && book.state == State::Connected {
            book.state = State::Connecting;
            book.interruptions_total += 1;
            book.interruptions.push_back(Interruption { since_ns: now, until_ns: None });
            if book.interruptions.len() > TOLD {
                book.interruptions.pop_front();
            }
        }
    }

    /// Begins the next session; its number and id.
    pub(super) fn begin(&self) -> (u64, String) {
        let mut book = self.book.lock();
        book.sessions_total += 1;
        let number = book.sessions_total;
        let session_id = format!("{}#{number}", self.source);
        book.sessions.push_back(SessionStatus { session_id: session_id.clone(), number, ..SessionStatus::default() });
        if book.sessions.len() > TOLD {
            book.sessions.pop_front();
        }
        (number, session_id)
    }

    /// Writes down what is known of a session.
    pub(super) fn describe(&self, number: u64, describe: impl FnOnce(&mut SessionStatus)) {
        if let Some(session) = self.book.lock().sessions.iter_mut().find(|session| session.number == number) {
            describe(session);
        }
    }

    /// Takes down what a session read; `last_ns` is the last of its events.
    pub(super) fn took(&self, number: u64, counts: Counts, last_ns: Option<i64>) {
        let now = self.now_ns();
        let mut book = self.book.lock();
        book.counts.add(counts);
        book.last_event = book.last_event.max(last_ns);
        if counts.events > 0 {
            book.last_arrival = Some(now);
            book.meter.add(counts.events, now);
        }
        if let Some(session) = book.sessions.iter_mut().find(|session| session.number == number) {
            session.counts.add(counts);
        }
    }

    /// Last event there was, on the store's clock.
    pub(super) fn last_event(&self) -> Option<i64> {
        self.book.lock().last_event
    }

    pub(super) fn status(&self) -> SourceStatus {
        let now = self.now_ns();
        let book = self.book.lock();
        SourceStatus {
            source: self.source.clone(),
            kind: self.kind,
            state: book.state,
            last_error: book.last_error.clone(),
            last_error_ago_ns: book.last_error.as_ref().map(|_| now.saturating_sub(book.last_error_at).max(0)),
            connections: book.connections,
            counts: book.counts,
            events_per_second: book.meter.rate(now),
            last_event_timestamp: book.last_event,
            last_arrival_ago_ns: book.last_arrival.map(|at| now.saturating_sub(at).max(0)),
            sessions: book.sessions.iter().cloned().collect(),
            sessions_total: book.sessions_total,
            interruptions: book.interruptions.iter().copied().collect(),
            interruptions_total: book.interruptions_total,
        }
    }
}

/// How many events come in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    since: i64,
    events: u64,
    /// Of the interval before.
    before: u64,
}

impl Meter {
    fn add(&mut self, events: u64, now: i64) {
        let elapsed = now.saturating_sub(self.since);
        if elapsed >= INTERVAL_NS {
            self.before = if elapsed < 2 * INTERVAL_NS { per_second(self.events, elapsed) } else { 0 };
            self.since = now;
            self.events = 0;
        }
        self.events += events;
    }

    fn rate(&self, now: i64) -> u64 {
        let elapsed = now.saturating_sub(self.since);
        match elapsed {
            _ if elapsed >= 2 * INTERVAL_NS => 0,
            _ if elapsed >= INTERVAL_NS => per_second(self.events, elapsed),
            _ => self.before.max(self.events),
        }
    }
}

fn per_second(events: u64, elapsed_ns: i64) -> u64 {
    (u128::from(events) * INTERVAL_NS as u128 / elapsed_ns.max(1) as u128) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_rate_is_that_of_the_last_second_or_two_and_falls_to_nothing() {
        let mut meter = Meter::default();
        for tenth in 0..20 {
            meter.add(10, 5 * SECOND + tenth * SECOND / 10);
        }
        assert_eq!(meter.rate(7 * SECOND), 100);
        assert_eq!(meter.rate(7 * SECOND + SECOND / 2), 66);
        assert_eq!(meter.rate(60 * SECOND), 0);
    }

    #[test]
    fn interruptions_and_sessions_are_told_the_newest_first_to_stay_and_all_are_counted() {
        let clock = Arc::new(ManualClock::new(10));
        let ledger = Ledger::new("a:1".into(), Kind::Dbg, State::Connecting, clock.clone());
        for _ in 0..20 {
            ledger.connected();
            ledger.begin();
            clock.advance(1);
            ledger.disconnected();
        }
        let status = ledger.status();
        assert_eq!((status.sessions_total, status.interruptions_total), (20, 20));
        assert_eq!(status.sessions.iter().map(|one| one.number).collect::<Vec<_>>(), (5..=20).collect::<Vec<_>>());
        assert_eq!(status.interruptions.last(), Some(&Interruption { since_ns: 30, until_ns: None }));
        assert_eq!((status.state, status.connections), (State::Connecting, 0));
    }

    #[test]
    fn an_error_is_news_once() {
        let ledger = Ledger::new("a:1".into(), Kind::Dbg, State::Connecting, Arc::new(ManualClock::new(0)));
        assert!(ledger.complain("refused") && !ledger.complain("refused") && ledger.complain("reset"));
    }
}
