//! One connection that carries terms: who speaks, and what do they say?

use super::Hub;
use super::frames::{Framing, MAX_RECORD_BYTES, Step, begins_whole, first_whole};
use super::incarnation::Seen;
use super::live::Live;
use super::reader::{Filled, Patience, Reader};
use super::status::Ledger;
use crate::etf::{Term, Unpacked};
use crate::trace::{Recorder, Session, messages};

/// Read before it is decided who speaks, at most: what waited in a queue is older than it looks, and the end of it is
/// not.
const OPENING_BYTES: usize = 1 << 20;

/// Longest time that events are kept while more arrive without a pause, in nanoseconds.
const MAX_WAIT_NS: i64 = 50_000_000;

/// Pauses in a row, of 5 ms each, after which nothing more is expected.
const QUIET_MOMENTS: u32 = 4;

/// A connection being read.
pub(super) struct Records<'a> {
    hub: &'a Hub,
    ledger: &'a Ledger,
    framing: Framing,
    reader: Reader<'a>,
    unpacked: Unpacked,
    is_aligned: bool,
    /// Whether bytes of a cut record were passed over.
    is_cut: bool,
    /// Bytes among which no whole record was found; it is looked for again when there are twice as many.
    searched: usize,
}

/// How a connection ended.
pub(super) struct Ended {
    /// The process that spoke, if one did.
    pub(super) live: Option<Live>,
    /// What was wrong.
    pub(super) error: Option<String>,
}

impl<'a> Records<'a> {
    pub(super) fn new(hub: &'a Hub, ledger: &'a Ledger, framing: Framing, reader: Reader<'a>) -> Self {
        // A packet stream begins with its connection; a port's may be left and taken up anywhere.
        let is_aligned = framing == Framing::Packet4;
        Self { hub, ledger, framing, reader, unpacked: Unpacked::default(), is_aligned, is_cut: false, searched: 0 }
    }

    /// Reads to the end. `open` decides who speaks, by what is seen of them and who spoke before. If nobody does, who
    /// spoke before is `unheard`.
    pub(super) fn run<Before>(
        mut self,
        before: Before,
        unheard: &mut Option<Before>,
        open: impl FnOnce(&Hub, &Ledger, Before, Seen) -> Live,
    ) -> Ended {
        let seen = match self.opening() {
            Ok(seen) => seen,
            Err(error) => {
                *unheard = Some(before);
                return Ended { live: None, error };
            }
        };
        let mut live = open(self.hub, self.ledger, before, seen);
        if self.is_cut {
            // Its first half went to whoever was connected before.
            live.recorder().dropped(1);
        }
        let error = self.read_on(&mut live);
        live.flush(self.hub, self.ledger);
        Ended { live: Some(live), error }
    }

    /// Waits until there is a record and a pause, and looks at what is there without taking it. The error is that of a
    /// connection that ended before; none, if it ended well.
    fn opening(&mut self) -> Result<Seen, Option<String>> {
        // Who looked at the first byte may have read all there is.
        let mut patience = if self.reader.bytes().is_empty() { Patience::Endless } else { Patience::Moment };
        loop {
            let filled = self.reader.fill(patience);
            patience = Patience::Moment;
            if filled == Filled::Bytes && self.reader.bytes().len() < OPENING_BYTES {
                continue;
            }
            self.align(!matches!(filled, Filled::Bytes | Filled::Quiet));
            if self.is_aligned {
                if let Some(seen) = self.look().map_err(Some)? {
                    return Ok(seen);
                }
            }
            match filled {
                Filled::End => return Err(self.unfinished()),
                Filled::Failed(error) => return Err(Some(self.broken(error))),
                Filled::Full(error) => return Err(Some(error)),
                Filled::Bytes | Filled::Quiet => patience = Patience::Endless,
            }
        }
    }

    /// Passes over the rest of a record whose beginning went to another connection.
    fn align(&mut self, is_last: bool) {
        let bytes = self.reader.bytes();
        if self.is_aligned || bytes.is_empty() {
            return;
        }
        // However few bytes come at once, they are looked through a few times each.
        if self.searched > OPENING_BYTES && bytes.len() < 2 * self.searched && !is_last {
            return;
        }
        self.searched = bytes.len();
        if !self.is_cut && begins_whole(bytes, &mut self.unpacked) {
            self.is_aligned = true;
        } else if let Some(start) = first_whole(bytes, &mut self.unpacked) {
            self.reader.take(start);
            (self.is_aligned, self.is_cut) = (true, true);
            self.complain(&format!(
                "the stream begins inside a record (its start went to an earlier connection): {start} bytes passed over"
            ));
        } else {
            self.is_cut = true;
            let bytes = bytes.len();
            self.complain(&format!(
                "no trace record in the first {bytes} bytes: is this the port of dbg:trace_port(ip, ...)?"
            ));
            if bytes > MAX_RECORD_BYTES {
                self.is_aligned = true;
            }
        }
    }

    /// What the records that are there show; `None` while there is none.
    fn look(&mut self) -> Result<Option<Seen>, String> {
        let (mut seen, mut at, mut is_any) = (Seen::default(), 0, false);
        let (bytes, now) = (self.reader.bytes(), self.hub.clock.now_ns());
        loop {
            match self.framing.step(&bytes[at..]) {
                Step::Record { term, bytes: length } => {
                    if let Ok(term) = self.unpacked.parse(term, MAX_RECORD_BYTES) {
                        if !is_any {
                            introduce(&mut seen, term);
                        }
                        seen.message(term, now);
                    }
                    is_any = true;
                    at += length;
                }
                Step::Dropped { bytes: length, .. } => at += length,
                Step::More { .. } => return Ok(is_any.then_some(seen)),
                Step::Broken(_) if is_any => return Ok(Some(seen)),
                Step::Broken(error) => return Err(self.at(at, &error)),
            }
        }
    }

    /// Reads on; what was wrong, if something was.
    fn read_on(&mut self, live: &mut Live) -> Option<String> {
        let (mut waiting_since, mut quiet) = (None, 0);
        loop {
            if let Err(error) = self.take_records(live, &mut waiting_since) {
                return Some(error);
            }
            let now = self.hub.clock.now_ns();
            let is_due =
                waiting_since.is_some_and(|since: i64| now.saturating_sub(since) >= MAX_WAIT_NS || now < since);
            if is_due {
                let waits = live.flush_old(self.hub, self.ledger);
                waiting_since = waits.then_some(now);
            }
            let patience = if waiting_since.is_some() { Patience::Moment } else { Patience::Endless };
            match self.reader.fill(patience) {
                Filled::Bytes => quiet = 0,
                // What comes next may have happened before what is here.
                Filled::Quiet if quiet < QUIET_MOMENTS => quiet += 1,
                Filled::Quiet => {
                    live.flush(self.hub, self.ledger);
                    (waiting_since, quiet) = (None, 0);
                }
                Filled::End => return self.unfinished(),
                Filled::Failed(error) => return Some(self.broken(error)),
                Filled::Full(error) => return Some(error),
            }
        }
    }

    /// Takes every record that is there as a whole.
    fn take_records(&mut self, live: &mut Live, waiting_since: &mut Option<i64>) -> Result<(), String> {
        live.hear(self.hub);
        loop {
            let bytes = match self.framing.step(self.reader.bytes()) {
                Step::Record { term, bytes } => {
                    match self.unpacked.parse(term, MAX_RECORD_BYTES) {
                        Ok(term) => {
                            for message in messages(term) {
                                live.recorder().take_one(message);
                                if live.recorder().is_full() {
                                    live.store(self.hub, self.ledger);
                                }
                            }
                        }
                        Err(error) => {
                            let head = bytes - term.len();
                            let place = self.at(head + error.offset, &error.message);
                            self.complain(&format!("a record that is no term was passed over: {place}"));
                            live.reject(self.hub, self.ledger);
                        }
                    }
                    bytes
                }
                Step::Dropped { messages, bytes } => {
                    live.recorder().dropped(messages.into());
                    bytes
                }
                Step::More { .. } => return Ok(()),
                Step::Broken(error) => return Err(self.at(0, &error)),
            };
            waiting_since.get_or_insert_with(|| self.hub.clock.now_ns());
            self.reader.take(bytes);
        }
    }

    /// What is wrong with a connection that ends here.
    fn unfinished(&self) -> Option<String> {
        let there = self.reader.bytes();
        match self.framing.step(there) {
            _ if there.is_empty() => None,
            _ if !self.is_aligned => Some(format!(
                "the connection ended after {} bytes without a trace record: is this the port of dbg:trace_port(ip, ...)?",
                there.len()
            )),
            Step::More { needed } => Some(self.at(
                0,
                &format!(
                    "the connection ended inside a record: {} of {needed} bytes came; those before are kept",
                    there.len()
                ),
            )),
            Step::Broken(error) => Some(self.at(0, &error)),
            Step::Record { .. } | Step::Dropped { .. } => None,
        }
    }

    /// What is wrong with a connection that broke here.
    fn broken(&self, error: String) -> String {
        match self.unfinished() {
            Some(cut) => format!("{cut}; {error}"),
            None => error,
        }
    }

    fn at(&self, place: usize, error: &str) -> String {
        format!("byte {}: {error}", self.reader.offset() + place as u64)
    }

    fn complain(&self, error: &str) {
        self.hub.complain(self.ledger, error);
    }
}

/// What a producer says of itself first.
fn introduce(seen: &mut Seen, term: Term<'_>) {
    let is_hello = || {
        let mut parts = term.tuple()?;
        Some(parts.next()?.atom()?.is("scope") && parts.next()?.atom()?.is("hello"))
    };
    if is_hello() != Some(true) {
        return;
    }
    let mut recorder = Recorder::new(Session::default());
    recorder.take(term);
    recorder.settle();
    if let Some(hello) = recorder.hello() {
        seen.os_pid.clone_from(&hello.os_pid);
        seen.node.clone_from(&hello.node);
        seen.offset_ns = hello.time_offset_ns;
        seen.is_exact = hello.time_offset_ns.is_some();
    }
}
