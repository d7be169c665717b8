//! Figures of groups of events.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::analysis::aggregate::{Group, Groups, Question, aggregate};
use crate::analysis::spread::percentile;
use crate::analysis::{Dimension, Label, MAX_DIMENSIONS};
use crate::mcp::answer::Answer;
use crate::mcp::args::group::{self, dimension};
use crate::mcp::args::{BudgetArgs, FilterArgs, effective};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::labels::spoken;
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::{aggregate as tell, grouped};
use crate::watch::Watch;
use crate::{Error, EventStore};

/// Groups shown unless asked otherwise.
const USUAL_GROUPS: usize = 20;

pub(crate) struct Aggregate;

/// A figure of a group.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Metric {
    Count,
    Sum,
    Min,
    Max,
    Mean,
    P50,
    P95,
    P99,
    Rate,
    Total,
    #[serde(rename = "self")]
    Own,
    Waited,
    MaybeWaited,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    #[serde(flatten)]
    filter: FilterArgs,
    /// 1 to 4: event_type (default), pid, function (with module and arity), module, ast_node_id, node, session_id,
    /// correlation_id, parent_id, call_id, message (its kind), a width of time (10ms), a payload member (data.exit_reason).
    group_by: Option<Vec<String>>,
    /// sum to p99: of duration_ns; rate: a second; total: in its calls; self: neither in calls inside nor waiting;
    /// waited: for replies; maybe_waited: of self, at most. Default count, sum, p50, p95, max.
    #[serde(default)]
    #[schemars(schema_with = "metrics_schema")]
    metrics: Option<Vec<Metric>>,
    /// Default: first of metrics, or time.
    sort: Option<Metric>,
    /// Default 20.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    #[serde(flatten)]
    budget: BudgetArgs,
}

fn metrics_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}

impl Metric {
    const ALL: [Self; 13] = [
        Self::Count,
        Self::Sum,
        Self::Min,
        Self::Max,
        Self::Mean,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Rate,
        Self::Total,
        Self::Own,
        Self::Waited,
        Self::MaybeWaited,
    ];

    const USUAL: [Self; 5] = [Self::Count, Self::Sum, Self::P50, Self::P95, Self::Max];

    const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Mean => "mean",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::Rate => "rate",
            Self::Total => "total",
            Self::Own => "self",
            Self::Waited => "waited",
            Self::MaybeWaited => "maybe_waited",
        }
    }

    const fn column(self) -> Column {
        match self {
            Self::Count => Column::plain(self.name()),
            Self::Rate => Column::rate(self.name()),
            _ => Column::time(self.name()),
        }
    }

    const fn is_nested(self) -> bool {
        matches!(self, Self::Total | Self::Own | Self::Waited | Self::MaybeWaited)
    }

    const fn is_of_time(self) -> bool {
        !matches!(self, Self::Count | Self::Rate)
    }

    const fn is_percentile(self) -> bool {
        matches!(self, Self::P50 | Self::P95 | Self::P99)
    }

    /// The figure of a group; nanoseconds where it is a time. `None`: no event of the group took time.
    fn of(self, group: &Group) -> Option<i64> {
        let timed = (group.timed > 0).then_some(());
        match self {
            Self::Count | Self::Rate => Some(group.count as i64),
            Self::Sum => timed.map(|()| group.sum),
            Self::Min => group.min,
            Self::Max => group.max,
            Self::Mean => timed.map(|()| group.sum / group.timed as i64),
            Self::P50 => percentile(&group.durations, 50),
            Self::P95 => percentile(&group.durations, 95),
            Self::P99 => percentile(&group.durations, 99),
            Self::Total => timed.map(|()| group.total),
            Self::Own => timed.map(|()| group.own),
            Self::Waited => timed.map(|()| group.waited),
            Self::MaybeWaited => timed.map(|()| group.may_have_waited),
        }
    }

    /// The figure as it is shown; rates are of `span` nanoseconds.
    fn cell(self, group: &Group, span: i64) -> Cell {
        match (self, self.of(group)) {
            (_, None) => Cell::Empty,
            (Self::Count, Some(count)) => Cell::Count(count as u64),
            (Self::Rate, Some(_)) if span <= 0 => Cell::Empty,
            (Self::Rate, Some(count)) => Cell::Rate(count as f64 * 1e9 / span as f64),
            (_, Some(ns)) => Cell::Duration(ns),
        }
    }
}

impl Tool for Aggregate {
    const NAME: &'static str = "aggregate";
    const TITLE: &'static str = "Aggregate events";
    const DESCRIPTION: &'static str = "Figures of groups of events: how many, how long, how often. Exact; top groups \
        first.";
    const EXAMPLE: &'static str =
        r#"{"group_by":["module","10ms"],"metrics":["count","p95"],"event_type":["function_exit"]}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let names = args.group_by.unwrap_or_else(|| vec!["event_type".to_owned()]);
        if names.is_empty() || names.len() > MAX_DIMENSIONS {
            return Err(Error::invalid(format!(
                "group_by: got {}; give one to {MAX_DIMENSIONS} fields, or leave it out for event_type",
                names.len()
            )));
        }
        let group_by = names
            .iter()
            .enumerate()
            .map(|(at, name)| dimension(name).map_err(|error| error.at(&format!("group_by[{at}]"))))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut metrics = args.metrics.filter(|metrics| !metrics.is_empty()).unwrap_or(Metric::USUAL.to_vec());
        let sort = args.sort.unwrap_or(metrics[0]);
        if !metrics.contains(&sort) {
            metrics.push(sort);
        }
        let question = Question {
            filter: args.filter.read()?,
            keep_durations: metrics.iter().any(|metric| metric.is_percentile()),
            nest: metrics.iter().any(|metric| metric.is_nested()),
            count_untimed: metrics.iter().any(|metric| metric.is_of_time()),
            group_by,
            ..Question::default()
        };
        let groups = aggregate(store, &question, watch)?;
        let is_series = args.sort.is_none() && matches!(question.group_by[..], [Dimension::Bucket(_)]);
        let shown = args.limit.unwrap_or(USUAL_GROUPS);
        let report = report(store, groups, &question, &names, &metrics, (!is_series).then_some(sort), shown, watch)?;
        Ok(report.answer(args.budget.bytes()))
    }
}

#[expect(clippy::too_many_arguments, reason = "what was asked, in its parts")]
fn report(
    store: &EventStore,
    groups: Groups,
    question: &Question,
    names: &[String],
    metrics: &[Metric],
    sort: Option<Metric>,
    limit: usize,
    watch: &dyn Watch,
) -> Result<Report, Error> {
    let Groups { groups: mut found, visit, span, overlaps, is_waiting_unknown, untimed, .. } = groups;
    let t0 = span.map(|(first, _)| first);
    found.sort_by(|a, b| {
        let figure = |group: &Group| sort.map(|sort| sort.of(group).unwrap_or(i64::MIN));
        figure(b).cmp(&figure(a)).then_with(|| a.labels.cmp(&b.labels))
    });
    let events: u64 = found.iter().map(|group| group.count).sum();
    // Where the first has no figure, no group has one.
    let first = sort.zip(found.first()).filter(|(sort, top)| sort.of(top).is_some());
    let first = first.map(|(sort, top)| tell::First {
        metric: sort.name(),
        group: spoken(&top.labels, t0),
        figure: match sort {
            Metric::Rate => tell::events(top.count),
            _ => sort.cell(top, 0).shown(t0),
        },
    });
    let mut report = Report::new(tell::head(events, found.len(), names, first.as_ref()));
    let bounds = visit.since.zip(visit.until).or(span);
    let length = bounds.map_or(0, |(first, last)| last.saturating_sub(first));
    report.fact("span", Cell::Duration(length));
    if let Some(t0) = t0.filter(|_| question.group_by.iter().any(|one| matches!(one, Dimension::Bucket(_)))) {
        report.anchor(t0, "the first matching event");
    }
    report.over(store, &visit, watch)?;
    let mut section = Section::new("groups");
    let columns: Vec<Column> =
        question.group_by.iter().map(group::column).chain(metrics.iter().map(|metric| metric.column())).collect();
    section.columns(&columns);
    for group in found.iter().take(limit) {
        // A rate within a bucket of time is that of the bucket.
        let width = question.group_by.iter().find_map(|one| match one {
            Dimension::Bucket(width) => Some(*width),
            _ => None,
        });
        let labels = group.labels.iter().map(Cell::from);
        let figures = metrics.iter().map(|metric| metric.cell(group, width.unwrap_or(length)));
        section.row(labels.chain(figures).collect());
    }
    if found.len() > limit {
        let rest: u64 = found[limit..].iter().map(|group| group.count).sum();
        section.beyond((found.len() - limit) as u64).fact("events_in_groups_not_shown", rest);
    }
    report.section(section);
    if let Some(note) = grouped::overlaps(overlaps) {
        report.note(note);
    }
    let tells = |of| metrics.contains(&of);
    if tells(Metric::MaybeWaited) {
        report.note(grouped::BOUND);
    }
    if is_waiting_unknown && (tells(Metric::Own) || tells(Metric::Waited) || tells(Metric::MaybeWaited)) {
        report.note(grouped::UNHEARD);
    }
    let visited_filter = visit.filter;
    let is_of_time = metrics.iter().any(|metric| metric.is_of_time());
    if is_of_time && found.iter().any(|group| group.timed < group.count) {
        report.note(tell::SOME_UNTIMED);
    }
    if let Some(note) = grouped::untimed(untimed).filter(|_| is_of_time) {
        report.note(note);
    }
    if let Some([Label::Text(_)]) = found.first().map(|group| &group.labels[..]) {
        if names == ["function"] {
            let mut arguments = effective(&visited_filter);
            arguments.insert("by".to_owned(), "function".into());
            report.next("profile", arguments.into(), "own time, outliers and the slowest call of each");
        }
    }
    Ok(report)
}
