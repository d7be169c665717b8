//! The tier on the worst hash of ids: every one of them collides.

use super::primary::Primary;
use super::remove::{Old, Removal};
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
        assert_eq!(tier.remove(&Removal::Old(vec![Old::Before(4)]), true).events, 4);
        check(&all[4..]);
        assert_eq!(tier.store(&[event(2, 20, "c"), event(7, 7, "c"), event(2, 20, "d")], 0).replaced, 2);
        check(&[(2, "d"), (4, "b"), (5, "b"), (6, "b"), (7, "c"), (8, "b"), (9, "b")]);
        assert_eq!(tier.remove(&Removal::Old(vec![Old::AllBut(1)]), true).events, 6);
        check(&[(2, "d")]);
        assert_eq!(tier.primary.len(), 1);
        assert_eq!(tier.remove(&Removal::All, false).events, 1);
        check(&[]);
        assert_eq!(tier.primary.len(), 0);
    }
}

#[test]
fn a_minted_id_is_none_that_comes_later_in_its_batch() {
    for seeded in [true, false] {
        // The smaller ones do not take the batch: it is built beside what is published.
        for rows in [1, 3, 4, 64] {
            let capacity = Capacity { rows, bytes: 1 << 20 };
            let tier = if seeded { HotTier::new(capacity, "t-".to_owned()) } else { colliding(rows) };
            let bare = || Event::new("call").timestamp(1);
            let named = |id: &str| Event::new("call").timestamp(2).event_id(id.to_owned());
            // Counting alone would mint `t-0` for the first one.
            let report = tier.store(&[bare(), named("t-0"), bare(), named("t-3")], 0);
            assert_eq!((report.stored, report.replaced, report.duplicates), (4, 0, 0));
            let minted: Vec<&str> = report.minted.iter().map(|(_, id)| &**id).collect();
            assert_eq!(minted, ["t-1", "t-2"]);
            assert_eq!(tier.store(&[bare()], 0).minted[0].1, "t-4");
            assert_eq!(tier.read().events(), 5);
            assert_eq!(tier.verify(), Ok(()));
            assert!((0..5).all(|n| tier.get(&format!("t-{n}")).is_some()));
        }
    }
}

#[test]
fn an_id_twice_in_a_batch_is_one_event_and_leaves_the_others_their_places() {
    for seeded in [true, false] {
        let capacity = Capacity { rows: 64, bytes: 1 << 20 };
        let tier = if seeded { HotTier::new(capacity, "t-".to_owned()) } else { colliding(64) };
        let batch = [event(0, 0, "a"), event(1, 1, "a"), event(0, 0, "a"), event(1, 1, "b"), event(2, 2, "a")];
        let report = tier.store(&batch, 0);
        assert_eq!((report.stored, report.replaced, report.duplicates), (3, 1, 1));
        assert_eq!(tier.store(&batch[2..], 0).duplicates, 3);
        assert_eq!(tier.store(&[event(3, 3, "a")], 0).stored, 1);
        assert_eq!(tier.verify(), Ok(()));
        let version = |id: usize| tier.get(&id.to_string()).and_then(|found| found.call_id().map(str::to_owned));
        assert_eq!((0..4).filter_map(version).collect::<String>(), "abaa");
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
