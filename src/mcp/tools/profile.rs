//! Where does the time go?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::analysis::aggregate::{Group, Groups, Outliers, Question, aggregate};
use crate::analysis::nodes::process_of;
use crate::analysis::spread::percentile;
use crate::analysis::{Dimension, event_at};
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, FilterArgs, group};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::labels::spoken;
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::query::Field;
use crate::tell::{grouped, profile as tell};
use crate::watch::Watch;
use crate::{Error, EventStore, StoredEvent};

/// Groups shown unless asked otherwise.
const USUAL_GROUPS: usize = 15;

/// The column that is there only where one group has such a bound.
const BOUND: &str = "maybe_waited";

/// Outliers shown.
const OUTLIERS: usize = 5;

pub(crate) struct Profile;

/// What calls are grouped by.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    #[default]
    Function,
    CallSite,
    AstNode,
    Process,
    Message,
}

/// What groups are sorted by.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    #[default]
    #[serde(rename = "self")]
    Own,
    Total,
    Waited,
    Calls,
    P95,
    Max,
}

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// Default function. call_site: line of the caller; message: what a callback handled.
    by: Option<By>,
    #[serde(flatten)]
    filter: FilterArgs,
    /// Default self.
    sort: Option<Sort>,
    /// Into the function around; default true.
    fold_anonymous: Option<bool>,
    /// Default 15.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl By {
    fn dimensions(self, folds: bool) -> Vec<Dimension> {
        let function = if folds { Dimension::FoldedFunction } else { Dimension::Function };
        match self {
            Self::Function => vec![function],
            Self::CallSite => vec![Dimension::Text(Field::AstNode), Dimension::Function],
            Self::AstNode => vec![Dimension::Text(Field::AstNode)],
            Self::Process => vec![Dimension::Text(Field::Pid)],
            Self::Message => vec![Dimension::Handled],
        }
    }

    const fn singular(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::CallSite => "call site",
            Self::AstNode => "place in the source",
            Self::Process => "process",
            Self::Message => "kind of message",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Self::Function => "functions",
            Self::CallSite => "call sites",
            Self::AstNode => "places in the source",
            Self::Process => "processes",
            Self::Message => "kinds of message",
        }
    }
}

impl Tool for Profile {
    const NAME: &'static str = "profile";
    const TITLE: &'static str = "Profile";
    const DESCRIPTION: &'static str = "Where the time went: calls, total, self (neither in calls inside nor waiting), \
        exact percentiles, the slowest call; then calls far from their median.";
    const EXAMPLE: &'static str = r#"{"by":"function","since_timestamp":"-5s","limit":10}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let by = args.by.unwrap_or_default();
        let question = Question {
            filter: args.filter.read()?,
            group_by: by.dimensions(args.fold_anonymous.unwrap_or(true)),
            calls_only: true,
            keep_durations: true,
            nest: true,
            count_untimed: true,
            ..Question::default()
        };
        let mut groups = aggregate(store, &question, watch)?;
        sort(&mut groups.groups, args.sort.unwrap_or_default());
        let shown = args.limit.unwrap_or(USUAL_GROUPS);
        let report = report(store, &groups, by, &question.group_by, shown, watch)?;
        Ok(report.answer(args.budget.bytes()))
    }
}

fn sort(groups: &mut [Group], by: Sort) {
    let figure = |group: &Group| match by {
        Sort::Own => group.own,
        Sort::Total => group.total,
        Sort::Waited => group.waited,
        Sort::Calls => (group.count + group.folded) as i64,
        Sort::P95 => percentile(&group.durations, 95).unwrap_or_default(),
        Sort::Max => group.max.unwrap_or_default(),
    };
    groups.sort_by(|a, b| figure(b).cmp(&figure(a)).then_with(|| a.labels.cmp(&b.labels)));
}

fn report(
    store: &EventStore,
    found: &Groups,
    by: By,
    group_by: &[Dimension],
    limit: usize,
    watch: &dyn Watch,
) -> Result<Report, Error> {
    let Groups { groups, visit, span, left_out, overlaps, is_waiting_unknown, untimed } = found;
    let t0 = span.map(|(first, _)| first);
    let calls: u64 = found.events();
    let all = tell::own(groups);
    let mut report = Report::new(tell::head(found, [by.singular(), by.plural()], |labels| spoken(labels, t0)));
    report.fact("span", Cell::Duration(span.map_or(0, |(first, last)| last.saturating_sub(first))));
    report.over(store, visit, watch)?;

    let mut section = Section::new(by.plural());
    let has_bounds = groups.iter().any(|group| group.may_have_waited > 0);
    let figures = ["calls", "total", "self", "share", "waited", BOUND].into_iter();
    let figures = figures.chain(["p50", "p95", "p99", "max", "slowest"]).filter(|name| has_bounds || *name != BOUND);
    let figures = figures.map(|name| match name {
        "calls" | "share" | "slowest" => Column::plain(name),
        name => Column::time(name),
    });
    let columns: Vec<Column> =
        group_by.iter().map(group::column).chain(figures).chain([Column::plain("anonymous")]).collect();
    section.columns(&columns);
    for group in groups.iter().take(limit) {
        let slowest = match group.slowest {
            Some(key) => event_at(store, key, watch)?.map(|event| event.event_id().to_owned()),
            None => None,
        };
        let percent = |percent| Cell::duration(percentile(&group.durations, percent));
        let folded = if group.folded > 0 { Cell::Count(group.folded) } else { Cell::Empty };
        let waiting = |ns| if ns == 0 { Cell::Empty } else { Cell::Duration(ns) };
        let mut figures = vec![
            Cell::Count(group.count),
            Cell::Duration(group.total),
            Cell::Duration(group.own),
            Cell::Share(tell::part(group, all)),
            waiting(group.waited),
        ];
        figures.extend(has_bounds.then(|| waiting(group.may_have_waited)));
        figures.extend([
            percent(50),
            percent(95),
            percent(99),
            Cell::duration(group.max),
            slowest.map_or(Cell::Empty, Cell::Event),
            folded,
        ]);
        section.row(group.labels.iter().map(Cell::from).chain(figures).collect());
    }
    if groups.len() > limit {
        let rest = groups[limit..].iter().fold(0, |sum: i64, group| sum.saturating_add(group.own));
        section.beyond((groups.len() - limit) as u64).fact("self_of_groups_not_shown", Cell::Duration(rest));
    }
    report.section(section);
    let slowest = outliers(store, groups, by, watch, &mut report)?;
    for note in grouped::overlaps(*overlaps).into_iter().chain(grouped::untimed(*untimed)) {
        report.note(note);
    }
    if has_bounds {
        report.note(grouped::BOUND);
    }
    if *is_waiting_unknown && calls > 0 {
        report.note(grouped::UNHEARD);
    }
    if calls == 0 && *left_out > 0 {
        report.note(tell::no_calls(*left_out, by == By::Message));
    }
    if let Some(event) = slowest {
        suggest(store, &mut report, &event);
    }
    Ok(report)
}

/// Calls far above the median of their group: a section, and the worst of them.
fn outliers(
    store: &EventStore,
    groups: &[Group],
    by: By,
    watch: &dyn Watch,
    report: &mut Report,
) -> Result<Option<StoredEvent>, Error> {
    let mut out: Vec<(i64, &Group)> = Vec::new();
    // Calls of one process are of many functions: their median says nothing of any of them.
    let comparable = if by == By::Process { &[] } else { groups };
    for group in comparable {
        if let Some((own, _)) = group.outliers.slowest {
            out.push((own - group.outliers.median, group));
        }
    }
    out.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.labels.cmp(&b.1.labels)));
    if out.is_empty() {
        return Ok(None);
    }
    let mut section = Section::new("outliers");
    section.fact("above", tell::outliers()).columns(&[
        Column::plain(match by {
            By::Function => "function",
            _ => "group",
        }),
        Column::plain("outliers"),
        Column::time("median_self"),
        Column::time("slowest_self"),
        Column::plain("times"),
        Column::plain("event"),
        Column::plain("pid"),
        Column::plain("site"),
    ]);
    let mut worst = None;
    for (_, group) in out.iter().take(OUTLIERS) {
        let Outliers { calls, median, slowest } = group.outliers;
        let Some((own, key)) = slowest else { continue };
        let event = event_at(store, key, watch)?;
        let text = |of: fn(&StoredEvent) -> Option<&str>| Cell::text(event.as_ref().and_then(of));
        section.row(vec![
            spoken(&group.labels, None).into(),
            Cell::Count(calls),
            Cell::Duration(median),
            Cell::Duration(own),
            Cell::Number((own as f64 / median.max(1) as f64).round()),
            event.as_ref().map_or(Cell::Empty, |event| Cell::Event(event.event_id().to_owned())),
            Cell::text(event.as_ref().and_then(|event| process_of(store, event)).as_deref()),
            if by == By::CallSite { Cell::Empty } else { text(StoredEvent::ast_node_id) },
        ]);
        worst = worst.or(event);
    }
    section.beyond(out.len().saturating_sub(OUTLIERS) as u64);
    report.section(section);
    Ok(worst)
}

/// What to ask about a call that stands out.
fn suggest(store: &EventStore, report: &mut Report, event: &StoredEvent) {
    let start = event.timestamp().saturating_sub(event.duration_ns().unwrap_or_default());
    if let Some(pid) = process_of(store, event) {
        let inside = json!({"pid": pid, "since_timestamp": start, "until_timestamp": event.timestamp()});
        report.next("profile", inside, tell::meanwhile(event.event_id()));
    }
    report.next("find_events_around", json!({"event_id": event.event_id()}), "what led to it");
}
