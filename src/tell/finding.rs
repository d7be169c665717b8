//! How is a finding told?

use serde_json::{Map, Value, json};

use super::found;
use crate::analysis::anomalies::{Confidence, Finding};
use crate::analysis::found::Found;
use crate::analysis::ledger::Ledger;
use crate::analysis::value::brief::cut;

/// A call that leads further: tool, arguments, and what it would tell.
pub(crate) type Next = (&'static str, Value, &'static str);

/// A finding in words.
pub(crate) struct Told {
    /// In a sentence or two.
    pub(crate) what: String,
    /// What supports it, a line each.
    pub(crate) details: Vec<String>,
    /// What would show that it is none.
    pub(crate) refuted_by: &'static str,
    /// The call that leads further.
    pub(crate) next: Option<Next>,
}

impl Told {
    pub(super) fn new(what: String, refuted_by: &'static str) -> Self {
        Self { what, details: Vec::new(), refuted_by, next: None }
    }

    pub(super) fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    pub(super) fn next(mut self, tool: &'static str, arguments: Value, why: &'static str) -> Self {
        self.next = Some((tool, arguments, why));
        self
    }
}

/// A finding of this ledger in words.
pub(crate) fn told(ledger: &Ledger, finding: &Finding) -> Told {
    let event = |role: &str| finding.event(ledger, role).unwrap_or_default();
    // The write alone, where it has no call around it.
    let around = || finding.event(ledger, "caller").unwrap_or_else(|| event("stale_write"));
    let either = |role: &str, other: &str| finding.event(ledger, role).unwrap_or_else(|| event(other));
    match &finding.found {
        Found::Deadlock(circle) => found::deadlock::told(circle),
        Found::Dropped(dropped) => found::gap::dropped(*dropped),
        Found::Pruned(pruned) => found::gap::pruned(*pruned),
        Found::Storm(storm) => found::restart::told(storm, event("first_exit")),
        Found::Crash(crash) => found::crash::told(crash, event("exit")),
        Found::LostToDead(lost) => found::dead_letter::to_dead(lost),
        Found::LostToNobody(lost) => found::dead_letter::to_nobody(lost),
        Found::Timeout(timeout) => found::exchange::timeout(timeout, event("call")),
        Found::NeverAnswered(never) => found::exchange::never_answered(never),
        Found::LateReplies(late) => found::exchange::late_replies(late),
        Found::GaveUp(gave_up) => found::gave_up::told(gave_up),
        Found::MailboxGrowth(growth) => found::mailbox::growth(growth),
        Found::MailboxSamples(growth) => found::mailbox::samples(growth),
        Found::StateGrowth(growth) => found::growth::told(growth),
        Found::Swallowed(swallowed) => found::swallowed::told(swallowed),
        Found::RepeatedException(repeated) => found::repeated_exception::told(repeated, finding.event(ledger, "first")),
        Found::LostInServer(lost) => found::lost_update::in_server(lost),
        Found::LostInAgent(lost) => found::lost_update::in_agent(lost, around()),
        Found::LostInTable(lost) => found::lost_update::in_table(lost, around()),
        Found::Stopped(stopped) => found::unmet::told(stopped),
        Found::HotLoop(it) => found::hot_loop::told(it),
        Found::HttpErrors(it) => found::http_error::told(it, either("raised", "request")),
        Found::Ignored(it) => found::ignored::told(it, event("first")),
        Found::MonitorLeak(it) => found::monitors::told(it),
        Found::LostAtRestart(it) => found::lost_at_restart::told(it),
        Found::Orphan(it) => found::orphan::told(it),
        Found::Outlier(it) => found::outlier::told(it, either("slowest", "slow")),
        Found::Overlapping(it) => found::overlapping::told(it, event("started_again")),
        Found::Overtaken(it) => found::overtaken::told(it),
        Found::Questions(it) => found::repeated::questions(it, event("caller")),
        Found::SameCalls(it) => found::repeated::same_calls(it),
        Found::Stampede(it) => found::stampede::told(it, event("first")),
        Found::Twice(it) => found::twice::told(it),
        Found::Unfinished(it) => found::unfinished::told(it),
        Found::SecondReply(it) => found::second_reply::told(it),
        Found::MistakenReply(it) => found::mistaken_reply::told(it),
        Found::NotGivenBack(it) => found::not_given_back::told(it),
        Found::StarvedTimeout(it) => found::starved_timeout::told(it),
    }
}

/// `high`.
pub(crate) const fn confidence(of: Confidence) -> &'static str {
    match of {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

/// `read=e1 stale_write=e7`; empty without any.
pub(crate) fn evidence(ledger: &Ledger, finding: &Finding) -> String {
    let of = finding.evidence.iter().map(|one| format!("{}={}", one.role, ledger.text(one.event)));
    of.collect::<Vec<_>>().join(" ")
}

/// A finding in lines, within an answer that tells more.
pub(crate) fn lines(ledger: &Ledger, finding: &Finding) -> Vec<String> {
    let Told { what, details, refuted_by, .. } = told(ledger, finding);
    let mut lines = vec![what];
    lines.extend(details);
    lines.push(format!("evidence: {}", evidence(ledger, finding)));
    lines.push(format!("refuted by: {refuted_by}"));
    lines
}

/// The same as an answer of its own: with how many are like it.
pub(crate) fn whole(ledger: &Ledger, finding: &Finding) -> Vec<String> {
    let Told { what, details, refuted_by, .. } = told(ledger, finding);
    let evidence = evidence(ledger, finding);
    let mut lines = vec![what];
    lines.extend(details);
    if finding.alike > 0 {
        lines.push(format!("{} more like it, at the same places in the source", finding.alike));
    }
    if !evidence.is_empty() {
        lines.push(format!("evidence: {evidence}"));
    }
    lines.push(format!("refuted by: {refuted_by}"));
    lines
}

/// The same in one line of so many characters, beside an answer that was asked for something else.
pub(crate) fn brief(ledger: &Ledger, finding: &Finding, longest: usize) -> String {
    let more = if finding.alike > 0 { format!(" ({} more like it)", finding.alike) } else { String::new() };
    format!("{}{more}", cut(&told(ledger, finding).what, longest))
}

/// A finding as values: what a page or another program draws.
pub(crate) fn values(ledger: &Ledger, finding: &Finding) -> Value {
    let facts = finding.found.facts();
    let mut evidence: Map<String, Value> = Map::new();
    for one in &finding.evidence {
        let event = Value::from(ledger.text(one.event));
        match evidence.get_mut(one.role) {
            Some(Value::Array(all)) => all.push(event),
            _ => _ = evidence.insert(one.role.to_owned(), Value::Array(vec![event])),
        }
    }
    json!({
        "kind": finding.kind.name(),
        "confidence": finding.confidence,
        "timestamp": finding.moment.at,
        "subjects": facts.subjects(),
        "site": facts.site(),
        "figures": finding.found,
        "evidence": evidence,
        "alike": finding.alike,
        "refuted_by": told(ledger, finding).refuted_by,
    })
}
