//! How long was a mailbox, and how long did messages wait in it?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::find_anomalies::frame;
use crate::analysis::ledger::{Ledger, ProcessId, gather};
use crate::analysis::mailbox::{Mailbox as Box_, Measure, Stay, buckets, by_receiver};
use crate::analysis::spread::percentile;
use crate::analysis::traffic::Traffic;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, NodeArg, SpanArgs};
use crate::mcp::cost::{ANALYSIS_BYTES, Cost};
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::tell::mailbox as tell;
use crate::watch::Watch;
use crate::{Error, EventStore, Filter};

pub(crate) struct Mailbox;

/// Rows unless a bucket is asked for.
const USUAL_ROWS: i64 = 20;

/// Most rows.
const MAX_ROWS: i64 = 2_000;

/// Processes of one name that are told.
const MAX_PROCESSES: usize = 3;

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(extend("required" = ["pid"]))]
pub(crate) struct Args {
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: String,
    #[serde(flatten)]
    whose: NodeArg,
    /// Of a row, 10ms; default a twentieth of the span.
    bucket: Option<String>,
    #[serde(flatten)]
    span: SpanArgs,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for Mailbox {
    const NAME: &'static str = "mailbox";
    const TITLE: &'static str = "Mailbox over time";
    const DESCRIPTION: &'static str = "Length of a mailbox over time, how long messages waited, and where its \
        process's time went.";
    const EXAMPLE: &'static str = r#"{"pid":"<0.120.0>","bucket":"1ms"}"#;
    const EFFECT: Effect = Effect::Reads;
    const COST: Cost = Cost::All(ANALYSIS_BYTES);

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let bucket = args.bucket.as_deref().map(read_bucket).transpose()?;
        let (since, until) = args.span.read()?;
        let ledger = gather(store, Filter { since, until, ..Filter::default() }, watch)?;
        let processes = ledger.asked("pid", &args.pid, args.whose.node.as_deref())?;
        report(&ledger, &processes, bucket).map(|report| report.answer(args.budget.bytes()))
    }
}

fn read_bucket(text: &str) -> Result<i64, Error> {
    let problem =
        || Error::invalid(format!("bucket: got {text:?}; expected a length of time such as \"10ms\" or \"1s\""));
    let length = humantime::parse_duration(text.trim()).map_err(|_| problem())?;
    i64::try_from(length.as_nanos()).ok().filter(|ns| *ns > 0).ok_or_else(problem)
}

fn report(ledger: &Ledger, processes: &[ProcessId], bucket: Option<i64>) -> Result<Report, Error> {
    let traffic = Traffic::new(ledger);
    let messages = by_receiver(&traffic);
    let mut busiest = processes.to_vec();
    busiest.sort_by_key(|id| (std::cmp::Reverse(messages[*id as usize].len()), *id));
    let boxes: Vec<(ProcessId, Box_<'_>)> =
        busiest.iter().take(MAX_PROCESSES).map(|id| (*id, Box_::new(&traffic, *id, &messages[*id as usize]))).collect();
    let (first, mailbox) = &boxes[0];
    let peak = mailbox.peak();
    let longest = mailbox.stays.iter().filter_map(Stay::waited).max();
    let mut report = Report::new(tell::head(ledger, *first, mailbox));
    frame(&mut report, ledger);
    if mailbox.measure != Measure::Unknown && (longest.is_some() || mailbox.stays.is_empty()) {
        report.fact("longest_wait", Cell::duration(longest));
    }
    if let Some(peak) = peak {
        report.fact("peak_at", Cell::At(peak.moment.at));
    }
    let waiting = mailbox.stays.iter().filter(|stay| stay.until.is_none()).count();
    if mailbox.is_whole() {
        report.fact("still_waiting", waiting);
    } else {
        report.fact("still_waiting", "unknown");
    }
    for (id, mailbox) in &boxes {
        report.section(over_time(ledger, *id, mailbox, bucket, boxes.len() > 1)?);
    }
    report.section(handlers(ledger, mailbox));
    if let Some(note) = tell::measure(&traffic, *first, mailbox) {
        report.note(note);
    }
    if let Some(note) = tell::unknown(mailbox) {
        report.note(note);
    }
    if processes.len() > boxes.len() {
        report.note(tell::others(processes.len() - boxes.len()));
    }
    report.next("message_flow", json!({"pid": ledger.text(ledger.process(*first).pid)}), "each message with its fate");
    Ok(report)
}

fn over_time(
    ledger: &Ledger,
    id: ProcessId,
    mailbox: &Box_<'_>,
    bucket: Option<i64>,
    is_one_of_several: bool,
) -> Result<Section, Error> {
    let mut section = Section::new("over time");
    if is_one_of_several {
        section.fact("process", ledger.full_label(id));
    }
    section.columns(&[
        Column::time("t"),
        Column::plain("came"),
        Column::plain("taken"),
        Column::plain("length"),
        Column::plain("longest"),
        Column::time("wait_p50"),
        Column::time("wait_max"),
        Column::plain("measured"),
    ]);
    let since = mailbox.stays.iter().map(|stay| stay.from.at).min();
    let samples: Vec<_> = ledger.samples.iter().filter(|sample| sample.process == id).collect();
    let since = since.into_iter().chain(samples.iter().map(|sample| sample.moment.at)).min();
    let ends = mailbox.stays.iter().map(|stay| stay.until.unwrap_or(stay.from).at);
    let until = ends.chain(samples.iter().map(|sample| sample.moment.at)).max();
    let (Some(since), Some(until)) = (since, until) else { return Ok(section) };
    let whole = until.saturating_sub(since).max(1);
    let width = bucket.unwrap_or_else(|| round(whole / USUAL_ROWS));
    if whole / width >= MAX_ROWS {
        return Err(Error::invalid(format!(
            "bucket: {} rows; at most {MAX_ROWS}, give a longer one or a shorter span of time",
            whole / width
        )));
    }
    section.fact("bucket", Cell::Duration(width)).keep(3);
    let mut rows = buckets(mailbox, since, until, width);
    for sample in samples {
        let at = (sample.moment.at.saturating_sub(since) / width) as usize;
        if let Some(row) = rows.get_mut(at) {
            row.sampled = row.sampled.max(Some(sample.length));
        }
    }
    let is_known = mailbox.measure != Measure::Unknown;
    let known = |length: usize| if is_known { length.into() } else { Cell::Empty };
    for row in rows.iter().filter(|row| row.came + row.went > 0 || row.length > 0 || row.sampled.is_some()) {
        section.row(vec![
            Cell::At(row.since),
            row.came.into(),
            row.went.into(),
            known(row.length),
            known(row.longest),
            Cell::duration(percentile(&row.waits, 50)),
            Cell::duration(row.waits.last().copied()),
            row.sampled.map_or(Cell::Empty, Cell::Count),
        ]);
    }
    Ok(section)
}

/// The next of 1, 2, 5, 10, 20, 50, ...
fn round(ns: i64) -> i64 {
    let mut unit: i64 = 1;
    while unit <= i64::MAX / 100 && unit * 10 <= ns {
        unit *= 10;
    }
    [1, 2, 5, 10].into_iter().map(|step| step * unit).find(|step| *step > ns).unwrap_or(ns.max(1))
}

/// What the process's time went to, callback by callback.
fn handlers(ledger: &Ledger, mailbox: &Box_<'_>) -> Section {
    let mut all: BTreeMap<&str, (usize, Vec<i64>, Vec<i64>)> = BTreeMap::new();
    for stay in &mailbox.stays {
        let Some(call) = stay.call else { continue };
        let (n, took, waited) = all.entry(ledger.text(call.function)).or_default();
        *n += 1;
        took.extend(call.duration);
        waited.extend(stay.waited());
    }
    let mut section = Section::new("handled by");
    section.columns(&[
        Column::plain("callback"),
        Column::plain("n"),
        Column::time("total"),
        Column::time("p50"),
        Column::time("max"),
        Column::time("wait_p50"),
        Column::time("wait_max"),
    ]);
    let mut rows: Vec<_> = all.into_iter().collect();
    rows.sort_by_key(|(name, (_, took, _))| (std::cmp::Reverse(sum(took)), *name));
    for (name, (n, mut took, mut waited)) in rows {
        took.sort_unstable();
        waited.sort_unstable();
        section.row(vec![
            name.into(),
            n.into(),
            Cell::Duration(sum(&took)),
            Cell::duration(percentile(&took, 50)),
            Cell::duration(took.last().copied()),
            Cell::duration(percentile(&waited, 50)),
            Cell::duration(waited.last().copied()),
        ]);
    }
    section
}

fn sum(times: &[i64]) -> i64 {
    times.iter().copied().fold(0, i64::saturating_add)
}
