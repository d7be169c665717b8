//! Every change of a process's state, or of a part of it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::analysis::ask::Ask;
use crate::analysis::change::Source;
use crate::analysis::state::{History, state_history};
use crate::analysis::value::brief::brief;
use crate::analysis::value::is_cut;
use crate::analysis::value::path::Path;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::query::MAX_LIMIT;
use crate::tell::state_history as tell;
use crate::watch::Watch;
use crate::{Error, EventStore, Time};

pub(crate) struct StateHistory;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: String,
    #[serde(flatten)]
    whose: NodeArg,
    /// Only this part: cart.total, items[0].
    path: Option<String>,
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for StateHistory {
    const NAME: &'static str = "state_history";
    const TITLE: &'static str = "History of a state";
    const DESCRIPTION: &'static str = "Each change of a process's state or a part of it: when, from what to what, by \
        which message from whom.";
    const EXAMPLE: &'static str = r#"{"pid":"<0.125.0>","path":"balance"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let ask = Ask::new(store, watch);
        let path = args.path.as_deref().map(Path::read).transpose()?;
        let (since, until) = args.span.read()?;
        let bound = |time: Option<Time>, open: i64| match time {
            Some(time) => ask.resolve(time).map(|at| at.unwrap_or(open)),
            None => Ok(open),
        };
        let span = (bound(since, i64::MIN)?, bound(until, i64::MAX)?);
        if span.0 > span.1 {
            return Err(Error::invalid("since_timestamp: is after until_timestamp; swap them or drop one"));
        }
        let found = state_history(&ask, (&args.pid, args.whose.node.as_deref()), path.as_ref(), span)?;
        let mut report = report(&ask, &found, path.as_ref());
        report.gaps(&ask.gaps());
        if let [first, .., last] = &found.steps[..] {
            let session = ask.event(Some(&last.change.id)).and_then(|it| it.event.session_id().map(str::to_owned));
            let (since, until) = (first.change.at, last.change.at);
            report.losses(&store.losses(since, until, session.as_deref(), MAX_LIMIT)?.first);
        }
        Ok(report.answer(args.budget.bytes()))
    }
}

fn report(ask: &Ask<'_>, found: &History, path: Option<&Path>) -> Report {
    let mut report = Report::new(tell::head(found, path));
    if path.is_some() {
        report.fact("state_changes_looked_at", found.looked_at);
    }
    let last = found.steps.last();
    if let Some(last) = last {
        report.anchor(last.change.at, format!("the last change ({})", last.change.id));
    }
    let mut table = Section::new("changes");
    let mut columns = vec![Column::time("at"), Column::plain("event")];
    let has_handlers = found.steps.iter().any(|step| step.change.handler.is_some());
    if has_handlers {
        columns.push(Column::plain("handler"));
    }
    match path {
        Some(_) => columns.extend([Column::plain("from"), Column::plain("to")]),
        None => columns.push(Column::plain("change")),
    }
    columns.extend(["message", "sender", "sent_at", "callback", "pid"].map(Column::plain));
    table.columns(&columns);
    for step in &found.steps {
        let change = &step.change;
        let mut row = vec![Cell::At(change.at), Cell::Event(change.id.clone())];
        if has_handlers {
            row.push(Cell::text(tell::handler(change).as_deref()));
        }
        match &step.values {
            Some((from, to)) => {
                let first = if change.old.is_none() { change.no_old() } else { "(absent)" };
                let shown = |value: &Option<String>, other: &str| {
                    Cell::Text(value.as_deref().map_or_else(|| other.to_owned(), |value| brief(value, 150)))
                };
                row.extend([shown(from, first), shown(to, "(absent)")]);
            }
            None => row.push(tell::changed(step).into()),
        }
        row.extend([
            Cell::Text(brief(&change.trigger(), 100)),
            step.sender.as_ref().map_or(Cell::Empty, |sender| Cell::Text(sender.to_string())),
            change.sent_at(ask).map_or(Cell::Empty, Cell::Text),
            Cell::Text(change.callback.clone()),
            Cell::Text(change.pid.clone()),
        ]);
        table.row(row);
    }
    report.section(table);
    if found.steps.iter().any(|step| is_cut(&step.change.new)) {
        report.note(tell::CUT);
    }
    if found.source == Source::Callbacks {
        report.note(tell::FROM_CALLBACKS);
    }
    if let Some(note) = tell::more(found) {
        report.note(note);
    }
    for exit in &found.ends {
        report.note(tell::has_ended(exit, last.map(|last| last.change.at)));
    }
    if let Some(last) = last {
        report.next("explain", json!({ "target": last.change.id }), "what led to the last change");
    }
    report
}
