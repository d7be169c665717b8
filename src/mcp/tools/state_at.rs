//! The state of a process at a time.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::analysis::ask::Ask;
use crate::analysis::change::StateChange;
use crate::analysis::handlers::HandlerState;
use crate::analysis::known_at::Known;
use crate::analysis::state::{Moment, Question, StateAt, state_at};
use crate::analysis::story::calls::call;
use crate::analysis::value::brief::brief;
use crate::analysis::value::is_cut;
use crate::analysis::value::path::Path;
use crate::analysis::who::Names;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, TimeArg};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::unknown;
use crate::watch::Watch;
use crate::{Error, EventStore};

pub(crate) struct StateAtTool;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: String,
    #[serde(flatten)]
    whose: NodeArg,
    /// Time or event id; default: newest.
    at: Option<TimeArg>,
    /// Only this part: cart.total, items[0].
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
    const DESCRIPTION: &'static str = "The exact state of a GenServer, gen_statem, gen_event handler, GenStage, \
        channel or live view at a time, and the change that set it (callback, message, sender, call site).";
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
        Ok(report.answer(args.budget.bytes()))
    }
}

/// What the state was, or since when it is unknown.
fn headline(found: &StateAt, part: &str, value: &str) -> String {
    if matches!(found.known, Known::Handlers) {
        let states: Vec<String> = found.handlers.iter().map(|handler| told(handler, found.at, 150)).collect();
        return match &states[..] {
            [] => format!("{part}{}: an event manager; no handler of it is known to have been there", found.who),
            _ => format!("{part}{}: each handler has a state of its own; {}", found.who, states.join("; ")),
        };
    }
    let Known::Unknown { unknown, .. } = &found.known else {
        return format!("{part}{} was {}", found.who, brief(value, 300));
    };
    let since = Cell::At(unknown.since).shown(Some(found.at));
    format!("{part}{} is unknown since {since}: {} ({})", found.who, unknown::why(unknown.why), unknown.event)
}

/// A handler's state, or since when it is unknown.
fn told(HandlerState { handler, known, state }: &HandlerState, at: i64, width: usize) -> String {
    let Known::Unknown { unknown, .. } = known else { return format!("{handler} was {}", brief(state, width)) };
    let since = Cell::At(unknown.since).shown(Some(at));
    format!("{handler} is unknown since {since}: {} ({})", unknown::why(unknown.why), unknown.event)
}

/// What the states of handlers rest on.
const HANDLERS: &str = "as their callbacks told: a handler without terminate/2 that was deleted is not seen to go; of \
    several handlers of one module, # counts as they came, their ids are not recorded";

/// The handlers, each with its state.
fn handlers(found: &StateAt) -> Section {
    let mut section = Section::new("handlers");
    for handler in &found.handlers {
        section.line(told(handler, found.at, 2_000));
    }
    section
}

fn report(ask: &Ask<'_>, found: &StateAt, path: Option<&Path>) -> Result<Report, Error> {
    let names = Names::new(ask);
    let part = path.map(|path| format!("{} of ", path.text())).unwrap_or_default();
    let value = found.value.as_deref().unwrap_or("(absent)");
    let is_manager = matches!(found.known, Known::Handlers);
    let is_lost = found.known.is_unknown() || is_manager;
    let mut report = Report::new(headline(found, &part, value));
    report.anchor(found.at, "the moment asked for");
    if !is_lost && is_cut(value) {
        report.note("parts of it were cut when recorded: what they held, and whether they changed, is unknown");
    }
    if value.len() > 300 && !is_lost {
        let mut whole = Section::new("value");
        whole.line(value).keep(0);
        report.section(whole);
    }
    if is_manager {
        report.section(handlers(found));
        report.note(HANDLERS);
    }
    let mut history = Section::new("changes");
    let describe = |change: &StateChange, section: &mut Section, what: &str| -> Result<(), Error> {
        let sender = names.maybe(change.sender.as_deref())?.map(|sender| format!(" from {sender}")).unwrap_or_default();
        let site = change.sent_at(ask).map(|site| format!(", sent at {site}")).unwrap_or_default();
        section.line(format!(
            "{what} {} ({}) by {} in {}{sender}{site}",
            Cell::At(change.at).shown(Some(found.at)),
            change.id,
            brief(&change.trigger(), 100),
            change.callback
        ));
        Ok(())
    };
    if let Some(change) = &found.part_set_by {
        describe(change, &mut history, "this part was set")?;
    }
    match &found.known {
        Known::SetBy(change) => describe(change, &mut history, "the state was last set")?,
        Known::Replaced(change) => {
            report.note("no change before that time is recorded: this is what the first later change replaced");
            describe(change, &mut history, "it was replaced")?;
        }
        Known::CalledWith(entry) => {
            report.note(format!(
                "no change of it is recorded: this is what a callback was called with, {} ({})",
                call(entry, 60),
                entry.id()
            ));
        }
        Known::Handlers => {}
        Known::Unknown { last, .. } => match last.as_deref() {
            Some(Known::SetBy(change)) => {
                describe(change, &mut history, &format!("last known: {}, set", brief(&change.new, 100)))?;
            }
            Some(Known::CalledWith(entry)) => {
                history.line(format!("last known: {}, by {}", brief(value, 100), entry.id()));
            }
            _ => {}
        },
    }
    if let (Some(next), Known::SetBy(_) | Known::Unknown { .. }) = (&found.next, &found.known) {
        describe(next, &mut history, "next set")?;
    }
    history.keep(2);
    report.section(history);
    if let Some((other, differences)) = &found.difference {
        let mut section = Section::new("difference");
        section.fact("from", Cell::At(*other)).fact("differences", differences.len());
        for difference in differences {
            section.line(difference.clone());
        }
        report.section(section);
    }
    if let Some(running) = &found.running {
        // Without values its end may have been left out, too.
        let was =
            if running.list("args").is_empty() { "it was last called back in" } else { "at that moment it was in" };
        report.note(format!("{was} {} ({}); what that changes comes with its return", call(running, 60), running.id()));
    }
    if let Some(exit) = &found.ended {
        let reason = brief(exit.text("error").or_else(|| exit.text("exit_reason")).unwrap_or("?"), 80);
        let when = Cell::At(exit.at()).shown(Some(found.at));
        report.note(format!(
            "the process had ended by then, at {when} ({}): {reason}; this is its last state",
            exit.id()
        ));
    }
    if !found.others.is_empty() {
        let others: Vec<&str> = found.others.iter().map(|life| life.pid.as_str()).collect();
        report.note(format!("{} other processes had this name at other times: {}", others.len(), others.join(", ")));
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
