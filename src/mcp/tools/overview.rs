//! What is there, and what stands out: the first call.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::findings::Findings;
use crate::analysis::anomalies::{Kind, glance};
use crate::analysis::ask::Ask;
use crate::analysis::ending::endings;
use crate::analysis::event_at;
use crate::analysis::fact::Fact;
use crate::analysis::overview::{LONG_MAILBOX, Overview, Trouble, Troubles, length, overview};
use crate::analysis::value::brief::brief;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::overview as tell;
use crate::watch::Watch;
use crate::{Error, EventStore, Filter};

/// Events of one sort of trouble that are told.
const TOLD: usize = 4;

pub(crate) struct OverviewTool;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for OverviewTool {
    const NAME: &'static str = "overview";
    const TITLE: &'static str = "Overview";
    const DESCRIPTION: &'static str = "Start here: totals, crashes, call timeouts, exceptions, lost messages, \
        findings, busiest processes and functions, what to ask next.";
    const EXAMPLE: &'static str = r#"{"since_timestamp":"-10s"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let (since, until) = args.span.read()?;
        // Before the rest: what came before an end that is stored is stored as well.
        let ends = endings(&Ask::new(store, watch))?;
        let found = overview(store, &Filter { since, until, ..Filter::default() }, watch)?;
        let glance = glance(store, found.visit.filter.clone(), found.visit.visited, watch)?;
        // Crashes are among the troubles.
        let is_told = found.troubles.crashes.count > 0;
        let findings = Findings::new(glance.as_ref(), |finding| !(is_told && finding.kind == Kind::Crash));
        let mut report = report(&found, &findings);
        functions(store, &found, watch, &mut report)?;
        report.over(store, &found.visit, watch)?;
        let first = found.visit.since.or(found.visit.span.map(|(first, _)| first));
        for end in ends {
            report.note(tell::tracing_ended(&end, first));
        }
        suggest(&found, &findings, &mut report);
        Ok(report.answer(args.budget.bytes()))
    }
}

fn report(found: &Overview, findings: &Findings<'_>) -> Report {
    let Overview { visit, types, nodes, sessions, .. } = found;
    let mut report = Report::new(tell::head(found));
    if !nodes.is_empty() {
        report.fact("nodes", nodes.join(","));
    }
    if *sessions > 0 {
        report.fact("sessions", *sessions);
    }
    let first = visit.since.or(visit.span.map(|(first, _)| first));
    if let Some(first) = first {
        report.anchor(first, "the first event");
    }
    if let Some(trouble) = trouble_section(found) {
        report.section(trouble);
    }
    if let Some(findings) = findings.section() {
        report.section(findings);
    }
    report.section(processes(found));
    let mut section = Section::new("event types");
    section.line(tell::types(types));
    report.section(section);
    report
}

/// What went wrong, an event each.
fn trouble_section(found: &Overview) -> Option<Section> {
    let troubles = &found.troubles;
    let mut section = Section::new("trouble");
    section.columns(&[
        Column::plain("what"),
        Column::time("at"),
        Column::plain("event"),
        Column::plain("pid"),
        Column::plain("detail"),
    ]);
    let mut add = |trouble: &Trouble, what: &str, detail: fn(&Fact) -> String| {
        let last = trouble.last.iter().filter(|_| trouble.count as usize > TOLD);
        let first = trouble.events.iter().take(if trouble.count as usize > TOLD { TOLD - 1 } else { TOLD });
        for fact in first.chain(last) {
            section.row(vec![
                what.into(),
                Cell::At(fact.at()),
                Cell::Event(fact.id().to_owned()),
                Cell::Text(fact.pid().to_owned()),
                Cell::Text(detail(fact)),
            ]);
        }
        section.beyond(trouble.count.saturating_sub(TOLD as u64));
    };
    add(&troubles.crashes, "crash", tell::end);
    add(&troubles.timeouts, "call timeout", tell::end);
    add(&troubles.consequences, "crash because of another", tell::end);
    add(&troubles.abnormal_ends, "abnormal end", tell::end);
    add(&troubles.undeliverable, "message to nobody", tell::send);
    add(&troubles.to_the_dead, "message to an ended process", tell::send);
    add(&troubles.held, "call not answered to the end", tell::send);
    add(&troubles.late_replies, "answer to an ended caller", tell::send);
    // Those of a crash are told with it.
    let ends = troubles.crashes.count + troubles.timeouts.count + troubles.consequences.count;
    if troubles.exceptions > ends {
        exceptions(troubles, &mut section);
    }
    section.keep(4);
    (section.len() > 0).then_some(section)
}

/// The sorts of exceptions, each with its first.
fn exceptions(troubles: &Troubles, section: &mut Section) {
    for sort in troubles.sorts.iter().take(TOLD) {
        let fact = &sort.first;
        let (at, event) = (Cell::At(fact.at()), Cell::Event(fact.id().to_owned()));
        section.row(vec![
            "exception".into(),
            at,
            event,
            Cell::Text(fact.pid().to_owned()),
            tell::exception(sort).into(),
        ]);
    }
    section.beyond(troubles.sorts.len().saturating_sub(TOLD) as u64);
}

fn processes(found: &Overview) -> Section {
    let mut section = Section::new("processes");
    let span = length(&found.visit).max(1) as f64;
    section.columns(&[
        Column::plain("process"),
        Column::plain("module"),
        Column::plain("events"),
        Column::plain("in"),
        Column::plain("out"),
        Column::plain("in_calls"),
        Column::plain("mailbox"),
        Column::plain("raised"),
        Column::plain("end"),
    ]);
    for process in &found.processes {
        let module = if process.who.name.is_some() { process.who.role.as_deref() } else { None };
        section.row(vec![
            Cell::Text(process.who.to_string()),
            Cell::text(module),
            Cell::Count(process.events),
            Cell::Count(process.received),
            Cell::Count(process.sent),
            if process.in_calls > 0 { Cell::Share(process.in_calls as f64 / span) } else { Cell::Empty },
            process.mailbox.map_or(Cell::Empty, |longest| Cell::Count(longest.max(0) as u64)),
            if process.raised > 0 { Cell::Count(process.raised) } else { Cell::Empty },
            process.exit.as_deref().map_or(Cell::Empty, |reason| Cell::Text(brief(reason, 40))),
        ]);
    }
    section.beyond(found.all_processes - found.processes.len() as u64).keep(3);
    section
}

fn functions(store: &EventStore, found: &Overview, watch: &dyn Watch, report: &mut Report) -> Result<(), Error> {
    let mut section = Section::new("functions");
    section.columns(&[
        Column::plain("function"),
        Column::plain("calls"),
        Column::time("self"),
        Column::time("max"),
        Column::plain("slowest"),
        Column::plain("called_at"),
    ]);
    for function in &found.functions {
        let slowest = event_at(store, function.slowest, watch)?;
        section.row(vec![
            Cell::Text(function.name.clone()),
            Cell::Count(function.calls),
            Cell::Duration(function.own),
            Cell::Duration(function.max),
            slowest.as_ref().map_or(Cell::Empty, |event| Cell::Event(event.event_id().to_owned())),
            Cell::text(slowest.as_ref().and_then(|event| event.ast_node_id())),
        ]);
    }
    section.beyond(found.all_functions - found.functions.len() as u64).keep(2);
    report.section(section);
    Ok(())
}

/// What to ask next, the worst first.
fn suggest(found: &Overview, findings: &Findings<'_>, report: &mut Report) {
    let troubles = &found.troubles;
    if troubles.crashes.count + troubles.timeouts.count + troubles.abnormal_ends.count > 0 {
        report.next("explain", json!({ "target": "last_crash" }), "the last crash and what led to it");
    }
    if let Some(lost) = troubles.to_the_dead.events.first().or(troubles.undeliverable.events.first()) {
        let to = lost.text("receiver_pid").or_else(|| lost.text("receiver_name")).unwrap_or("?");
        report.next("explain", json!({ "target": to }), "who sends to a process that is not there");
    }
    if let Some(held) = troubles.held.events.first() {
        report.next("explain", json!({ "target": held.pid() }), "what it waits for, and why that does not answer");
    }
    let long = found.processes.iter().find(|process| process.mailbox.is_some_and(|length| length >= LONG_MAILBOX));
    if let Some(process) = long {
        report.next("explain", json!({ "target": process.who.short() }), "why its mailbox is long");
    }
    findings.next(report, "races, deadlocks, late replies, outliers");
    if !found.functions.is_empty() {
        report.next("profile", json!({ "by": "call_site" }), "where the time goes, and which call site is slow");
    }
}
