//! What is missing from an answer, in one note a kind: where, how much, and why.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use crate::query::Gap;
use crate::store::{Loss, Losses};
use crate::tell::missing::{Lost, Missing, missing};

/// Gaps that are read one by one for one answer; of more, only the number is told.
pub(super) const MAX_GAPS: usize = 1_000;

/// Spans the answer touches whose events are not all there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct GapReply {
    /// Timestamp of the start of the first.
    since: i64,
    /// Timestamp of the end of the last.
    until: i64,
    /// Missing events; absent where nobody counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<u64>,
    /// Why they are missing.
    #[schemars(schema_with = "lost_schema")]
    lost: Lost,
    /// How many spans, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<u64>,
    /// The event that tells of it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
}

fn lost_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Lost::ALL.map(Lost::name) })
}

impl From<&Gap> for GapReply {
    fn from(gap: &Gap) -> Self {
        let (since, until, events) = (gap.since, gap.until, Some(gap.events));
        Self { since, until, events, lost: Lost::Pruned, spans: None, event_id: None }
    }
}

impl From<&Loss> for GapReply {
    fn from(loss: &Loss) -> Self {
        Self {
            since: loss.since,
            until: loss.until,
            events: loss.events,
            lost: if loss.events.is_some() { Lost::Dropped } else { Lost::Disconnected },
            spans: None,
            event_id: Some(loss.event_id.clone()),
        }
    }
}

/// Adds a gap to what an answer says: a note a kind.
pub(super) fn note(notes: &mut Vec<GapReply>, gap: GapReply) {
    let Some(note) = notes.iter_mut().find(|note| note.lost == gap.lost) else {
        notes.push(gap);
        return;
    };
    if note.spans.is_none() && note == &gap {
        return;
    }
    note.since = note.since.min(gap.since);
    note.until = note.until.max(gap.until);
    note.events = note.events.zip(gap.events).map(|(one, other)| one.saturating_add(other));
    note.spans = Some(note.spans.unwrap_or(1) + gap.spans.unwrap_or(1));
    note.event_id = None;
}

/// What a page says is missing.
pub(super) fn notes(pruned: &[Gap], losses: &Losses) -> Vec<GapReply> {
    let mut notes = Vec::new();
    pruned.iter().map(GapReply::from).chain(losses.first.iter().map(GapReply::from)).for_each(|gap| {
        note(&mut notes, gap);
    });
    let untold = losses.total.saturating_sub(losses.first.len() as u64);
    if let Some(note) = notes.iter_mut().find(|note| untold > 0 && note.lost != Lost::Pruned) {
        note.spans = Some(note.spans.unwrap_or(1) + untold);
        note.events = None;
    }
    notes
}

impl GapReply {
    /// In a line, its times as `at` shows them.
    pub(super) fn line(&self, at: impl Fn(i64) -> String) -> String {
        let Self { since, until, events, lost, spans, event_id } = self;
        missing(&Missing {
            lost: *lost,
            events: *events,
            between: [at(*since), at(*until)],
            spans: *spans,
            event_id: event_id.as_deref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(at: i64, events: Option<u64>) -> Loss {
        let data = events.map_or_else(String::new, |events| format!("\"dropped\": {events}"));
        let event = format!(r#"{{"id": "x{at}", "ts": {at}, "type": "gap", "duration_ns": 5, "data": {{{data}}}}}"#);
        let store = crate::EventStore::open(crate::Settings::UNBOUNDED).unwrap();
        store.store_json_event(&event).unwrap();
        store.losses(i64::MIN, i64::MAX, None, 9).unwrap().first.remove(0)
    }

    #[test]
    fn a_note_is_short_however_many_gaps_there_are() {
        const BOOT: i64 = -576_460_752_303_423_488;
        for count in [1, 2, 900] {
            for events in [Some(123_456_789), None] {
                let first: Vec<Loss> =
                    (0..count).map(|at| Loss { since: BOOT + at, until: BOOT + at + 5, ..loss(7, events) }).collect();
                let notes = notes(&[], &Losses { total: first.len() as u64, first });
                assert_eq!(notes.len(), 1);
                assert_eq!(notes[0].events, events.map(|events| events * count as u64));
                assert_eq!((notes[0].since, notes[0].until), (BOOT, BOOT + count + 4));
                let text = format!("gap: {}\n", notes[0].line(|at| at.to_string()));
                assert!(text.len() <= 120, "{text}");
                assert!(serde_json::to_string(&notes[0]).unwrap().len() <= 120);
            }
        }
    }
}
