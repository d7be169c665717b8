//! The tier on the worst hash of ids: every one of them collides.

use super::primary::Primary;
use super::remove::Removal;
use super::{HotTier, IdHash};
use crate::event::{Event, StoredEvent};
use crate::segment::active::Capacity;

/// A tier whose ids all have one hash, with segments of so many rows.
fn colliding(rows: usize) -> HotTier {
    HotTier { id_hash: IdHash::Constant, ..HotTier::new(Capacity { rows, bytes: 1 << 20 }, "t-".to_owned()) }
}

fn event(id: usize, ts: i64, version: &str) -> Event<'static> {
    Event::new("call").event_id(id.to_string()).timestamp(ts).call_id(version.to_owned())
}

#[test]
fn ids_of_one_hash_are_told_apart() {
    for rows in [1, 4, 64] {
        let tier = colliding(rows);
        let check = |live: &[(usize, &str)]| {
            assert_eq!(tier.verify(), Ok(()));
            assert_eq!(tier.read().events(), live.len() as u64);
            for id in 0..20 {
                let found = tier.get(&id.to_string());
                let found = found.as_ref().and_then(StoredEvent::call_id);
                let expected = live.iter().find(|(at, _)| *at == id).map(|(_, version)| *version);
                assert_eq!(found, expected, "id {id}, segments of {rows}");
            }
        };
        // One by one, then a batch larger than a small segment.
        for id in 0..3 {
            assert_eq!(tier.store(&[event(id, id as i64, "a")], 0).stored, 1);
        }
        let batch: Vec<_> = (0..10).map(|id| event(id, id as i64, "b")).collect();
        let report = tier.store(&batch, 0);
        assert_eq!((report.stored, report.replaced, report.duplicates), (7, 3, 0));
        assert_eq!(tier.store(&batch, 0).duplicates, 10);
        let all: Vec<(usize, &str)> = (0..10).map(|id| (id, "b")).collect();
        check(&all);
        // Taken out of the middle of the list, stored again, replaced.
        assert_eq!(tier.remove(&Removal::Before(4), true).events, 4);
        check(&all[4..]);
        assert_eq!(tier.store(&[event(2, 20, "c"), event(7, 7, "c"), event(2, 20, "d")], 0).replaced, 2);
        check(&[(2, "d"), (4, "b"), (5, "b"), (6, "b"), (7, "c"), (8, "b"), (9, "b")]);
        assert_eq!(tier.remove(&Removal::AllBut(1), true).events, 6);
        check(&[(2, "d")]);
        assert_eq!(tier.primary.len(), 1);
        assert_eq!(tier.remove(&Removal::All, false).events, 1);
        check(&[]);
        assert_eq!(tier.primary.len(), 0);
    }
}

#[test]
fn counting_the_ids_waits_for_nobody_who_waits_for_it() {
    let primary = Primary::default();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for seq in 0..20_000 {
                primary.claim(42, seq, |_| None::<()>, |_| true);
                primary.claim(42, seq + 1, |_| None::<()>, |_| true);
                primary.remove(42, seq);
                primary.remove(42, seq + 1);
            }
        });
        for _ in 0..20_000 {
            assert!(primary.len() <= 3);
        }
    });
    assert_eq!(primary.len(), 0);
}
