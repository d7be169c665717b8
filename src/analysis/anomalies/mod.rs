//! What is wrong in this recording? One file per kind of trouble.
//!
//! Each detector looks at the ledger for one pattern and says what it saw, on which events, how sure that is, and what
//! would refute it. None knows a program. DESIGN.md says what each can miss.

mod crash;
mod dead_letter;
mod deadlock;
mod exchange;
mod gap;
mod gave_up;
mod glance;
mod growth;
mod hot_loop;
mod http_error;
mod http_rate;
mod ignored;
mod kind;
mod lost_update;
mod mailbox;
mod outlier;
mod repeated;
mod repeated_exception;
mod restart;
mod stampede;
mod starting;
mod swallowed;
mod told;
mod twice;
mod unfinished;
mod unmet;
mod web;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::ledger::{Call, CallId, Ledger, Moment, ProcessId, Sym};
use super::traffic::Traffic;
use crate::error::{Error, Result};
use crate::watch::Watch;
pub(crate) use glance::{Glance, glance, touching};
use web::Web;

pub(crate) use kind::Kind;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    Low,
    Medium,
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// An event that shows a finding.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// What it is in the finding: `read`, `exit`.
    pub(crate) role: &'static str,
    pub(crate) event: Sym,
}

/// Trouble that was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) confidence: Confidence,
    /// When it began.
    pub(crate) moment: Moment,
    /// The finding in a sentence or two.
    pub(crate) what: String,
    /// What supports it, a line each.
    pub(crate) details: Vec<String>,
    pub(crate) evidence: Vec<Evidence>,
    /// Others of the same kind at the same places in the source, such as in other processes of one module.
    pub(crate) alike: usize,
    /// What would show that it is none.
    pub(crate) refuted_by: &'static str,
    /// The call that leads further.
    pub(crate) next: Option<(&'static str, Value, &'static str)>,
}

impl Finding {
    pub(crate) fn new(kind: Kind, confidence: Confidence, moment: Moment, what: String) -> Self {
        let (details, evidence) = (Vec::new(), Vec::new());
        Self { kind, confidence, moment, what, details, evidence, alike: 0, refuted_by: "", next: None }
    }

    fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    fn shown_by(mut self, role: &'static str, event: impl Into<Option<Sym>>) -> Self {
        if let Some(event) = event.into() {
            self.evidence.push(Evidence { role, event });
        }
        self
    }

    const fn refuted_by(mut self, what: &'static str) -> Self {
        self.refuted_by = what;
        self
    }

    fn next(mut self, tool: &'static str, arguments: Value, why: &'static str) -> Self {
        self.next = Some((tool, arguments, why));
        self
    }
}

/// What every detector looks at.
pub(crate) struct Scene<'l> {
    ledger: &'l Ledger,
    traffic: Traffic<'l>,
    /// Calls of each process, by its number.
    by_process: Vec<Vec<CallId>>,
    web: OnceCell<Web>,
    watch: &'l dyn Watch,
}

impl<'l> Scene<'l> {
    fn new(ledger: &'l Ledger, watch: &'l dyn Watch) -> Self {
        let mut by_process = vec![Vec::new(); ledger.processes.len()];
        for (id, call) in (0..).zip(&ledger.calls) {
            by_process[call.process as usize].push(id);
        }
        Self { ledger, traffic: Traffic::new(ledger), by_process, web: OnceCell::new(), watch }
    }

    /// The calls of a process, in the order they began.
    fn calls_of(&self, process: ProcessId) -> impl Iterator<Item = (CallId, &'l Call)> {
        let ledger = self.ledger;
        self.by_process[process as usize].iter().map(move |id| (*id, ledger.call(*id)))
    }

    /// Exceptions and web requests; gathered when they are first asked for.
    fn web(&self) -> &Web {
        self.web.get_or_init(|| Web::of(self.ledger))
    }

    /// Asked between pieces of work that take a millisecond or so.
    fn checked(&self) -> Result<()> {
        if self.watch.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }
}

type Detector = fn(&Scene<'_>, &mut Vec<Finding>) -> Result<()>;

/// Detectors, and the kinds each can find.
const DETECTORS: [(Detector, &[Kind]); 21] = [
    (deadlock::detect, &[Kind::Deadlock]),
    (lost_update::detect, &[Kind::LostUpdate]),
    (crash::detect, &[Kind::Crash]),
    (http_error::detect, &[Kind::HttpError]),
    (restart::detect, &[Kind::RestartStorm]),
    // After it: what it has told is not told again.
    (gave_up::detect, &[Kind::SupervisorGaveUp]),
    (dead_letter::detect, &[Kind::StalePid, Kind::DeadLetter]),
    (exchange::detect, &[Kind::CallTimeout, Kind::NeverAnswered, Kind::LateReply]),
    (mailbox::detect, &[Kind::MailboxGrowth]),
    (unmet::detect, &[Kind::UnmetDemand]),
    (twice::detect, &[Kind::DeliveredTwice]),
    (hot_loop::detect, &[Kind::HotLoop]),
    (swallowed::detect, &[Kind::SwallowedException]),
    (repeated_exception::detect, &[Kind::RepeatedException]),
    (unfinished::detect, &[Kind::TerminateSkipped]),
    (ignored::detect, &[Kind::IgnoredMessage]),
    (growth::detect, &[Kind::StateGrowth]),
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
fn all(ledger: &Ledger, kinds: &[Kind], watch: &dyn Watch) -> Result<Vec<Finding>> {
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
        key(a).cmp(&key(b)).then_with(|| a.what.cmp(&b.what))
    });
    Ok(found)
}

/// The first of each sort, with how many there are like it.
fn folded(found: Vec<Finding>) -> Vec<Finding> {
    let mut places: BTreeMap<(Kind, Confidence, String), usize> = BTreeMap::new();
    let mut first: Vec<Finding> = Vec::new();
    for finding in found {
        let key = (finding.kind, finding.confidence, without_numbers(&finding));
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

/// A finding without its numbers; lines and arities stay.
fn without_numbers(finding: &Finding) -> String {
    let mut plain = String::new();
    for line in std::iter::once(&finding.what).chain(finding.details.first()) {
        let mut before = ' ';
        for c in line.chars() {
            let is_of_place = matches!(before, ':' | '/');
            if !c.is_ascii_digit() || is_of_place {
                plain.push(c);
                // All digits of a line number stay.
                before = if is_of_place && c.is_ascii_digit() { before } else { c };
            } else if before != '#' {
                plain.push('#');
                before = '#';
            }
        }
    }
    plain
}

/// `1 message`, `3 messages`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Nanoseconds for a reader.
fn span(ns: i64) -> String {
    let ns = ns.max(0);
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => format!("{}us", ns / 1_000),
        1_000_000..10_000_000 => format!("{}.{}ms", ns / 1_000_000, ns / 100_000 % 10),
        10_000_000..10_000_000_000 => format!("{}ms", ns / 1_000_000),
        _ => format!("{}.{}s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}

/// The middle one of some values; 0 of none.
fn median(sorted: &[i64]) -> i64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::ledger::gather;
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
        let finding = |what: &str| Finding::new(Kind::Crash, Confidence::High, moment, what.to_owned());
        let all = [
            "cart_4 <0.12.0> ended of :badarith at cart.ex:16 in Cart.total/1",
            "cart_11 <0.130.0> ended of :badarith at cart.ex:16 in Cart.total/1",
            "cart_5 <0.13.0> ended of :badarith at cart.ex:170 in Cart.total/1",
            "cart_5 <0.13.0> ended of :badarith at cart.ex:16 in Cart.total/2",
        ];
        let told = folded(all.map(finding).to_vec());
        assert_eq!(told.iter().map(|finding| finding.alike).collect::<Vec<_>>(), [1, 0, 0]);
    }

    #[test]
    fn spans_are_in_the_unit_that_fits() {
        let shown = [999, 1_500, 1_234_567, 49_000_000, 12_300_000_000].map(span);
        assert_eq!(shown, ["999ns", "1us", "1.2ms", "49ms", "12.3s"]);
    }
}
