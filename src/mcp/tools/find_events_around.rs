//! What happened just before and just after a moment?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::analysis::named::narrowed;
use crate::analysis::nodes::process_of;
use crate::mcp::answer::Answer;
use crate::mcp::args::{BudgetArgs, TimeArg};
use crate::mcp::page::column::Column as Shown;
use crate::mcp::report::{Cell, Column, Report, ReportReply, Section};
use crate::mcp::tool::{Effect, Tool};
use crate::store::{Neighbourhood, Place};
use crate::tell::around as tell;
use crate::watch::Watch;
use crate::{Error, ErrorKind, EventStore, Filter, Query, StoredEvent};

/// Events on each side unless asked otherwise.
const USUAL: usize = 10;

pub(crate) struct FindEventsAround;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Args {
    /// The middle; this or at.
    event_id: Option<String>,
    /// A time, -250ms.
    at: Option<TimeArg>,
    /// Default 10.
    #[schemars(range(min = 0, max = 1_000))]
    before: Option<usize>,
    /// Default 10.
    #[schemars(range(min = 0, max = 1_000))]
    after: Option<usize>,
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: Option<String>,
    /// Any of these. function_entry, message_send, process_exit; get_stats lists them.
    event_type: Option<Vec<String>>,
    #[serde(flatten)]
    budget: BudgetArgs,
}

impl Tool for FindEventsAround {
    const NAME: &'static str = "find_events_around";
    const TITLE: &'static str = "Find events around a moment";
    const DESCRIPTION: &'static str = "Events just before and after an event or a time.";
    const EXAMPLE: &'static str = r#"{"at":"-250ms","before":5,"after":5,"pid":"<0.120.0>"}"#;
    const EFFECT: Effect = Effect::Reads;

    type Args = Args;
    type Reply = ReportReply;

    fn run(store: &EventStore, args: Args, watch: &dyn Watch) -> Result<Answer<ReportReply>, Error> {
        let middle = Middle::of(store, args.event_id.as_deref(), args.at.as_ref())?;
        let filter = Filter { pid: args.pid, event_types: args.event_type.unwrap_or_default(), ..Filter::default() };
        let filter = narrowed(store, &filter, watch)?;
        let most = (args.before.unwrap_or(USUAL), args.after.unwrap_or(USUAL));
        let found = store.events_around(&filter, middle.place, most, watch)?;
        let budget = args.budget.bytes();
        // The farthest events give way first, on the longer side.
        let (mut before, mut after) = (found.before.len(), found.after.len());
        loop {
            let answer = report(store, &middle, &found, before, after).answer(budget);
            if !answer.structured.is_truncated() || before + after == 0 {
                return Ok(answer);
            }
            let by = (before + after).div_ceil(10);
            for _ in 0..by {
                if before > after { before -= 1 } else { after = after.saturating_sub(1) }
            }
        }
    }
}

/// The moment asked about.
struct Middle {
    place: Place,
    event: Option<StoredEvent>,
}

impl Middle {
    fn of(store: &EventStore, event_id: Option<&str>, at: Option<&TimeArg>) -> Result<Self, Error> {
        match (event_id, at) {
            (Some(_), Some(_)) => Err(Error::invalid("at: give event_id or at, not both")),
            (None, None) => Err(Error::invalid("event_id: missing; give event_id or at")),
            (Some(id), None) => {
                let event = store.get_event_by_id(id).map_err(|error| match error.kind() {
                    ErrorKind::NotFound => Error::not_found(format!(
                        "{error}. Find ids with query_events, or ask by time with at; get_stats says what span is stored."
                    )),
                    _ => error,
                })?;
                Ok(Self { place: Place::Event(event.timestamp(), event.seq()), event: Some(event) })
            }
            (None, Some(at)) => {
                let time = at.read("at")?;
                let newest = store.query_events(&Query { limit: 1, order: crate::Order::Desc, ..Query::default() })?;
                let newest = newest.events.first().map(StoredEvent::timestamp);
                let Some(time) = time.resolve(newest) else {
                    return Err(Error::not_found("at: the store is empty, so no time is relative to its newest event"));
                };
                Ok(Self { place: Place::Time(time), event: None })
            }
        }
    }

    const fn timestamp(&self) -> i64 {
        match self.place {
            Place::Event(timestamp, _) | Place::Time(timestamp) => timestamp,
        }
    }
}

fn report(store: &EventStore, middle: &Middle, found: &Neighbourhood, before: usize, after: usize) -> Report {
    let Neighbourhood { before: earlier, after: later, is_more_before, is_more_after, filter, gaps, .. } = found;
    let earlier_shown = &earlier[earlier.len() - before..];
    let what = tell::moment(middle.event.as_ref());
    let mut report = Report::new(tell::head(before, after, &what));
    report.filter(filter).gaps(gaps).anchor(middle.timestamp(), &what[..]);
    let shown: Vec<Shown> = Shown::USUAL.iter().copied().filter(|column| *column != Shown::TimeMicros).collect();
    let mut section = Section::new("events");
    let columns: Vec<Column> = [Column::time("t")]
        .into_iter()
        .chain(shown.iter().map(|column| match column {
            Shown::DurationNs => Column::time("duration"),
            column => Column::plain(column.name()),
        }))
        .collect();
    section.columns(&columns);
    for event in earlier_shown.iter().chain(&middle.event).chain(&later[..after]) {
        let cell = |column: &Shown| match column {
            Shown::EventId => Cell::Event(event.event_id().to_owned()),
            Shown::DurationNs => Cell::duration(event.duration_ns()),
            column => {
                let text = column.shown(event);
                if text.is_empty() { Cell::Empty } else { Cell::Whole(text) }
            }
        };
        section.row([Cell::At(event.timestamp())].into_iter().chain(shown.iter().map(cell)).collect());
    }
    report.section(section);
    let is_cut = before < earlier.len() || after < later.len();
    if is_cut {
        report.note(tell::CUT);
    }
    if let Some(note) = tell::more(*is_more_before || before < earlier.len(), *is_more_after || after < later.len()) {
        report.note(note);
    }
    if before + after == 0 && !is_cut {
        report.note(tell::NONE);
    }
    if let Some(event) = &middle.event {
        if let Some(parent) = event.parent_id() {
            report.next("get_event_by_id", json!({"event_id": parent}), "the event that led to it");
        }
        if let (Some(pid), true) = (process_of(store, event), filter.pid.is_none()) {
            let same = json!({"event_id": event.event_id(), "pid": pid});
            report.next("find_events_around", same, "the same moment in this process alone");
        }
    }
    report
}
