//! What may it cost to answer? One estimate for all that is asked, made before it is begun.
//!
//! Only what surely takes less than some two milliseconds is done where requests are taken; everything else is done by
//! the [workers](super::workers), so that nobody waits for what others ask.

use crate::EventStore;

/// What an answer is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// Everything stored may be looked at; for each event so many bytes may be held meanwhile.
    All(u64),
    /// Something else than the store is waited for: files, connections, who holds them.
    Waits,
    /// So many events of so many bytes in all are stored.
    Stores { events: usize, bytes: usize },
    /// So many bytes are taken apart before it is known what they ask for.
    Reads(usize),
}

/// What it comes to with what is stored now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    /// It is done at once, where requests are taken.
    pub(crate) is_small: bool,
    /// Memory to be reserved for it.
    pub(crate) bytes: u64,
}

/// Events that are looked at within two milliseconds, however many analyses an answer is made from.
const FEW_EVENTS: u64 = 1_000;

/// Bytes of payload that weigh as much as an event.
const EVENT_BYTES: u64 = 1_024;

/// Events stored within two milliseconds.
const FEW_STORED: usize = 256;

/// Bytes taken apart and stored within two milliseconds.
const FEW_BYTES: usize = 256 << 10;

/// Memory of an answer, whatever it is made from.
const ANSWER_BYTES: u64 = 256 << 10;

/// Memory that an analysis holds for each event stored, as a rule; one that holds more asks for it as it goes.
pub(crate) const ANALYSIS_BYTES: u64 = 100;

/// Values made from a text take so many times its bytes.
const VALUES: u64 = 8;

impl Cost {
    pub(crate) fn weigh(self, store: &EventStore) -> Weight {
        match self {
            Self::All(bytes_an_event) => {
                // Where the size cannot be told without waiting, nothing is done that may have to wait.
                let now = store.size_at_once();
                let is_small = now.is_some_and(|(events, bytes)| events + bytes / EVENT_BYTES <= FEW_EVENTS);
                let events = now.map_or(0, |(events, _)| events);
                Weight { is_small, bytes: ANSWER_BYTES + events * bytes_an_event }
            }
            Self::Waits => Weight { is_small: false, bytes: ANSWER_BYTES },
            Self::Stores { events, bytes } => Weight {
                is_small: events < FEW_STORED && bytes < FEW_BYTES && store.stores_at_once(events, bytes),
                // An event borrows from its text; what it adds is its row.
                bytes: bytes as u64 * 2 + events as u64 * EVENT_BYTES,
            },
            Self::Reads(bytes) => Weight { is_small: false, bytes: bytes as u64 * VALUES + ANSWER_BYTES },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn store(events: usize, payload: usize) -> EventStore {
        let store = EventStore::open(Settings { segment_rows: 2_000, ..Settings::UNBOUNDED }).unwrap();
        let payload = "x".repeat(payload);
        let texts: Vec<String> = (0..events).map(|at| format!(r#"{{"ts": {at}, "x": "{payload}"}}"#)).collect();
        store.store_json_events(&texts, false);
        store
    }

    #[test]
    fn only_a_small_store_is_looked_through_where_requests_are_taken() {
        let is_small = |store: &EventStore| Cost::All(0).weigh(store).is_small;
        assert!(is_small(&store(0, 0)) && is_small(&store(100, 10)));
        assert!(!is_small(&store(1_001, 0)), "many events");
        assert!(!is_small(&store(2, 2 << 20)), "few events, much to read");
    }

    #[test]
    fn what_is_stored_at_once_is_little_and_neither_waits_nor_fills_a_segment() {
        let store = store(1_500, 0);
        let is_small = |events, bytes| Cost::Stores { events, bytes }.weigh(&store).is_small;
        assert!(is_small(1, 1_000) && is_small(200, 100_000));
        assert!(!is_small(FEW_STORED, 0) && !is_small(1, FEW_BYTES));
        store.store_json_events(&(0..450).map(|at| format!(r#"{{"ts": {at}}}"#)).collect::<Vec<_>>(), false);
        assert!(is_small(10, 1_000) && !is_small(100, 1_000), "a segment of 2,000 is sealed before");
    }

    #[test]
    fn values_are_reckoned_by_their_text_and_analyses_by_what_is_stored() {
        let store = store(1_000, 0);
        let bytes = |cost: Cost| cost.weigh(&store).bytes - ANSWER_BYTES;
        assert_eq!((bytes(Cost::All(100)), bytes(Cost::Reads(5))), (100_000, 40));
    }
}
