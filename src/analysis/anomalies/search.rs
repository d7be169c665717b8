//! Which detectors are there, and in what order is told what they found?

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::kind::Kind;
use super::scene::Scene;
use super::{
    crash, dead_letter, deadlock, exchange, gap, gave_up, growth, hot_loop, http_error, ignored, lost_at_restart,
    lost_update, mailbox, mistaken_reply, monitors, not_given_back, orphan, outlier, overlapping, overtaken, repeated,
    repeated_exception, restart, second_reply, stampede, starved_timeout, swallowed, twice, unfinished, unmet,
};
use crate::analysis::found::Key;
use crate::analysis::ledger::Ledger;
use crate::error::Result;
use crate::watch::Watch;

type Detector = fn(&Scene<'_>, &mut Vec<Finding>) -> Result<()>;

/// Detectors, and the kinds each can find.
const DETECTORS: [(Detector, &[Kind]); 30] = [
    (deadlock::detect, &[Kind::Deadlock]),
    (lost_update::detect, &[Kind::LostUpdate]),
    (overtaken::detect, &[Kind::Overtaken]),
    (crash::detect, &[Kind::Crash]),
    (http_error::detect, &[Kind::HttpError]),
    (restart::detect, &[Kind::RestartStorm]),
    // After it: what it has told is not told again.
    (gave_up::detect, &[Kind::SupervisorGaveUp]),
    (dead_letter::detect, &[Kind::StalePid, Kind::DeadLetter]),
    (exchange::detect, &[Kind::CallTimeout, Kind::NeverAnswered, Kind::LateReply]),
    (second_reply::detect, &[Kind::SecondReply]),
    (mistaken_reply::detect, &[Kind::MistakenReply]),
    (mailbox::detect, &[Kind::MailboxGrowth]),
    (unmet::detect, &[Kind::UnmetDemand]),
    (starved_timeout::detect, &[Kind::StarvedTimeout]),
    (twice::detect, &[Kind::DeliveredTwice]),
    (monitors::detect, &[Kind::MonitorLeak]),
    (not_given_back::detect, &[Kind::NotGivenBack]),
    (lost_at_restart::detect, &[Kind::LostAtRestart]),
    (orphan::detect, &[Kind::Orphan]),
    (hot_loop::detect, &[Kind::HotLoop]),
    (swallowed::detect, &[Kind::SwallowedException]),
    (repeated_exception::detect, &[Kind::RepeatedException]),
    (unfinished::detect, &[Kind::TerminateSkipped]),
    (ignored::detect, &[Kind::IgnoredMessage]),
    (growth::detect, &[Kind::StateGrowth]),
    (overlapping::detect, &[Kind::OverlappingRuns]),
    (stampede::detect, &[Kind::Stampede]),
    (outlier::detect, &[Kind::DurationOutlier]),
    (repeated::detect, &[Kind::RepeatedCalls]),
    (gap::detect, &[Kind::Gap]),
];

/// Everything found of these kinds (empty: of all), surest and gravest first, then in the order of time; what differs
/// only in processes, times and numbers is told once.
///
/// # Errors
/// [`Cancelled`](crate::ErrorKind::Cancelled) when the watch ended it.
pub(crate) fn find(ledger: &Ledger, kinds: &[Kind], watch: &dyn Watch) -> Result<Vec<Finding>> {
    Ok(folded(all(ledger, kinds, watch)?))
}

/// [`find`], each by itself.
pub(super) fn all(ledger: &Ledger, kinds: &[Kind], watch: &dyn Watch) -> Result<Vec<Finding>> {
    let scene = Scene::new(ledger, watch);
    let is_wanted = |kind: &Kind| kinds.is_empty() || kinds.contains(kind);
    let mut found = Vec::new();
    for (detect, finds) in DETECTORS {
        if finds.iter().any(is_wanted) {
            scene.checked()?;
            detect(&scene, &mut found)?;
        }
    }
    found.retain(|finding| is_wanted(&finding.kind));
    // A grave matter that is only suspected stands behind a lesser one that is sure.
    found.sort_by(|a, b| {
        let key = |finding: &Finding| (std::cmp::Reverse(finding.confidence), finding.kind, finding.moment);
        key(a).cmp(&key(b)).then_with(|| a.found.facts().key().cmp(&b.found.facts().key()))
    });
    Ok(found)
}

/// The first of each sort, with how many there are like it.
pub(super) fn folded(found: Vec<Finding>) -> Vec<Finding> {
    let mut places: BTreeMap<(Kind, Confidence, Key), usize> = BTreeMap::new();
    let mut first: Vec<Finding> = Vec::new();
    for finding in found {
        let key = (finding.kind, finding.confidence, finding.found.facts().key());
        match places.get(&key) {
            Some(at) => first[*at].alike += 1,
            None => {
                places.insert(key, first.len());
                first.push(finding);
            }
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::found::{Crash, Found, Process};
    use crate::analysis::ledger::{Moment, gather};
    use crate::{ErrorKind, EventStore, Filter, Settings, Unwatched};

    struct Gone;

    impl Watch for Gone {
        fn is_cancelled(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_search_nobody_waits_for_ends() {
        let store = EventStore::open(Settings::default()).unwrap();
        store
            .store_json_event(r#"{"id": "a", "ts": 1, "type": "function_entry", "pid": "0.1.0", "call_id": "a"}"#)
            .unwrap();
        let ledger = gather(&store, Filter::default(), &Unwatched).unwrap();
        assert_eq!(ledger.calls.len(), 1);
        assert!(find(&ledger, &[], &Unwatched).unwrap().is_empty());
        assert_eq!(find(&ledger, &[], &Gone).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(gather(&store, Filter::default(), &Gone).unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn findings_that_differ_in_numbers_alone_are_one() {
        let moment = Moment { order: 0, at: 0 };
        let finding = |(name, site, function): (&str, &str, &str)| {
            let crash = Crash {
                process: Process { pid: "<0.1.0>".into(), name: Some(name.into()), module: None, shares_name: false },
                processes: 1,
                reason: ":badarith".into(),
                crash_site: Some(site.into()),
                failed_in: Some(function.into()),
                is_of_unknown: false,
                handling: None,
                ended_with_it: None,
            };
            Finding::of(Kind::Crash, Confidence::High, moment, Found::Crash(crash))
        };
        let all = [
            ("cart_4", "cart.ex:16", "Cart.total/1"),
            ("cart_11", "cart.ex:16", "Cart.total/1"),
            ("cart_5", "cart.ex:170", "Cart.total/1"),
            ("cart_5", "cart.ex:16", "Cart.total/2"),
        ];
        let told = folded(all.map(finding).to_vec());
        assert_eq!(told.iter().map(|finding| finding.alike).collect::<Vec<_>>(), [1, 0, 0]);
    }
}
