//! How are events shown to a reader with a small context window?
//!
//! One snapshot is asked, its page written as a [`table`] or as whole events, cut at an event's edge where the budget
//! ends, and led by what the reader must know: how many, of how many, how to go on, what is missing.

pub(super) mod cell;
pub(super) mod column;
mod hint;
mod reply;
mod table;

pub(super) use hint::nothing_matched;
pub(super) use reply::{EventMembers, PageReply};

use std::fmt::Write;

use serde_json::Value;

use super::args::view::Format;
use super::args::{Shape, effective};
use super::json;
use super::tool::Answer;
use crate::query::Page;
use crate::watch::Watch;
use crate::{EventStore, Filter, Query, Result, StoredEvent, Time};
use column::Column;
use table::{Cells, Table};

/// Bytes the head usually takes; a longer one costs a second round.
const HEAD_BYTES: usize = 300;

/// Payload read for one answer: far more than any budget shows, far less than ten thousand large events.
const MAX_PAYLOAD_BYTES: usize = 64 << 20;

/// The answer to a query, as large as its shape allows.
pub(crate) fn answer(store: &EventStore, query: &Query, shape: &Shape, watch: &dyn Watch) -> Result<Answer<PageReply>> {
    let page = store.query_events_watched(&Query { max_bytes: Some(MAX_PAYLOAD_BYTES), ..query.clone() }, watch)?;
    let cells = match shape.format {
        Format::Table => Some(Cells::of(&page.events, shape.columns.as_deref())),
        Format::Json => None,
    };
    let mut shown = fitting(&page, shape, cells.as_ref());
    loop {
        let answer = write(store, query, shape, &page, cells.as_ref(), shown);
        let excess = answer.text.len().saturating_sub(shape.budget);
        if excess == 0 || shown <= 1 {
            return Ok(answer);
        }
        shown -= too_many(answer.structured.rows.as_deref().unwrap_or_default(), shape.reversed, excess);
    }
}

/// How many of the last events to leave out so that a text is so much shorter: one at least.
fn too_many(rows: &[Vec<String>], reversed: bool, excess: usize) -> usize {
    let length = |row: &Vec<String>| row.iter().map(|cell| cell.len() + 1).sum::<usize>();
    let mut saved = 0;
    let mut is_missing = |row: &Vec<String>| {
        let is_missing = saved < excess;
        saved += length(row);
        is_missing
    };
    let left_out = if reversed {
        rows.iter().take_while(|row| is_missing(row)).count()
    } else {
        rows.iter().rev().take_while(|row| is_missing(row)).count()
    };
    left_out.clamp(1, rows.len().max(2) - 1)
}

/// How many events the budget has room for, by the length of their lines.
fn fitting(page: &Page, shape: &Shape, cells: Option<&Cells<'_>>) -> usize {
    let mut room = shape.budget.saturating_sub(HEAD_BYTES);
    let fits = |length: &usize| {
        let has_room = *length <= room;
        room = room.saturating_sub(*length);
        has_room
    };
    let shown = match cells {
        Some(cells) => cells.line_lengths().take_while(fits).count(),
        None => page.events.iter().map(|event| wire_length(&line(event, shape))).take_while(fits).count(),
    };
    shown.clamp(page.events.len().min(1), page.events.len())
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

/// The answer with the first `shown` events of the page.
fn write(
    store: &EventStore,
    query: &Query,
    shape: &Shape,
    page: &Page,
    cells: Option<&Cells<'_>>,
    shown: usize,
) -> Answer<PageReply> {
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
        filters: effective(&applied(page)),
        gaps: page.gaps.iter().map(Into::into).collect(),
        hint: None,
        constants: None,
        t0: None,
        columns: None,
        rows: None,
        events: None,
    };
    reply.hint = hint::how_to_go_on(store, query, page, &reply);
    let mut text = reply.head();
    match cells {
        Some(cells) => {
            let table = cells.table(shown, shape.reversed);
            if shown > 0 {
                table.write(&mut text);
            }
            let Table { t0, .. } = table;
            reply.constants = Some(table.constants());
            reply.t0 = t0;
            reply.columns = Some(table.columns);
            reply.rows = Some(table.rows);
        }
        None => {
            let mut lines: Vec<String> = page.events.iter().take(shown).map(|event| line(event, shape)).collect();
            if shape.reversed {
                lines.reverse();
            }
            text.push_str(&lines.join("\n"));
            let values = lines.iter().map(|line| Value::Object(json::lossless_object(line)));
            reply.events = Some(values.collect());
        }
    }
    if shown == 0 {
        text.truncate(text.trim_end().len());
    }
    Answer { text, structured: reply }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;
    use crate::watch::Unwatched;

    fn shape(format: Format) -> Shape {
        Shape { columns: None, format, budget: 1 << 20, reversed: false }
    }

    fn answered(event: &str, format: Format) -> Answer<PageReply> {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        store.store_json_event(event).unwrap();
        answer(&store, &Query::default(), &shape(format), &Unwatched).unwrap()
    }

    #[test]
    fn digits_no_number_type_holds_are_text_in_one_channel_and_digits_in_the_other() {
        let event = r#"{"ts": 1, "data": {"n": 340282366920938463463374607431768211455}}"#;
        let Answer { text, structured } = answered(event, Format::Json);
        assert!(text.ends_with(r#""data":{"n":340282366920938463463374607431768211455}}"#), "{text}");
        assert_eq!(structured.events.unwrap()[0]["data"]["n"], "340282366920938463463374607431768211455");
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
    fn a_json_page_is_bounded_in_both_channels() {
        let store = EventStore::open(Settings::UNBOUNDED).unwrap();
        for n in 0..20 {
            let quotes = "\\\"".repeat(200_000);
            store.store_json_event(&format!(r#"{{"ts": {n}, "data": {{"quotes": "{quotes}"}}}}"#)).unwrap();
        }
        let Answer { text, structured } =
            answer(&store, &Query::default(), &Shape { budget: 4 << 20, ..shape(Format::Json) }, &Unwatched).unwrap();
        assert!(structured.truncated && structured.returned > 2, "{}", structured.returned);
        let wire = Value::from(text).to_string().len() + serde_json::to_string(&structured).unwrap().len();
        assert!(wire < 10 << 20, "{wire} bytes");
    }
}
