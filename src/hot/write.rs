//! Storing a batch: one step for every reader, whatever its size.
//!
//! A batch that fits the active segment is appended under the write lock. A larger one is built beside the
//! published state (segments sealed, ids in an overlay) and published by one swap.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::clocks::Sighting;
use super::primary::Claim;
use super::{HotTier, Place, SealedSet, Writer, place_of};
use crate::event::Event;
use crate::event::same::same_json;
use crate::index::dictionary::hash_text;
use crate::segment::active::Demand;
use crate::segment::seal::seal;
use crate::segment::{Active, Rows, View};

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Stored,
    Replaced,
    Duplicate,
}

/// What became of a batch.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchReport {
    pub(crate) stored: u64,
    pub(crate) replaced: u64,
    pub(crate) duplicates: u64,
    pub(crate) timestamps_assigned: u64,
    /// Place in the batch and id of every event that came without one.
    pub(crate) minted: Vec<(usize, String)>,
    /// Stored events whose time is far from the other times of their source.
    pub(crate) far: u64,
    /// Times that stored events told themselves, those together that lie together.
    sightings: Vec<Sighting>,
}

/// Where a batch is written: the published state, or one that is being built.
struct Target<'t> {
    views: &'t mut Arc<SealedSet>,
    active: &'t mut Active,
    /// Hash to seqs of rows that the primary index must not know yet.
    overlay: Option<HashMap<u64, Vec<u64>>>,
    /// Places in the batch of the events whose rows still lack their columns: the last rows of `active`.
    pending: Vec<usize>,
}

/// What is stored in one step.
struct Batch<'b> {
    events: &'b [Event<'b>],
    hasher: &'b RandomState,
    /// The time of those that told none.
    stamp: i64,
    /// Ids they bring that look like minted ones.
    reserved: HashSet<&'b str>,
}

impl Batch<'_> {
    /// Whose clock an event's time is of: its node and session.
    fn source(&self, event: &Event<'_>) -> u64 {
        let node = event.node.as_deref().map_or(0, |node| hash_text(self.hasher, node));
        let session = event.session_id.as_deref().map_or(0, |session| hash_text(self.hasher, session));
        node ^ session.rotate_left(32)
    }
}

/// Most groups of times that are looked at for one more: times of a batch mostly alternate between few.
const LOOKED_BACK: usize = 8;

/// Takes a time to the others it lies near.
fn sight(sightings: &mut Vec<Sighting>, source: u64, at: i64) {
    if !sightings.iter_mut().rev().take(LOOKED_BACK).any(|near| near.takes(source, at)) {
        sightings.push(Sighting::one(source, at));
    }
}

/// A row that may be written.
#[derive(Clone, Copy, Debug)]
struct NewRow {
    seq: u64,
    /// The primary index has its entry already: no stored event has its id.
    is_new: bool,
}

impl HotTier {
    /// Stores a batch; every event is visible in every index when it returns, none before. `now_ns` is the store's
    /// clock.
    pub(crate) fn store(&self, events: &[Event<'_>], now_ns: i64) -> BatchReport {
        let mut report = BatchReport::default();
        if events.is_empty() {
            return report;
        }
        let mut writer = self.writer.lock();
        let batch = self.batch(events, now_ns);
        let demand = events.iter().map(Demand::of).fold(Demand::default(), Demand::plus);
        let fits = |active: &Active| {
            let half_dead = active.n_dead() > self.capacity.rows / 4 && active.n_dead() > active.live();
            active.len() == 0 || active.has_room(demand, self.capacity) && !half_dead
        };
        if !fits(&self.state.read().active) {
            self.seal_active(&mut writer);
        }
        if self.capacity.takes(demand) {
            let mut state = self.state.write();
            let state = &mut *state;
            let mut target =
                Target { views: &mut state.sealed, active: &mut state.active, overlay: None, pending: Vec::new() };
            let hash = |event: &Event<'_>| event.event_id.as_deref().map(|id| self.hash_id(id));
            let hashes: Vec<Option<u64>> = events.iter().map(hash).collect();
            let first = writer.next_seq;
            for (at, is_new) in self.primary.claim_vacant(&hashes, first).into_iter().enumerate() {
                let row = NewRow { seq: first + at as u64, is_new };
                self.write_one(&mut writer, &mut target, &batch, at, row, &mut report);
            }
            target.flush(events);
            state.active.publish();
            self.finish(state, &mut report, batch.stamp, now_ns);
        } else {
            self.store_large(&mut writer, &batch, now_ns, &mut report);
        }
        report
    }

    fn batch<'b>(&'b self, events: &'b [Event<'b>], now_ns: i64) -> Batch<'b> {
        let ids = events.iter().filter_map(|event| event.event_id.as_deref());
        let reserved = ids.filter(|id| id.starts_with(&self.mint_prefix)).collect();
        Batch { events, hasher: &self.hasher, stamp: self.stamp(now_ns), reserved }
    }

    fn store_large(&self, writer: &mut Writer, batch: &Batch<'_>, now_ns: i64, report: &mut BatchReport) {
        let events = batch.events;
        let mut views = Arc::clone(&self.state.read().sealed);
        let before = Arc::clone(&views);
        let mut active = Active::new(self.hasher.clone(), writer.next_seq);
        let mut overlay = Some(HashMap::new());
        let mut pending = Vec::new();
        for (at, event) in events.iter().enumerate() {
            if active.len() > 0 && !active.has_room(Demand::of(event), self.capacity) {
                active.publish();
                if let Some(segment) = seal(&active) {
                    Arc::make_mut(&mut views).views.push(View::new(Arc::new(segment)));
                }
                active = Active::new(self.hasher.clone(), writer.next_seq);
            }
            let mut target = Target { views: &mut views, active: &mut active, overlay, pending };
            let row = NewRow { seq: writer.next_seq, is_new: false };
            self.write_one(writer, &mut target, batch, at, row, report);
            // Room is reckoned by what the dictionaries hold.
            target.flush(events);
            (overlay, pending) = (target.overlay, target.pending);
        }
        active.publish();
        let after = views.views.clone();

        let mut state = self.state.write();
        for (hash, seqs) in overlay.into_iter().flatten() {
            for seq in seqs {
                let live = |seq| place_of(&active, &after, seq).is_some();
                self.primary.claim(hash, seq, |_| None::<()>, live);
            }
        }
        state.sealed = self.sealed_set(&before, after);
        state.active = active;
        self.finish(&mut state, report, batch.stamp, now_ns);
    }

    /// The time an event gets that came without one: now on the events' own clock, so that it does not leave their
    /// order; the store's clock while no event has told a time.
    fn stamp(&self, now_ns: i64) -> i64 {
        self.state.read().clocks.now(now_ns).unwrap_or(now_ns)
    }

    /// Remembers what clocks the times are of, and drops views whose last row was replaced.
    fn finish(&self, state: &mut super::State, report: &mut BatchReport, stamp: i64, now_ns: i64) {
        let stamped = (report.timestamps_assigned > 0).then_some(stamp);
        state.clocks.observe(&report.sightings, stamped, now_ns);
        report.far = state.clocks.far_times(&report.sightings);
        if state.sealed.views.iter().any(|view| view.live() == 0) {
            state.sealed = self.sealed_set(&state.sealed, state.sealed.views.clone());
        }
    }

    fn write_one(
        &self,
        writer: &mut Writer,
        target: &mut Target<'_>,
        batch: &Batch<'_>,
        at: usize,
        NewRow { seq, is_new }: NewRow,
        report: &mut BatchReport,
    ) {
        let event = &batch.events[at];
        let sent = event.timestamp.or(event.wall_time);
        let (timestamp, stamped) = (sent.unwrap_or(batch.stamp), sent.is_none());
        let id = match &event.event_id {
            Some(id) => Cow::Borrowed(&**id),
            None => Cow::Owned(self.mint(writer, target, batch)),
        };
        let claim = if is_new { Claim::New } else { self.claim(target, seq, &id) };
        if let Claim::Taken(_) = claim {
            target.flush(batch.events);
        }
        let outcome = match claim {
            Claim::New => Outcome::Stored,
            Claim::Taken(place) if target.holds(place, event, timestamp, stamped) => Outcome::Duplicate,
            Claim::Taken(place) => {
                self.replace(target, &id, place, seq);
                Outcome::Replaced
            }
        };
        match outcome {
            Outcome::Stored => report.stored += 1,
            Outcome::Replaced => report.replaced += 1,
            Outcome::Duplicate => {
                report.duplicates += 1;
                return;
            }
        }
        writer.next_seq = seq + 1;
        target.active.push_identity(seq, timestamp, stamped, &id, event);
        target.pending.push(at);
        if let Some(at) = sent {
            sight(&mut report.sightings, batch.source(event), at);
        }
        report.timestamps_assigned += u64::from(stamped);
        if event.event_id.is_none() {
            report.minted.push((at, id.into_owned()));
        }
    }

    /// An id that no stored event has, and none of the batch.
    fn mint(&self, writer: &mut Writer, target: &Target<'_>, batch: &Batch<'_>) -> String {
        loop {
            let id = format!("{}{}", self.mint_prefix, writer.next_minted);
            writer.next_minted += 1;
            if !batch.reserved.contains(&*id) && self.find(target, self.hash_id(&id), &id).is_none() {
                return id;
            }
        }
    }

    fn find(&self, target: &Target<'_>, hash: u64, id: &str) -> Option<Place> {
        let fresh = target.overlay.as_ref().and_then(|overlay| overlay.get(&hash));
        let fresh = fresh.and_then(|seqs| seqs.iter().find_map(|seq| target.same(*seq, id)));
        fresh.or_else(|| self.primary.find(hash, |seq| target.same(seq, id)))
    }

    fn claim(&self, target: &mut Target<'_>, seq: u64, id: &str) -> Claim<Place> {
        let hash = self.hash_id(id);
        if target.overlay.is_none() {
            // Entries of what is still to come in the batch have no row yet.
            let is_live = |entry| entry > seq || target.place(entry).is_some();
            return self.primary.claim(hash, seq, |entry| target.same(entry, id), is_live);
        }
        if let Some(place) = self.find(target, hash, id) {
            return Claim::Taken(place);
        }
        if let Some(overlay) = &mut target.overlay {
            overlay.entry(hash).or_default().push(seq);
        }
        Claim::New
    }

    /// Takes the old row of an id out of every index; the new row is pushed by the caller.
    fn replace(&self, target: &mut Target<'_>, id: &str, old: Place, seq: u64) {
        let hash = self.hash_id(id);
        let old_seq = target.seq(old);
        target.kill(old);
        match &mut target.overlay {
            None => self.primary.replace(hash, old_seq, seq),
            Some(overlay) => {
                let seqs = overlay.entry(hash).or_default();
                seqs.retain(|entry| *entry != old_seq);
                seqs.push(seq);
            }
        }
    }
}

impl Target<'_> {
    /// Gives the pending rows their columns.
    fn flush(&mut self, events: &[Event<'_>]) {
        self.active.push_columns(self.pending.iter().map(|at| &events[*at]));
        self.pending.clear();
    }

    fn place(&self, seq: u64) -> Option<Place> {
        place_of(self.active, &self.views.views, seq)
    }

    fn same(&self, seq: u64, id: &str) -> Option<Place> {
        let place = self.place(seq)?;
        let stored = match place {
            Place::Active(row) => self.active.event_id(row),
            Place::Sealed(at, rank) => self.views.views[at].segment.event_id(rank),
        };
        (stored == id).then_some(place)
    }

    fn seq(&self, place: Place) -> u64 {
        match place {
            Place::Active(row) => self.active.seq(row),
            Place::Sealed(at, rank) => self.views.views[at].segment.seq(rank),
        }
    }

    fn kill(&mut self, place: Place) {
        match place {
            Place::Active(row) => self.active.kill(row),
            Place::Sealed(at, rank) => Arc::make_mut(self.views).views[at].kill(rank),
        };
    }

    fn holds(&self, place: Place, event: &Event<'_>, timestamp: i64, stamped: bool) -> bool {
        match place {
            Place::Active(row) => is_same(self.active, row, event, timestamp, stamped),
            Place::Sealed(at, rank) => is_same(&*self.views.views[at].segment, rank, event, timestamp, stamped),
        }
    }
}

/// Whether a stored row says what the event says. A time stamped on arrival is not part of what was said.
fn is_same(rows: &impl Rows, row: usize, event: &Event<'_>, timestamp: i64, stamped: bool) -> bool {
    let stored = rows.event(row);
    let same_time = stored.timestamp == timestamp || stamped && rows.stamped(row);
    let or_empty = |json: &str| if json.is_empty() { "{}".to_owned() } else { json.to_owned() };
    same_time
        && stored.wall_time == event.wall_time
        && stored.node == event.node.as_deref()
        && stored.pid == event.pid.as_deref()
        && stored.event_type == event.event_type.as_deref()
        && stored.module == event.module.as_deref()
        && stored.function == event.function.as_deref()
        && stored.arity == event.arity
        && stored.correlation_id == event.correlation_id.as_deref()
        && stored.parent_id == event.parent_id.as_deref()
        && stored.call_id == event.call_id.as_deref()
        && stored.session_id == event.session_id.as_deref()
        && stored.ast_node_id == event.ast_node_id.as_deref()
        && stored.duration_ns == event.duration_ns
        && (stored.data == event.data || same_json(&or_empty(stored.data), &or_empty(&event.data)))
}
