//! What became of each message?

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::find_anomalies::frame;
use crate::analysis::flow::{Only, Parties, repeats, select};
use crate::analysis::ledger::{Kind, Ledger, Message, MessageId, ProcessId, bare, gather};
use crate::analysis::traffic::{Answer as Reply, Fate, Traffic};
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::message_flow as tell;
use crate::watch::Watch;
use crate::{Error, ErrorKind, EventStore, Filter};

pub(crate) struct MessageFlow;

/// Messages told; the rest are counted.
const MAX_ROWS: usize = 500;

/// Arrows of a picture somebody can still read.
const MAX_ARROWS: usize = 80;

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnlyArg {
    Lost,
    Unanswered,
    Slow,
    Late,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum FormatArg {
    #[default]
    Table,
    Mermaid,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Two pids or names, either way.
    #[serde(default)]
    between: Option<Vec<String>>,
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: Option<String>,
    #[serde(flatten)]
    whose: NodeArg,
    /// lost: to nobody, or its process ended first; slow: ten times the usual; late: the caller had given up.
    only: Option<OnlyArg>,
    /// Default table.
    format: Option<FormatArg>,
    /// Recording.
    session_id: Option<String>,
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for MessageFlow {
    const NAME: &'static str = "message_flow";
    const TITLE: &'static str = "Life of messages";
    const DESCRIPTION: &'static str = "Messages: sender, call site, receiver, time queued, callback, \
        answer, or lost and why.";
    const EXAMPLE: &'static str = r#"{"only":"lost"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let (since, until) = args.span.read()?;
        let filter = Filter { since, until, session_id: args.session_id, ..Filter::default() };
        let between = match args.between.as_deref() {
            None => None,
            Some([a, b]) => Some((a.clone(), b.clone())),
            Some(other) => {
                return Err(Error::invalid(format!(
                    "between: got {} processes; give two, such as [\"Account\", \"<0.120.0>\"]",
                    other.len()
                )));
            }
        };
        let ledger = gather(store, filter, watch)?;
        let of = |argument: &str, name: &str| {
            let found = ledger.asked(argument, name, None).or_else(|error| match args.whose.node.as_deref() {
                Some(node) if error.kind() == ErrorKind::Invalid => ledger.asked(argument, name, Some(node)),
                _ => Err(error),
            });
            found.map(|found| found.into_iter().collect::<BTreeSet<ProcessId>>())
        };
        let parties = Parties {
            any: args.pid.map(|pid| of("pid", &pid)).transpose()?.unwrap_or_default(),
            between: match between {
                Some((a, b)) => Some((of("between[0]", &a)?, of("between[1]", &b)?)),
                None => None,
            },
        };
        let only = args.only.map(|only| match only {
            OnlyArg::Lost => Only::Lost,
            OnlyArg::Unanswered => Only::Unanswered,
            OnlyArg::Slow => Only::Slow,
            OnlyArg::Late => Only::Late,
        });
        let traffic = Traffic::new(&ledger);
        let found = select(&traffic, &parties, only);
        let report = report(&traffic, &found, only, args.format.unwrap_or_default());
        Ok(report.answer(args.budget.bytes()))
    }
}

fn report(traffic: &Traffic<'_>, found: &[MessageId], only: Option<Only>, format: FormatArg) -> Report {
    let ledger = traffic.ledger;
    let mut report = Report::new(tell::head(found.len(), only, sent(ledger)));
    frame(&mut report, ledger);
    match format {
        _ if found.is_empty() => {}
        FormatArg::Table => _ = report.section(table(traffic, found)),
        FormatArg::Mermaid => _ = report.section(diagram(traffic, found)),
    }
    if let Some(note) = tell::unseen(ledger) {
        report.note(note);
    }
    if let Some(first) = found.first() {
        let first = ledger.message(*first);
        report.next(
            "call_tree",
            json!({"event_id": ledger.text(first.event)}),
            "what the first one set off, and what led to it",
        );
    }
    report
}

fn sent(ledger: &Ledger) -> usize {
    (0..).zip(&ledger.messages).filter(|(id, one)| one.answers.is_none() || repeats(ledger, *id).is_some()).count()
}

fn party(ledger: &Ledger, process: Option<ProcessId>, message: &Message) -> String {
    match (process, message.name) {
        (Some(process), _) => ledger.label(process),
        (None, Some(name)) => bare(ledger.text(name)).to_owned(),
        (None, None) => "?".to_owned(),
    }
}

fn sender(ledger: &Ledger, message: &Message) -> String {
    message.sender.map_or_else(|| "?".to_owned(), |sender| ledger.label(sender))
}

fn table(traffic: &Traffic<'_>, found: &[MessageId]) -> Section {
    let ledger = traffic.ledger;
    let mut section = Section::new("messages");
    // Of one node, being sent and being there are one.
    let is_across = found.iter().any(|id| ledger.message(*id).is_across());
    let mut columns = vec![
        Column::time("t"),
        Column::plain("from"),
        Column::plain("to"),
        Column::plain("kind"),
        Column::plain("message"),
        Column::time("queued"),
        Column::plain("handled_by"),
        Column::time("handling"),
        Column::plain("outcome"),
        Column::plain("sent_at"),
        Column::plain("event"),
    ];
    if is_across {
        columns.push(Column::time("received"));
    }
    section.columns(&columns);
    section.keep(3);
    for id in found.iter().take(MAX_ROWS) {
        let message = ledger.message(*id);
        let call = message.handled.map(|call| ledger.call(call));
        let mut cells = vec![
            Cell::At(message.sent.at),
            sender(ledger, message).into(),
            party(ledger, message.receiver, message).into(),
            message.kind.name().into(),
            traffic.content(message, 80).into(),
            Cell::duration(traffic.queued(message)),
            Cell::text(call.map(|call| ledger.text(call.function))),
            Cell::duration(call.and_then(|call| call.duration)),
            tell::outcome(traffic, *id).into(),
            traffic.place(message).to_string().into(),
            Cell::Event(ledger.text(message.event).to_owned()),
        ];
        if is_across {
            cells.push(message.received.map_or(Cell::Empty, |moment| Cell::At(moment.at)));
        }
        section.row(cells);
    }
    section.beyond(found.len().saturating_sub(MAX_ROWS) as u64);
    section
}

fn diagram(traffic: &Traffic<'_>, found: &[MessageId]) -> Section {
    let ledger = traffic.ledger;
    let shown = &found[..found.len().min(MAX_ARROWS)];
    // Arrows in the order of time: sends, and the replies to them.
    let mut arrows: Vec<(crate::analysis::ledger::Moment, String, &'static str, String, String)> = Vec::new();
    for id in shown {
        let message = ledger.message(*id);
        let (from, to) = (sender(ledger, message), party(ledger, message.receiver, message));
        let is_lost = matches!(traffic.fate(message), Fate::NoProcess | Fate::NoName | Fate::DiedWith);
        let arrow = match (is_lost, message.kind) {
            (true, _) => "-x",
            (false, Kind::Call) => "->>",
            (false, _) => "-)",
        };
        let note = if is_lost { " (lost)" } else { "" };
        arrows.push((message.sent, from.clone(), arrow, to.clone(), format!("{}{note}", traffic.content(message, 60))));
        if let Some(reply) = message.reply.map(|reply| ledger.message(reply)) {
            let late = if matches!(traffic.answer(message), Reply::Late(_)) { " (late)" } else { "" };
            arrows.push((reply.sent, to, "-->>", from, format!("{}{late}", traffic.content(reply, 60))));
        }
    }
    arrows.sort();
    let mut names: Vec<&str> = Vec::new();
    for (_, from, _, to, _) in &arrows {
        for name in [from, to] {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    let number = |name: &str| names.iter().position(|known| *known == name).unwrap_or_default();
    let mut section = Section::new("mermaid");
    section.line("sequenceDiagram");
    for (at, name) in names.iter().enumerate() {
        section.line(format!("  participant P{at} as {}", plain(name)));
    }
    for (_, from, arrow, to, what) in &arrows {
        section.line(format!("  P{}{arrow}P{}: {}", number(from), number(to), plain(what)));
    }
    section.beyond(found.len().saturating_sub(MAX_ARROWS) as u64);
    section
}

/// A text without the characters that end a statement or begin markup in a diagram.
fn plain(text: &str) -> String {
    let plain = |c: char| match c {
        ';' | '\n' | '\r' => ' ',
        '#' => '/',
        '<' => '(',
        '>' => ')',
        c => c,
    };
    text.chars().map(plain).collect()
}
