//! The state of a process at a time.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::analysis::ask::Ask;
use crate::analysis::change::StateChange;
use crate::analysis::known_at::Known;
use crate::analysis::state::{Moment, Question, StateAt, state_at};
use crate::analysis::value::is_cut;
use crate::analysis::value::path::Path;
use crate::analysis::who::Names;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, TimeArg};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::query::MAX_LIMIT;
use crate::tell::state_at::{self as tell, As};
use crate::tell::state_history::differs;
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct StateAtTool;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: String,
    #[serde(flatten)]
    whose: NodeArg,
    /// Time or event id; default: its node's newest.
    at: Option<TimeArg>,
    /// Only a part: cart.total, items[0].
    path: Option<String>,
    /// Like at: what differs from then.
    diff_with: Option<TimeArg>,
    #[serde(flatten)]
    budget: BudgetArgs,
}

/// A time, or else the id of an event.
fn moment(time: &TimeArg) -> Moment {
    time.read("at").map_or_else(|_| Moment::Event(time.text().to_owned()), Moment::Time)
}

impl Tool for StateAtTool {
    const NAME: &'static str = "state_at";
    const TITLE: &'static str = "State at a time";
    const DESCRIPTION: &'static str = "The state of a GenServer, gen_statem, gen_event handler, GenStage, \
        channel or live view at a time, and what set it (callback, message, sender, call site).";
    const EXAMPLE: &'static str = r#"{"pid":"<0.125.0>","at":"-1ms","path":"balance"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let ask = Ask::new(store, watch);
        let question = Question {
            pid: args.pid,
            node: args.whose.node,
            at: args.at.as_ref().map(moment),
            path: args.path.as_deref().map(Path::read).transpose()?,
            diff_with: args.diff_with.as_ref().map(moment),
        };
        let found = state_at(&ask, &question)?;
        let mut report = report(&ask, &found, question.path.as_ref())?;
        report.gaps(&ask.gaps());
        if let Known::Unknown { unknown, .. } = &found.known {
            let (since, until) = (unknown.since.min(found.at), unknown.since.max(found.at));
            report.losses(&store.losses(since, until, None, MAX_LIMIT)?.first);
        }
        Ok(report.answer(args.budget.bytes()))
    }
}

/// The handlers, each with its state.
fn handlers(found: &StateAt) -> Section {
    let mut section = Section::new("handlers");
    for handler in &found.handlers {
        section.line(tell::handler(handler, found.at, 2_000));
    }
    section
}

fn report(ask: &Ask<'_>, found: &StateAt, path: Option<&Path>) -> Result<Report, Error> {
    let names = Names::new(ask);
    let value = tell::value(found);
    let is_manager = matches!(found.known, Known::Handlers);
    let is_lost = found.known.is_unknown() || is_manager;
    let mut report = Report::new(tell::head(found, path));
    report.anchor(found.at, "the moment asked for");
    if !is_lost && is_cut(value) {
        report.note(tell::CUT);
    }
    if value.len() > 300 && !is_lost {
        let mut whole = Section::new("value");
        whole.line(value).keep(0);
        report.section(whole);
    }
    if is_manager {
        report.section(handlers(found));
        report.note(tell::HANDLERS);
    }
    let mut history = Section::new("changes");
    let describe = |change: &StateChange, section: &mut Section, what: As| -> Result<(), Error> {
        let sender = names.maybe(change.sender.as_deref())?;
        let one = tell::Change { change, sender, site: change.sent_at(ask) };
        section.line(tell::change(&one, what, found.at));
        Ok(())
    };
    if let Some(change) = &found.part_set_by {
        describe(change, &mut history, As::SetPart)?;
    }
    if let Some(note) = tell::taken_from(&found.known) {
        report.note(note);
    }
    match &found.known {
        Known::SetBy(change) => describe(change, &mut history, As::Set)?,
        Known::Replaced(change) => describe(change, &mut history, As::Replaced)?,
        Known::CalledWith(_) | Known::Handlers => {}
        Known::Unknown { last, .. } => match last.as_deref() {
            Some(Known::SetBy(change)) => describe(change, &mut history, As::LastKnown)?,
            Some(Known::CalledWith(entry)) => _ = history.line(tell::last_called_with(found, entry)),
            _ => {}
        },
    }
    if let (Some(next), Known::SetBy(_) | Known::Unknown { .. }) = (&found.next, &found.known) {
        describe(next, &mut history, As::Next)?;
    }
    history.keep(2);
    report.section(history);
    if let Some((other, differences)) = &found.difference {
        let mut section = Section::new("difference");
        section.fact("from", Cell::At(*other)).fact("differences", differences.len());
        for difference in differences {
            section.line(differs(difference));
        }
        report.section(section);
    }
    if let Some(running) = &found.running {
        report.note(tell::running(running));
    }
    if let Some(exit) = &found.ended {
        report.note(tell::has_ended(found, exit));
    }
    if let Some(note) = tell::others(found) {
        report.note(note);
    }
    let mut arguments = json!({ "pid": found.who.short() });
    if let Some(path) = path {
        arguments["path"] = path.text().into();
    }
    report.next("state_history", arguments, "every change");
    if let Known::SetBy(change) = &found.known {
        report.next("explain", json!({ "target": change.id }), "what led to the last change");
    }
    Ok(report)
}
