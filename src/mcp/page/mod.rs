//! How are events shown to a reader with a small context window?
//!
//! One snapshot is asked, its page written as a [`table`] or as whole events, cut at an event's edge where the budget
//! ends, and led by what the reader must know: how many, of how many, how to go on, what is missing.

pub(super) mod cell;
pub(super) mod column;
mod hint;
mod reply;
mod rows;
mod table;

pub(super) use hint::nothing_matched;
pub(super) use reply::{EventLines, EventMembers, PageReply, to_json, to_values};

use std::fmt::Write;
use std::sync::Arc;

use super::answer::Answer;
use super::args::Shape;
use super::args::filter::applied_to;
use super::args::view::Format;
use super::{gap, json};
use crate::analysis::named::narrowed;
use crate::query::Page;
use crate::store::Losses;
use crate::watch::Watch;
use crate::{EventStore, Filter, Query, Result, StoredEvent, Time};
use column::Column;
use table::{Grid, Table};

/// Bytes the head usually takes; a longer one costs a second round.
const HEAD_BYTES: usize = 300;

/// Most ids of far events named in one answer; their rows show their times.
const FAR_TIMES: usize = 20;

/// Payload read for one answer: far more than any budget shows, far less than ten thousand large events.
const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// The answer to a query, as large as its shape allows.
pub(crate) fn answer(store: &EventStore, query: &Query, shape: &Shape, watch: &dyn Watch) -> Result<Answer<PageReply>> {
    let filter = narrowed(store, &query.filter, watch)?;
    let query = &Query { filter, max_bytes: Some(MAX_PAYLOAD_BYTES), ..query.clone() };
    // Before they are collected, as far as it can be told.
    let (stored, bytes) = store.size_at_once().unwrap_or_default();
    let expected = bytes / stored.max(1) * stored.min(query.limit as u64);
    watch.takes(expected)?;
    let page = store.query_events_watched(query, watch)?;
    watch.takes(memory(&page, shape).saturating_sub(expected))?;
    let losses = store.losses_of(&page, gap::MAX_GAPS)?;
    let written = match shape.format {
        Format::Table => Written::Table(Grid::of(&page.events, shape.columns.as_deref(), room(shape))),
        Format::Json => Written::Json(lines(&page, shape)),
    };
    let mut shown = written.len();
    loop {
        let reply = envelope(store, query, (&page, &losses), shown);
        let head = reply.head();
        let body = written.body(shown, shape.reversed);
        let excess = (head.len() + body.len()).saturating_sub(shape.budget);
        if excess == 0 || shown <= 1 {
            return Ok(join(reply, head, &body));
        }
        shown -= body.too_many(excess);
    }
}

/// Bytes an event has beside its payload, as a rule.
const EVENT_BYTES: u64 = 300;

/// Memory that a page takes while it is written: its events, and of whole ones the lines, and both channels twice.
fn memory(page: &Page, shape: &Shape) -> u64 {
    let events: u64 = page.events.iter().map(|event| event.data().len() as u64 + EVENT_BYTES).sum();
    let copies = match shape.format {
        Format::Table => 1,
        Format::Json => 6,
    };
    events * copies
}

/// Events as they are shown, as many as the budget has room for, each written once however often the page is cut to fit.
enum Written<'e> {
    Table(Grid<'e>),
    /// One line of JSON each.
    Json(Vec<Arc<str>>),
}

/// The first so many of the events.
enum Body<'w> {
    Table(Table<'w>),
    Json(Vec<Arc<str>>),
}

impl Written<'_> {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Self::Table(grid) => grid.len(),
            Self::Json(lines) => lines.len(),
        }
    }

    fn body(&self, shown: usize, reversed: bool) -> Body<'_> {
        match self {
            Self::Table(grid) => Body::Table(grid.table(shown, reversed)),
            Self::Json(lines) => {
                let mut lines: Vec<Arc<str>> = lines.iter().take(shown).cloned().collect();
                if reversed {
                    lines.reverse();
                }
                Body::Json(lines)
            }
        }
    }
}

impl Body<'_> {
    /// Bytes it adds to the text.
    fn len(&self) -> usize {
        match self {
            Self::Table(table) => table.len(),
            Self::Json(lines) => (lines.iter().map(|line| line.len() + 1).sum::<usize>()).saturating_sub(1),
        }
    }

    /// How many of the last events found to leave out so that the text is so much shorter: one at least.
    fn too_many(&self, excess: usize) -> usize {
        let Self::Table(table) = self else { return 1 };
        let mut saved = 0;
        let is_missing = |length: &usize| {
            let is_missing = saved < excess;
            saved += length;
            is_missing
        };
        let left_out = table.lengths_from_last().take_while(is_missing).count();
        left_out.clamp(1, table.shown().max(2) - 1)
    }
}

/// Bytes the lines of an answer have.
const fn room(shape: &Shape) -> usize {
    shape.budget.saturating_sub(HEAD_BYTES)
}

/// The lines the budget has room for; one at least, if there is an event.
fn lines(page: &Page, shape: &Shape) -> Vec<Arc<str>> {
    let mut room = room(shape);
    let mut lines = Vec::new();
    for event in &page.events {
        let line = line(event, shape);
        let length = wire_length(&line);
        if length > room && !lines.is_empty() {
            break;
        }
        room = room.saturating_sub(length);
        lines.push(line.into());
    }
    lines
}

/// Bytes of a line of JSON, half way between the two channels: inside the text each quote takes a backslash more.
fn wire_length(line: &str) -> usize {
    line.len() + line.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() / 2
}

/// An event as one line of JSON, with the members asked for.
fn line(event: &StoredEvent, shape: &Shape) -> String {
    let whole = event.to_json();
    match &shape.columns {
        None => json::compact(&whole),
        Some(columns) => {
            let asked = |key: &str| columns.iter().any(|column| column.shows_member(key));
            let mut line = json::compact(&json::select(&whole, |key, _| asked(key)));
            if columns.contains(&Column::Seq) {
                let comma = if line.len() > 2 { "," } else { "" };
                line.truncate(line.len() - 1);
                _ = write!(line, "{comma}\"seq\":{}}}", event.seq());
            }
            line
        }
    }
}

/// The filter with its time bounds on the events' clock.
fn applied(page: &Page) -> Filter {
    let at = |bound: Option<i64>, asked| bound.map(Time::At).or(asked);
    let filter = page.filter.clone();
    Filter { since: at(page.since, filter.since), until: at(page.until, filter.until), ..filter }
}

/// What a reader must know of a page of which the first `shown` events are shown.
fn envelope(store: &EventStore, query: &Query, (page, losses): (&Page, &Losses), shown: usize) -> PageReply {
    let next_cursor = match page.events.get(..shown) {
        Some([.., last]) if shown < page.events.len() => Some(page.cursor_after(last)),
        _ => page.next_cursor.clone(),
    };
    let total_matched = page.total_matched.unwrap_or_default();
    let mut reply = PageReply {
        returned: shown,
        total_matched,
        truncated: next_cursor.is_some() || (query.limit == 0 && total_matched > 0),
        next_cursor,
        filters: applied_to(&applied(page)),
        gaps: gap::notes(&page.gaps, losses),
        far_times: far_times(page, shown),
        hint: None,
        constants: None,
        t0: None,
        columns: None,
        rows: None,
        events: None,
    };
    reply.hint = hint::how_to_go_on(store, query, page, &reply);
    reply
}

/// Ids of the shown events whose time is far from the others of their source.
fn far_times(page: &Page, shown: usize) -> Vec<String> {
    let far = page.events.iter().take(shown).filter(|event| page.is_far(event)).take(FAR_TIMES);
    far.map(|event| event.event_id().to_owned()).collect()
}

/// The answer: the head, then the events; rows of a table are still to follow in its text ([`to_json`], [`to_values`]).
fn join(mut reply: PageReply, head: String, body: &Body<'_>) -> Answer<PageReply> {
    let mut text = head;
    match body {
        Body::Table(table) => {
            if table.shown() > 0 {
                table.write_head(&mut text);
            }
            reply.constants = Some(table.constants());
            reply.t0 = table.t0();
            reply.columns = Some(table.columns().collect());
            reply.rows = Some(table.rows().clone());
        }
        Body::Json(lines) => {
            for (at, line) in lines.iter().enumerate() {
                if at > 0 {
                    text.push('\n');
                }
                text.push_str(line);
            }
            reply.events = Some(EventLines(lines.clone()));
        }
    }
    if reply.returned == 0 {
        text.truncate(text.trim_end().len());
    }
    Answer { text, structured: reply }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    use crate::Settings;
    use crate::mcp::answer::AnswerJson;
    use crate::watch::Unwatched;

    fn shape(format: Format) -> Shape {
        Shape { columns: None, format, budget: 1 << 20, reversed: false }
    }

    fn answered(event: &str, format: Format) -> Answer<PageReply> {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        store.store_json_event(event).unwrap();
        whole_answer(&store, &Query::default(), &shape(format))
    }

    /// The answer, its text whole.
    fn whole_answer(store: &EventStore, query: &Query, shape: &Shape) -> Answer<PageReply> {
        let answer = answer(store, query, shape, &Unwatched).unwrap();
        let structured = answer.structured.clone();
        let Answer { text, structured: values } = to_values(answer.clone()).unwrap();
        let AnswerJson { text: text_json, structured: json } = to_json(answer).unwrap();
        assert_eq!(serde_json::from_slice::<String>(&text_json).unwrap(), text);
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), values);
        Answer { text, structured }
    }

    #[test]
    fn digits_no_number_type_holds_are_text_in_one_channel_and_digits_in_the_other() {
        let event = r#"{"ts": 1, "data": {"n": 340282366920938463463374607431768211455}}"#;
        let Answer { text, structured } = answered(event, Format::Json);
        assert!(text.ends_with(r#""data":{"n":340282366920938463463374607431768211455}}"#), "{text}");
        let events = serde_json::to_value(structured.events).unwrap();
        assert_eq!(events[0]["data"]["n"], "340282366920938463463374607431768211455");
    }

    #[test]
    fn nesting_no_parser_takes_is_still_answered() {
        let event = format!(r#"{{"ts": 1, "data": {{"deep": {}1{}}}}}"#, "[".repeat(3000), "]".repeat(3000));
        for format in [Format::Table, Format::Json] {
            let Answer { structured, .. } = answered(&event, format);
            let reply = serde_json::to_string(&structured).unwrap();
            assert!(serde_json::from_str::<Value>(&reply).is_ok(), "a client can read it");
        }
    }

    #[test]
    fn a_table_has_all_the_rows_its_budget_has_room_for() {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        for n in 0..200 {
            // Columns that begin to differ late, early, or not at all.
            let (pid, note) = (if n < 40 { 1 } else { n }, "x".repeat(n % 7));
            store
                .store_json_event(&format!(
                    r#"{{"id": "e{n}", "ts": {n}, "pid": "<0.{pid}.0>", "data": {{"n": "{note}"}}}}"#
                ))
                .unwrap();
        }
        let asked = |limit, budget, reversed| {
            let shape = Shape { budget, reversed, ..shape(Format::Table) };
            let Answer { text, structured } = whole_answer(&store, &Query { limit, ..Query::default() }, &shape);
            assert!(text.len() <= budget, "{} of {budget}", text.len());
            structured
        };
        for budget in [600, 900, 1_400, 1_700, 2_500, 4_000] {
            for reversed in [false, true] {
                let shown = asked(200, budget, reversed).returned;
                assert!((5..199).contains(&shown), "{shown} in {budget}");
                assert_eq!(asked(shown, budget, reversed).returned, shown);
                assert_eq!(asked(shown + 1, budget, reversed).returned, shown, "the next one has room in {budget}");
            }
        }
    }

    #[test]
    fn a_member_is_left_out_only_where_a_column_says_it() {
        let event = r#"{"ts": 1, "module": "A", "function": "f", "arity": 2, "pid": "<0.1.0>", "data": {"mfa": "A.f/2", "pid": "<0.1.0>"}}"#;
        let Answer { text, .. } = answered(event, Format::Table);
        assert!(!text.contains("\"mfa\"") && !text.contains("\"pid\""), "{text}");
        let Answer { text, .. } = answered(r#"{"ts": 1, "data": {"mfa": "", "duration_ns": "5"}}"#, Format::Table);
        assert!(text.contains(r#""mfa":"""#), "{text}");
    }

    #[test]
    fn a_json_page_is_bounded_in_both_channels() {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        for n in 0..20 {
            let quotes = "\\\"".repeat(200_000);
            store.store_json_event(&format!(r#"{{"ts": {n}, "data": {{"quotes": "{quotes}"}}}}"#)).unwrap();
        }
        let Answer { text, structured } =
            whole_answer(&store, &Query::default(), &Shape { budget: 4 << 20, ..shape(Format::Json) });
        assert!(structured.truncated && structured.returned > 2, "{}", structured.returned);
        let wire = Value::from(text).to_string().len() + serde_json::to_string(&structured).unwrap().len();
        assert!(wire < 10 << 20, "{wire} bytes");
    }
}
