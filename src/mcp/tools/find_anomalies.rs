//! What is wrong in the recording?

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::analysis::anomalies::{self, Finding, Kind};
use crate::analysis::ledger::{Ledger, gather};
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::anomalies as tell;
use crate::tell::finding::{confidence, told, values, whole};
use crate::watch::Watch;
use crate::{Error, EventStore, Filter, Time};

pub(crate) struct FindAnomalies;

/// Findings shown; the rest are counted by kind.
const MAX_SHOWN: usize = 12;

/// Next calls suggested.
const MAX_NEXT: usize = 3;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Default: all.
    #[serde(default)]
    #[schemars(schema_with = "kinds_schema")]
    kinds: Option<Vec<String>>,
    /// Recording.
    session_id: Option<String>,
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

fn kinds_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}

impl Tool for FindAnomalies {
    const NAME: &'static str = "find_anomalies";
    const TITLE: &'static str = "Find what is wrong";
    const DESCRIPTION: &'static str = "Patterns of trouble, when the symptom is unclear: ranked findings with \
        events, confidence and what would refute each.";
    const EXAMPLE: &'static str = r#"{"kinds":["lost_update","call_timeout"]}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let named = |name: String| {
            Kind::named(&name).ok_or_else(|| Error::invalid(format!("kinds: there is no kind {name:?}")))
        };
        let kinds = args.kinds.unwrap_or_default().into_iter().map(named).collect::<Result<Vec<Kind>, Error>>()?;
        let (since, until) = args.span.read()?;
        let filter = Filter { since, until, session_id: args.session_id, ..Filter::default() };
        let ledger = gather(store, filter, watch)?;
        let found = anomalies::find(&ledger, &kinds, watch)?;
        Ok(report(&ledger, &kinds, &found).answer(args.budget.bytes()))
    }
}

fn report(ledger: &Ledger, kinds: &[Kind], found: &[Finding]) -> Report {
    let looked_for = if kinds.is_empty() { Kind::ALL.len() } else { kinds.len() };
    let mut report = Report::new(tell::head(ledger, looked_for, found));
    frame(&mut report, ledger);
    for (at, finding) in found.iter().take(MAX_SHOWN).enumerate() {
        report.section(section(ledger, finding, at == 0));
    }
    let mut suggested = Vec::new();
    for (tool, arguments, why) in found.iter().take(MAX_SHOWN).filter_map(|finding| told(ledger, finding).next) {
        if suggested.len() < MAX_NEXT && !suggested.contains(&(tool, arguments.clone())) {
            suggested.push((tool, arguments.clone()));
            report.next(tool, arguments, why);
        }
    }
    if found.len() > MAX_SHOWN {
        report.note(tell::more(&found[MAX_SHOWN..]));
    }
    for note in tell::left_out(ledger) {
        report.note(note);
    }
    if let Some(note) = tell::unseen(ledger).filter(|_| found.is_empty()) {
        report.note(note);
    }
    report
}

/// What a report over a ledger says of its span: the filter, the anchor, the gaps.
pub(super) fn frame(report: &mut Report, ledger: &Ledger) {
    let visit = &ledger.visit;
    let at = |bound: Option<i64>| bound.map(Time::At);
    let filter = Filter {
        since: at(visit.since),
        until: at(visit.until),
        session_id: visit.filter.session_id.clone(),
        ..Filter::default()
    };
    report.filter(&filter).gaps(ledger.gaps()).losses(&ledger.losses);
    if let Some((oldest, _)) = ledger.span() {
        report.anchor(oldest, "the oldest event");
    }
    for note in tell::skewed(ledger) {
        report.note(note);
    }
}

fn section(ledger: &Ledger, finding: &Finding, is_first: bool) -> Section {
    let mut section = Section::new(finding.kind.name());
    section.fact("confidence", confidence(finding.confidence)).fact("at", Cell::At(finding.moment.at));
    let lines = whole(ledger, finding);
    // Of the first all but what would refute it.
    section.keep(if is_first { lines.len() - 1 } else { 1 }).values(values(ledger, finding));
    for line in lines {
        section.line(line);
    }
    section
}
