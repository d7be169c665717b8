//! Storing events: one writer, good events kept when others are bad.

use std::borrow::Borrow;

use super::EventStore;
use crate::error::{Error, Result};
use crate::event::{Batch, Event};
use crate::hot;

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Stored,
    /// Its id was stored with other content; that is gone.
    Replaced,
    /// It was stored already, with the same content.
    Duplicate,
}

impl Outcome {
    /// The name shown in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Replaced => "replaced",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Reply to [`EventStore::store_event`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stored {
    /// The event's id, minted if it came without.
    pub event_id: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether its timestamp was stamped on arrival.
    pub timestamp_assigned: bool,
    /// Whether its time is far from the other times of its source: nothing is reckoned from it.
    pub is_far: bool,
    /// Events that retention took to make room.
    pub pruned: u64,
}

/// An event that was not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// Its place in the batch.
    pub index: usize,
    /// Its id, where it could be read.
    pub event_id: Option<String>,
    /// What is wrong, and what is expected.
    pub error: Error,
}

/// Reply to a batch. Every event is in exactly one of the first four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreReport {
    /// New events.
    pub stored: u64,
    /// Events whose id was stored with other content.
    pub replaced: u64,
    /// Events stored already with the same content.
    pub duplicates: u64,
    /// Events that could not be stored.
    pub rejected: Vec<Rejected>,
    /// Events stamped on arrival because they carried no time.
    pub timestamps_assigned: u64,
    /// Events whose time is far from the other times of their source: kept, but nothing is reckoned from them.
    pub far_times: u64,
    /// Events that retention took to make room.
    pub pruned: u64,
}

impl EventStore {
    /// Stores one event; it is in every index when this returns.
    ///
    /// # Errors
    /// [`Invalid`](crate::ErrorKind::Invalid) or [`LimitExceeded`](crate::ErrorKind::LimitExceeded) when a key or the
    /// payload is too large.
    pub fn store_event(&self, event: &Event<'_>) -> Result<Stored> {
        if let Err(error) = event.check_size() {
            self.shared.counters.rejected(1);
            return Err(error);
        }
        let (report, pruned) = self.write(std::slice::from_ref(event));
        let sent = event.event_id.as_deref().map(str::to_owned);
        let minted = report.minted.into_iter().next().map(|(_, id)| id);
        Ok(Stored {
            event_id: sent.or(minted).unwrap_or_default(),
            outcome: match (report.stored, report.replaced) {
                (1, _) => Outcome::Stored,
                (_, 1) => Outcome::Replaced,
                _ => Outcome::Duplicate,
            },
            timestamp_assigned: report.timestamps_assigned == 1,
            is_far: report.far > 0,
            pruned,
        })
    }

    /// Stores one event from its JSON text, as [`Self::store_event`] does.
    ///
    /// # Errors
    /// Those of [`Event::parse`](crate::Event::parse) and of [`Self::store_event`].
    pub fn store_json_event(&self, text: &str) -> Result<Stored> {
        let mut event = Event::parse(text).inspect_err(|_| self.shared.counters.rejected(1))?;
        self.redact(std::slice::from_mut(&mut event));
        self.store_event(&event)
    }

    /// Stores a batch: it becomes visible in one step, in every index. Later events of the batch replace earlier ones
    /// of the same id. Cost: about 0.9 us per event of 530 bytes, a quarter of it sealing.
    pub fn store_events(&self, events: &[Event<'_>]) -> StoreReport {
        let bad = |(index, event): (usize, &Event<'_>)| {
            let error = event.check_size().err()?;
            Some(Rejected { index, event_id: event.event_id.as_deref().map(str::to_owned), error })
        };
        let rejected: Vec<Rejected> = events.iter().enumerate().filter_map(bad).collect();
        if rejected.is_empty() {
            return self.store_valid(events, rejected);
        }
        let good: Vec<Event<'_>> = events.iter().filter(|event| event.check_size().is_ok()).cloned().collect();
        self.store_valid(&good, rejected)
    }

    /// Stores a batch of JSON texts, one event each. Good events are kept when others are bad; with `atomic`, one bad
    /// event keeps all from being stored.
    pub fn store_json_events<T: Borrow<str>>(&self, texts: &[T], atomic: bool) -> StoreReport {
        let mut events = Vec::with_capacity(texts.len());
        let mut rejected = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match Event::parse(text.borrow()) {
                Ok(event) => events.push(event),
                Err(error) => {
                    let event_id = id_of(text.borrow());
                    rejected.push(Rejected { index, event_id, error });
                }
            }
        }
        if atomic && !rejected.is_empty() {
            events.clear();
        }
        self.redact(&mut events);
        self.store_valid(&events, rejected)
    }

    /// Stores the events of a JSON array as [`Self::store_json_events`] does.
    pub fn store_batch(&self, batch: Batch<'_>, atomic: bool) -> StoreReport {
        let Batch { mut events, rejected } = batch;
        let rejected = rejected.into_iter().map(|(index, event_id, error)| Rejected { index, event_id, error });
        let rejected: Vec<Rejected> = rejected.collect();
        if atomic && !rejected.is_empty() {
            events.clear();
        }
        self.redact(&mut events);
        self.store_valid(&events, rejected)
    }

    /// Hides what the settings say is hidden of events that calls store.
    fn redact(&self, events: &mut [Event<'_>]) {
        let rules = &self.shared.settings.redact;
        if rules.is_on() {
            self.count_redacted(events.iter_mut().map(|event| event.redact(rules)).sum());
        }
    }

    /// Counts secrets that were hidden before events reached the store, so that [`Self::get_stats`] tells of them.
    pub fn count_redacted(&self, secrets: u64) {
        self.shared.counters.redacted(secrets);
    }

    /// Counts events that were refused before they reached the store, so that [`Self::get_stats`] tells of them.
    pub fn count_rejected(&self, events: u64) {
        self.shared.counters.rejected(events);
    }

    fn store_valid(&self, events: &[Event<'_>], rejected: Vec<Rejected>) -> StoreReport {
        self.shared.counters.rejected(rejected.len() as u64);
        let (report, pruned) = self.write(events);
        let hot::BatchReport { stored, replaced, duplicates, timestamps_assigned, far: far_times, .. } = report;
        StoreReport { stored, replaced, duplicates, rejected, timestamps_assigned, far_times, pruned }
    }

    fn write(&self, events: &[Event<'_>]) -> (hot::BatchReport, u64) {
        let report = self.shared.hot.store(events, self.shared.clock.now_ns());
        self.shared.counters.stored(&report);
        (report, self.enforce_limits())
    }
}

/// The id of an event that could not be read as one.
fn id_of(text: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let id = value.get("event_id").or_else(|| value.get("id"))?;
    Some(id.as_str().map_or_else(|| id.to_string(), str::to_owned))
}
