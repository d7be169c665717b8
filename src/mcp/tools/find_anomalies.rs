//! What is wrong in the recording?

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::analysis::anomalies::{self, Finding, Kind};
use crate::analysis::ledger::{Ledger, gather};
use crate::analysis::left_out::What;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::finding::{confidence, evidence, told, values};
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
    const DESCRIPTION: &'static str = "Looks for patterns of trouble, when the symptom is unclear. Ranked findings \
        with event ids, confidence and what would refute each.";
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
    let among = format!("among {} events", ledger.visit.visited);
    let mut report = Report::new(match found {
        [] => format!("nothing found {among}; looked for {looked_for} kinds of trouble"),
        [one] if one.alike == 0 => format!("1 finding {among}: {}", one.kind.name()),
        many => format!("{} findings {among}: {}", all_of(many), kinds_of(many)),
    });
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
        let rest = &found[MAX_SHOWN..];
        report.note(format!("{} more: {}; ask for them with kinds", all_of(rest), kinds_of(rest)));
    }
    left_out(&mut report, ledger);
    if found.is_empty() && ledger.calls.is_empty() {
        report.note("no function_entry events here: what needs calls could not be looked for");
    } else if found.is_empty() && ledger.messages.is_empty() {
        report.note("no message_send events here: what needs messages could not be looked for");
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
    for [a, b] in ledger.skewed() {
        report.note(format!(
            "the clocks of {a} and {b} disagree: messages between them came before they were sent; how long they took \
             is not known"
        ));
    }
}

/// What the source left out: what is wrong there may not be seen.
fn left_out(report: &mut Report, ledger: &Ledger) {
    for (what, name) in [(What::Values, "values"), (What::SomeValues, "values of some calls")] {
        let Some(first) = ledger.left_out.iter().find(|one| one.what == what) else { continue };
        let why = first.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        report.note(format!(
            "{name} were left out{why} from {} on: what shows only in arguments, results and states may be missing since \
             then",
            first.event_id
        ));
    }
}

/// With those that are only counted.
fn all_of(found: &[Finding]) -> usize {
    found.iter().map(|finding| 1 + finding.alike).sum()
}

/// `2 crash, 1 late_reply`.
fn kinds_of(found: &[Finding]) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for finding in found {
        *kinds.entry(finding.kind).or_default() += 1 + finding.alike;
    }
    kinds.iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect::<Vec<_>>().join(", ")
}

fn section(ledger: &Ledger, finding: &Finding, is_first: bool) -> Section {
    let told = told(ledger, finding);
    let evidence = evidence(ledger, finding);
    let mut section = Section::new(finding.kind.name());
    section.fact("confidence", confidence(finding.confidence)).fact("at", Cell::At(finding.moment.at));
    section.line(told.what);
    let mut lines = 1 + told.details.len();
    for detail in told.details {
        section.line(detail);
    }
    if finding.alike > 0 {
        lines += 1;
        section.line(format!("{} more like it, at the same places in the source", finding.alike));
    }
    if !evidence.is_empty() {
        lines += 1;
        section.line(format!("evidence: {evidence}"));
    }
    section.line(format!("refuted by: {}", told.refuted_by));
    // Of the first all but what would refute it.
    section.keep(if is_first { lines } else { 1 }).values(values(ledger, finding));
    section
}
