//! One traced process: its recorder, its clock, and the way of its events into the store.

use super::Hub;
use super::incarnation::Seen;
use super::status::{Counts, Ledger};
use super::timeline::Beginning;
use crate::event::Event;
use crate::store::StoreReport;
use crate::trace::{Counters, Ending, Recorder, Session, Stamp};

/// A better estimate of the wall clock is used when it is better by so much.
const BETTER_NS: i64 = 1_000_000;

/// Why a source ended that did not say so.
const UNSAID: &str = "the connection ended and the source did not say why";

/// One life of a traced application, over as many connections as it takes.
#[derive(Debug)]
pub(super) struct Live {
    recorder: Recorder,
    pub(super) seen: Seen,
    /// Whether its messages carry times, as far as they came.
    is_timed: bool,
    number: u64,
    /// What the ledger knows.
    counted: Counters,
    /// Last of its events, on the store's clock.
    last_ns: Option<i64>,
    interruptions: u64,
    /// Messages dropped, as far as stored gaps tell.
    told_dropped: u64,
    /// Whether a gap that has not ended is stored.
    is_gap_open: bool,
}

impl Live {
    /// Begins a session for who was `seen`. `after_ns`: its events lie after this.
    pub(super) fn begin(hub: &Hub, ledger: &Ledger, seen: Seen, after_ns: Option<i64>) -> Self {
        let (number, id) = ledger.begin();
        // Of messages without times, their arrival is known.
        let is_wall = seen.stamp.map_or(!seen.is_exact, |stamp| stamp.is_wall);
        let wall_offset_ns = seen.offset_ns.filter(|_| !is_wall);
        let offset_ns = if is_wall { Some(0) } else { wall_offset_ns };
        // A producer that says its offset has sent no message yet; its first comes about now.
        let now = offset_ns.map(|offset| hub.clock.now_ns().saturating_sub(offset));
        let first_ns = seen.stamp.map(|stamp| stamp.ns).or(now);
        let newest_ns = hub.store.span().map(|(_, newest)| newest);
        let shift_ns = hub.timeline.lock().shift(Beginning { first_ns, offset_ns, is_wall, after_ns, newest_ns });
        let session = Session {
            id,
            prefix: hub.next_prefix(),
            max_value_bytes: hub.max_value_bytes,
            redact: hub.redact.clone(),
            shift_ns,
            start_ns: first_ns.map(|first| first.saturating_add(shift_ns)),
            wall_offset_ns,
        };
        ledger.describe(number, |status| {
            status.shift_ns = shift_ns;
            status.os_pid.clone_from(&seen.os_pid);
            status.node.clone_from(&seen.node);
        });
        let is_timed = seen.stamp.is_some() || seen.is_exact;
        Self {
            recorder: Recorder::new(session),
            is_timed,
            seen,
            number,
            counted: Counters::default(),
            last_ns: None,
            interruptions: 0,
            told_dropped: 0,
            is_gap_open: false,
        }
    }

    /// Records are there: those that carry no time happened about now.
    pub(super) fn hear(&mut self, hub: &Hub) {
        if self.is_timed {
            return;
        }
        let shift_ns = self.recorder.session().shift_ns;
        self.recorder.run_clock(hub.clock.now_ns().saturating_add(shift_ns));
        self.is_timed = self.recorder.last_stamp().is_some();
    }

    /// For records.
    pub(super) fn recorder(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    /// Counts a record that could not be read.
    pub(super) fn reject(&self, hub: &Hub, ledger: &Ledger) {
        hub.store.count_rejected(1);
        ledger.took(self.number, Counts { records: 1, rejected: 1, ..Counts::default() }, None);
    }

    /// The connection was lost and is there again: what happened between may be missing. Says so in the store.
    pub(super) fn resume(&mut self, hub: &Hub, ledger: &Ledger, first: Option<Stamp>) {
        self.recorder.interrupted();
        ledger.describe(self.number, |status| (status.ended_at, status.ended_because) = (None, None));
        let Some(since) = self.last_ns else { return };
        let session = self.recorder.session();
        let until = match first {
            Some(Stamp { ns, .. }) => ns.saturating_add(session.shift_ns),
            None => since,
        };
        self.interruptions += 1;
        let until = until.max(since);
        let data = format!("{{\"disconnected\":true,\"until\":{until}}}");
        let report = self.store_gap(hub, &format!("off{}", self.interruptions), since, until, &data);
        ledger.took(self.number, Counts { events: report.stored, gaps: 1, ..Counts::default() }, None);
    }

    /// Nothing more is there for now: what waits becomes events, and they are stored.
    pub(super) fn flush(&mut self, hub: &Hub, ledger: &Ledger) {
        self.settle(hub, ledger, false);
    }

    /// More may come at once: of what waits that becomes events which nothing can come before, and is stored. Whether the
    /// rest waits on.
    pub(super) fn flush_old(&mut self, hub: &Hub, ledger: &Ledger) -> bool {
        self.settle(hub, ledger, true)
    }

    fn settle(&mut self, hub: &Hub, ledger: &Ledger, keeps_new: bool) -> bool {
        if let Some(stamp) = self.recorder.last_stamp() {
            self.seen.stamp = Some(stamp);
            self.seen.offset(stamp, hub.clock.now_ns());
            self.set_wall_clock();
        }
        let waits = keeps_new && self.recorder.settle_old();
        if !keeps_new {
            self.recorder.settle();
        }
        self.store(hub, ledger);
        let open = self.recorder.counters().dropped.saturating_sub(self.told_dropped);
        if open > 0 {
            self.tell_open_gap(hub, ledger, open, self.recorder.counters().gaps + 1);
        }
        waits
    }

    /// Stores the events that are ready.
    pub(super) fn store(&mut self, hub: &Hub, ledger: &Ledger) {
        let mut last_ns = None;
        let mut told = 0;
        let report = self.recorder.hand_over(|events| {
            last_ns = events.iter().filter_map(|event| event.timestamp).max();
            told = events.iter().filter_map(dropped).sum();
            hub.store.store_events(events)
        });
        self.last_ns = self.last_ns.max(last_ns);
        self.told_dropped += told;
        let counters = self.recorder.counters();
        if *counters != self.counted {
            let mut counts = Counts::since(&self.counted, counters, &report);
            hub.store.count_redacted(counts.redacted);
            if self.is_gap_open && counts.gaps > 0 {
                // It was counted when it was told first; now it is replaced.
                counts.gaps -= 1;
                counts.events -= 1;
                self.is_gap_open = false;
            }
            ledger.took(self.number, counts, last_ns);
            self.counted = counters.clone();
        }
        self.tell_state(ledger);
        if self.seen.node.is_none() {
            self.seen.node = self.recorder.node().map(str::to_owned);
            ledger.describe(self.number, |status| status.node.clone_from(&self.seen.node));
        }
    }

    /// What the source says about its trace.
    fn tell_state(&mut self, ledger: &Ledger) {
        let notes = self.recorder.take_notes();
        if !notes.is_empty() {
            ledger.describe(self.number, |status| status.note(notes));
        }
        if let Some(Ending { at_ns, because, details, .. }) = self.recorder.ending() {
            let because = match details {
                Some(details) => format!("{because} {details}"),
                None => because.clone(),
            };
            ledger.describe(self.number, |status| {
                status.ended_at = at_ns.or(status.ended_at);
                status.ended_because = Some(because);
            });
        }
    }

    /// Its connection ended: if it did not say why, nobody knows.
    pub(super) fn part(&self, ledger: &Ledger) {
        if self.recorder.ending().is_none() {
            ledger.describe(self.number, |status| {
                status.ended_at = self.last_ns;
                status.ended_because = Some(UNSAID.to_owned());
            });
        }
    }

    /// The process is gone, or nobody listens to it any more.
    pub(super) fn finish(mut self, hub: &Hub, ledger: &Ledger) {
        let open = self.recorder.counters().dropped.saturating_sub(self.told_dropped);
        self.recorder.finish();
        self.store(hub, ledger);
        if open > 0 {
            // The recorder knows of no time after its last message; that more happened until now is known here.
            self.tell_open_gap(hub, ledger, open, self.recorder.counters().gaps);
            self.is_gap_open = false;
        }
    }

    /// Messages were dropped and none came since: the gap reaches until now. It has the id that the recorder will give
    /// it, which then replaces it.
    fn tell_open_gap(&mut self, hub: &Hub, ledger: &Ledger, messages: u64, number: u64) {
        let session = self.recorder.session();
        let now = self.seen.offset_ns.map(|offset| hub.clock.now_ns().saturating_sub(offset));
        let now = now.map(|now| now.saturating_add(session.shift_ns)).max(self.last_ns);
        let Some(until) = now else { return };
        let since = self.last_ns.unwrap_or(until);
        let data = format!("{{\"dropped\":{messages},\"until\":{until},\"open\":true}}");
        let report = self.store_gap(hub, &format!("gap{number}"), since, until, &data);
        let is_new = u64::from(!self.is_gap_open).min(report.stored);
        self.is_gap_open = true;
        ledger.took(self.number, Counts { events: is_new, gaps: is_new, ..Counts::default() }, None);
    }

    fn store_gap(&self, hub: &Hub, name: &str, since: i64, until: i64, data: &str) -> StoreReport {
        let session = self.recorder.session();
        // Invariant: the text is JSON; it is written here.
        let Ok(event) = Event::new("gap").data(data) else { return StoreReport::default() };
        let event = event.event_id(format!("{}{name}", session.prefix)).session_id(session.id.as_str());
        let event = event.timestamp(since).duration_ns(until.saturating_sub(since));
        let event = match self.recorder.node() {
            Some(node) => event.node(node),
            None => event,
        };
        hub.store.store_events(&[event])
    }

    /// What arrives late makes the wall clock seem ahead; the least lateness seen is the best estimate.
    fn set_wall_clock(&mut self) {
        let Some(best) = self.seen.offset_ns.filter(|_| !self.seen.is_exact) else { return };
        let session = self.recorder.session();
        let is_better = |used: i64| used.saturating_sub(best) > BETTER_NS;
        let is_wall = self.seen.stamp.is_some_and(|stamp| stamp.is_wall);
        if session.wall_offset_ns.map_or(!is_wall, is_better) {
            self.recorder.set_clock(session.shift_ns, Some(best));
        }
    }
}

/// Messages a gap tells as dropped.
fn dropped(event: &Event<'_>) -> Option<u64> {
    if event.event_type.as_deref() != Some("gap") {
        return None;
    }
    serde_json::from_str::<serde_json::Value>(&event.data).ok()?.get("dropped")?.as_u64()
}
