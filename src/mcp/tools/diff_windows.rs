//! What is different between two windows of time, or two sets of events?

use rmcp::model::JsonObject;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::analysis::diff::{Change, Difference, Kind, Side, Summary, Surety, difference};
use crate::analysis::{Dimension, event_at};
use crate::mcp::answer::Answer;
use crate::mcp::args::filter::applied_to;
use crate::mcp::args::filter::filter_line;
use crate::mcp::args::{BudgetArgs, FilterArgs, group};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::labels::spoken;
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::mcp::{check, schema};
use crate::query::Field;
use crate::tell::diff_windows as tell;
use crate::watch::Watch;
use crate::{Error, EventStore, Filter, Time};

/// Changes of a kind shown unless asked otherwise.
const USUAL_CHANGES: usize = 8;

pub(crate) struct DiffWindows;

/// What is compared.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    #[default]
    What,
    CallSite,
    Process,
    Message,
    EventType,
}

impl By {
    fn dimensions(self) -> Vec<Dimension> {
        match self {
            Self::What => vec![Dimension::What],
            Self::CallSite => vec![Dimension::Text(Field::AstNode), Dimension::Function],
            Self::Process => vec![Dimension::Text(Field::Pid)],
            Self::Message => vec![Dimension::Handled],
            Self::EventType => vec![Dimension::Text(Field::EventType)],
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::What => "function or event type",
            Self::CallSite => "call site",
            Self::Process => "process",
            Self::Message => "kind of message",
            Self::EventType => "event type",
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Filters of query_events, such as {"until_timestamp":"-10s"}.
    #[schemars(schema_with = "filters_schema")]
    before: JsonObject,
    /// Filters.
    #[schemars(schema_with = "filters_schema")]
    after: JsonObject,
    /// Default what: functions, event types.
    by: Option<By>,
    /// Of each kind; default 8.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
    #[serde(flatten)]
    budget: BudgetArgs,
}

fn filters_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// The filter in an argument; problems are led by its name.
fn filter(name: &str, given: JsonObject) -> Result<Filter, Error> {
    let at = |error: Error| {
        let lines = error.to_string();
        let led: Vec<String> = lines
            .lines()
            .map(|line| if line.starts_with("Known") { line.to_owned() } else { format!("{name}.{line}") })
            .collect();
        Error::invalid(led.join("\n"))
    };
    let checked = check::arguments(&schema::input::<FilterArgs>(), given).map_err(at)?;
    let args: FilterArgs =
        serde_json::from_value(Value::Object(checked)).map_err(|error| Error::invalid(format!("{name}: {error}")))?;
    args.read().map_err(at)
}

impl Tool for DiffWindows {
    const NAME: &'static str = "diff_windows";
    const TITLE: &'static str = "Compare two windows";
    const DESCRIPTION: &'static str = "What differs between two sets of events, such as two spans: appeared, vanished, \
        failing more or less, slower, faster, more or less frequent. Differences by chance are only counted.";
    const EXAMPLE: &'static str = r#"{"before":{"until_timestamp":"-10s"},"after":{"since_timestamp":"-10s"}}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let (before, after) = (filter("before", args.before)?, filter("after", args.after)?);
        if before == after {
            return Err(Error::invalid("after: the same filters as before; there is nothing to compare"));
        }
        let by = args.by.unwrap_or_default();
        let found = difference(store, before, after, &by.dimensions(), watch)?;
        let report = report(store, &found, by, args.limit.unwrap_or(USUAL_CHANGES), watch)?;
        Ok(report.answer(args.budget.bytes()))
    }
}

fn report(store: &EventStore, found: &Difference, by: By, limit: usize, watch: &dyn Watch) -> Result<Report, Error> {
    let Difference { changes, before, after, .. } = found;
    let mut report = Report::new(tell::head(found, by.noun()));
    let mut sets = Section::new("sets");
    sets.columns(&[
        Column::plain("set"),
        Column::plain("events"),
        Column::time("span"),
        Column::plain("first_timestamp"),
        Column::plain("filters"),
    ]);
    for (name, set) in [("before", before), ("after", after)] {
        sets.row(vec![
            name.into(),
            Cell::Count(set.events),
            Cell::Duration(set.length),
            set.first.map_or(Cell::Empty, |first| Cell::Text(first.to_string())),
            filter_line(&applied_to(&applied(set))).into(),
        ]);
    }
    sets.keep(2);
    report.section(sets);
    for kind in tell::KINDS {
        let of_kind: Vec<&Change> = changes.iter().filter(|change| change.kind == kind).collect();
        if !of_kind.is_empty() {
            report.section(section(store, kind, &of_kind, by, limit, watch)?);
        }
    }
    for set in [before, after] {
        report.gaps(&set.visit.gaps).losses(&crate::analysis::losses::losses(store, &set.visit, watch)?);
    }
    for note in tell::empty(found) {
        report.note(note);
    }
    if changes.iter().any(|change| change.surety == Surety::Few) {
        report.note(tell::FEW);
    }
    if let Some(change) = changes.iter().find(|change| matches!(change.kind, Kind::FailsMore | Kind::Slower)) {
        if let Some(event) = change.after.example.map(|key| event_at(store, key, watch)).transpose()?.flatten() {
            let why = tell::example(&spoken(&change.labels, None));
            report.next("find_events_around", json!({"event_id": event.event_id()}), why);
        }
    }
    Ok(report)
}

/// The filter a set was made with, its times on the events' clock.
fn applied(set: &Summary) -> Filter {
    let at = |bound: Option<i64>, asked| bound.map(Time::At).or(asked);
    let filter = set.visit.filter.clone();
    Filter { since: at(set.visit.since, filter.since), until: at(set.visit.until, filter.until), ..filter }
}

fn section(
    store: &EventStore,
    kind: Kind,
    changes: &[&Change],
    by: By,
    limit: usize,
    watch: &dyn Watch,
) -> Result<Section, Error> {
    let mut section = Section::new(tell::heading(kind));
    let mut columns: Vec<Column> = by.dimensions().iter().map(group::column).collect();
    columns.extend(["before", "after"].map(Column::plain));
    let is_of_time = matches!(kind, Kind::Slower | Kind::Faster);
    match kind {
        Kind::FailsMore | Kind::FailsLess => columns.extend(["failed_before", "failed_after"].map(Column::plain)),
        Kind::Slower | Kind::Faster => {
            columns.extend(["p50_before", "p50_after", "p95_before", "p95_after"].map(Column::time));
        }
        _ => {}
    }
    columns.extend(["example", "sure"].map(Column::plain));
    section.columns(&columns);
    for change in changes.iter().take(limit) {
        let Change { before, after, .. } = change;
        let mut row: Vec<Cell> = change.labels.iter().map(Cell::from).collect();
        row.extend([Cell::Count(before.count), Cell::Count(after.count)]);
        match kind {
            Kind::FailsMore | Kind::FailsLess => {
                row.extend([Cell::Count(before.failed), Cell::Count(after.failed)]);
            }
            _ if is_of_time => {
                let of = |side: &Side| [Cell::duration(side.p50), Cell::duration(side.p95)];
                let ([p50_before, p95_before], [p50_after, p95_after]) = (of(before), of(after));
                row.extend([p50_before, p50_after, p95_before, p95_after]);
            }
            _ => {}
        }
        // What has gone or recovered is shown where it still was.
        let example = match kind {
            Kind::Vanished | Kind::FailsLess => before.example,
            _ => after.example,
        };
        let example = example.map(|key| event_at(store, key, watch)).transpose()?.flatten();
        row.push(example.map_or(Cell::Empty, |event| Cell::Event(event.event_id().to_owned())));
        row.push(if change.surety == Surety::Clear { "clear" } else { "few" }.into());
        section.row(row);
    }
    section.beyond(changes.len().saturating_sub(limit) as u64);
    Ok(section)
}
