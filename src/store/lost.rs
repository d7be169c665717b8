//! Where did a source lose events?
//!
//! A loss is an event of type `gap`: from its timestamp on, for its duration. Looking for gaps is one look into the
//! index of event types per segment when there are none.

use super::EventStore;
use crate::error::Result;
use crate::event::StoredEvent;
use crate::event::time::Time;
use crate::query::{Filter, MAX_LIMIT, Order, Page, Query};
use crate::watch::Unwatched;

/// Type of the events that tell a loss.
const GAP: &str = "gap";

/// Gaps looked at that begin before a span and may reach into it: those of one source do not overlap, so that this
/// covers as many sources.
const BEFORE: usize = 256;

/// A span in which a source lost events, or may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The event that tells of it.
    pub event_id: String,
    /// Last event before.
    pub since: i64,
    /// First event after.
    pub until: i64,
    /// Events lost, by the source's own count; `None` when nobody counted (the connection was down).
    pub events: Option<u64>,
    /// Session that lost them.
    pub session_id: Option<String>,
}

/// Losses a span touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// The first of them, in order.
    pub first: Vec<Loss>,
    /// All of them.
    pub total: u64,
}

/// Everything lost, as far as it is still told by stored events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LostStats {
    /// Gaps, counted or not.
    pub gaps: u64,
    /// Of these, such as nobody counted.
    pub uncounted_gaps: u64,
    /// Events lost in the others.
    pub events: u64,
}

impl From<&StoredEvent> for Loss {
    fn from(event: &StoredEvent) -> Self {
        let until = event.timestamp().saturating_add(event.duration_ns().unwrap_or(0));
        let data: Option<serde_json::Value> = serde_json::from_str(event.data()).ok();
        let events = data.and_then(|data| data.get("dropped")?.as_u64());
        let event_id = event.event_id().to_owned();
        Self { event_id, since: event.timestamp(), until, events, session_id: event.session_id().map(str::to_owned) }
    }
}

impl EventStore {
    /// Losses within a span (both ends inclusive), of one session or of all; at most `limit` are told one by one.
    /// Cost: one look per segment where there is none, else that of reading up to 256 and `limit` events.
    ///
    /// # Errors
    /// None but those of a query.
    pub fn losses(&self, since: i64, until: i64, session_id: Option<&str>, limit: usize) -> Result<Losses> {
        let gaps = |since: Option<i64>, until: i64, order, limit| {
            let filter = Filter {
                event_types: vec![GAP.to_owned()],
                session_id: session_id.map(str::to_owned),
                since: since.map(Time::At),
                until: Some(Time::At(until)),
                ..Filter::default()
            };
            self.page(&Query { order, limit, ..Query::new(filter) }, &Unwatched)
        };
        if gaps(None, until, Order::Asc, 0)?.total_matched == Some(0) {
            return Ok(Losses::default());
        }
        let within = gaps(Some(since), until, Order::Asc, limit)?;
        let mut first = Vec::new();
        if let Some(before) = since.checked_sub(1) {
            let reaching = gaps(None, before, Order::Desc, BEFORE)?;
            first.extend(reaching.events.iter().map(Loss::from).filter(|loss| loss.until >= since));
            first.reverse();
        }
        let total = within.total_matched.unwrap_or_default() + first.len() as u64;
        first.extend(within.events.iter().map(Loss::from));
        first.truncate(limit);
        Ok(Losses { first, total })
    }

    /// Losses a page's span touches: that of its time bounds and session, whatever else it filters by, because an event
    /// that was lost has no field to filter by.
    ///
    /// # Errors
    /// None but those of a query.
    pub fn losses_of(&self, page: &Page, limit: usize) -> Result<Losses> {
        let (since, until) = (page.since.unwrap_or(i64::MIN), page.until.unwrap_or(i64::MAX));
        self.losses(since, until, page.filter.session_id.as_deref(), limit)
    }

    /// Everything lost, added up. Cost: about 1 us for each stored gap.
    pub fn lost(&self) -> LostStats {
        let mut lost = LostStats::default();
        let filter = Filter { event_types: vec![GAP.to_owned()], ..Filter::default() };
        let mut query = Query { limit: MAX_LIMIT, total: false, ..Query::new(filter) };
        while let Ok(page) = self.page(&query, &Unwatched) {
            for event in &page.events {
                lost.gaps += 1;
                match Loss::from(event).events {
                    Some(events) => lost.events = lost.events.saturating_add(events),
                    None => lost.uncounted_gaps += 1,
                }
            }
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn store(events: &[&str]) -> EventStore {
        let store = EventStore::open(Settings { segment_rows: 2, ..Settings::UNBOUNDED }).unwrap();
        for event in events {
            store.store_json_event(event).unwrap();
        }
        store
    }

    fn with_gaps() -> EventStore {
        store(&[
            r#"{"ts": 10, "type": "call"}"#,
            r#"{"ts": 10, "type": "gap", "session_id": "a", "duration_ns": 20, "data": {"dropped": 7}}"#,
            r#"{"ts": 30, "type": "call"}"#,
            r#"{"ts": 40, "type": "gap", "session_id": "b", "duration_ns": 5, "data": {"disconnected": true}}"#,
            r#"{"ts": 50, "type": "gap", "session_id": "a", "duration_ns": 0, "data": {"dropped": 1}}"#,
        ])
    }

    fn touched(store: &EventStore, since: i64, until: i64) -> Vec<(i64, i64, Option<u64>)> {
        let losses = store.losses(since, until, None, 10).unwrap();
        assert_eq!(losses.total, losses.first.len() as u64);
        losses.first.iter().map(|loss| (loss.since, loss.until, loss.events)).collect()
    }

    #[test]
    fn a_gap_is_told_of_every_span_it_reaches_into() {
        let store = with_gaps();
        assert_eq!(touched(&store, i64::MIN, 9), []);
        assert_eq!(touched(&store, 0, 10), [(10, 30, Some(7))]);
        assert_eq!(touched(&store, 20, 25), [(10, 30, Some(7))], "it began before");
        assert_eq!(touched(&store, 30, 40), [(10, 30, Some(7)), (40, 45, None)]);
        assert_eq!(touched(&store, 31, 39), []);
        assert_eq!(touched(&store, i64::MIN, i64::MAX).len(), 3);
        assert_eq!(touched(&store, 46, i64::MAX), [(50, 50, Some(1))]);
    }

    #[test]
    fn a_session_tells_its_own_gaps_and_a_short_list_how_many_there_are() {
        let store = with_gaps();
        assert_eq!(store.losses(i64::MIN, i64::MAX, Some("b"), 10).unwrap().total, 1);
        let short = store.losses(20, i64::MAX, None, 1).unwrap();
        assert_eq!((short.total, short.first.len(), short.first[0].since), (3, 1, 10));
    }

    #[test]
    fn all_losses_are_added_up_and_no_query_is_counted_for_it() {
        let store = with_gaps();
        assert_eq!(store.lost(), LostStats { gaps: 3, uncounted_gaps: 1, events: 8 });
        assert_eq!(touched(&store, 0, 10).len(), 1);
        assert_eq!(store.counters().queries, 0);
        assert_eq!(EventStore::open(Settings::UNBOUNDED).unwrap().lost(), LostStats::default());
    }
}
