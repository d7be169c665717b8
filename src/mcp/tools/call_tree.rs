//! Which calls made which, and where did the time go?

use schemars::JsonSchema;
use serde::Deserialize;

use crate::analysis::calls::{Below, Node, Shape};
use crate::analysis::ledger::Ledger;
use crate::analysis::traffic::Traffic;
use crate::analysis::trees::{Ground, Target, ground, place};
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::call_tree as tell;
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct CallTree;

/// Levels shown unless asked otherwise.
const USUAL_DEPTH: usize = 8;

/// Rows made; a budget has room for fewer.
const MAX_ROWS: usize = 2_000;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Of the root call.
    event_id: Option<String>,
    /// One exchange.
    correlation_id: Option<String>,
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: Option<String>,
    #[serde(flatten)]
    whose: NodeArg,
    /// Default 8.
    #[schemars(range(min = 1, max = 512))]
    depth: Option<usize>,
    /// At least.
    #[schemars(range(min = 0))]
    min_duration_ns: Option<i64>,
    /// One row for calls of one function under one call; default true.
    fold: Option<bool>,
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for CallTree {
    const NAME: &'static str = "call_tree";
    const TITLE: &'static str = "Calls below a call";
    const DESCRIPTION: &'static str = "The tree of calls of one event, exchange or process (give one), across \
        processes. total: whole time; self: without calls below and waiting; waited: for replies; maybe_waited: of \
        self, at most.";
    const EXAMPLE: &'static str = r#"{"pid":"<0.120.0>","depth":4}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let target = match (args.event_id, args.correlation_id, args.pid) {
            (Some(id), None, None) => Target::Event(id),
            (None, Some(id), None) => Target::Correlation(id),
            (None, None, Some(pid)) => Target::Process(pid, args.whose.node),
            (None, None, None) => {
                return Err(Error::invalid("give one of event_id, correlation_id or pid: the tree's root"));
            }
            _ => {
                return Err(Error::invalid(
                    "event_id, correlation_id, pid: give one of them, they are roots of different trees",
                ));
            }
        };
        let shape = Shape {
            depth: args.depth.unwrap_or(USUAL_DEPTH),
            min_duration: args.min_duration_ns.unwrap_or(0),
            fold: args.fold.unwrap_or(true),
        };
        let ground = ground(store, &target, args.span.read()?, watch)?;
        Ok(report(&ground, shape).answer(args.budget.bytes()))
    }
}

fn report(ground: &Ground, shape: Shape) -> Report {
    let Ground { ledger, roots, above } = ground;
    let traffic = Traffic::new(ledger);
    let tree = Below::new(&traffic).tree(roots, shape);
    let mut report = Report::new(tell::head(ledger, roots, &tree));
    report.gaps(ledger.gaps()).losses(&ledger.losses);
    if let Some(root) = roots.first() {
        let call = ledger.call(*root);
        report.anchor(call.start.at, format!("the first call ({})", ledger.text(call.event)));
        if let Some(place) = place(&traffic, *root) {
            report.fact("called_at", place);
        }
    }
    if !above.is_empty() {
        let mut section = Section::new("led to by");
        for event in above {
            section.line(tell::ancestor(ledger, event));
        }
        report.section(section);
    }
    let mut section = Section::new("calls");
    let mut columns = vec![
        Column::plain("call"),
        Column::plain("process"),
        Column::plain("n"),
        Column::time("t"),
        Column::time("total"),
        Column::time("self"),
        Column::time("waited"),
    ];
    let has_bounds = tree.nodes.iter().any(|node| node.may_have_waited > 0);
    columns.extend(has_bounds.then(|| Column::time("maybe_waited")));
    columns.extend([Column::plain("note"), Column::plain("event")]);
    section.columns(&columns);
    section.keep(3);
    for node in tree.nodes.iter().take(MAX_ROWS) {
        section.row(row(ledger, node, has_bounds));
    }
    section.beyond(tree.nodes.len().saturating_sub(MAX_ROWS) as u64);
    report.section(section);
    for note in tell::left_out(&tree, shape) {
        report.note(note);
    }
    report
}

fn row(ledger: &Ledger, node: &Node, has_bounds: bool) -> Vec<Cell> {
    let first = ledger.call(node.calls[0]);
    let by = node.by.map_or_else(String::new, |kind| format!("[{}] ", kind.name()));
    let call = format!("{}{by}{}", ". ".repeat(node.depth), ledger.text(node.function));
    let is_one_process = node.calls.iter().all(|id| ledger.call(*id).process == first.process);
    let process = if is_one_process { ledger.label(first.process) } else { "several".to_owned() };
    let duration = |ns| if ns == 0 { Cell::Empty } else { Cell::Duration(ns) };
    let mut cells = vec![
        call.into(),
        process.into(),
        node.calls.len().into(),
        Cell::At(first.start.at),
        if node.open == node.calls.len() { Cell::Empty } else { Cell::Duration(node.total) },
        if node.open == node.calls.len() { Cell::Empty } else { Cell::Duration(node.own) },
        duration(node.waited),
    ];
    cells.extend(has_bounds.then(|| duration(node.may_have_waited)));
    cells.extend([Cell::text(tell::remark(ledger, node).as_deref()), Cell::Event(ledger.text(first.event).to_owned())]);
    cells
}
