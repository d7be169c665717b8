//! Events as a lean table: what is the same in every row stands once, what is nowhere is left out.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::cell;
use super::column::Column;
use super::rows::Rows;
use crate::StoredEvent;

/// A table ready to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Columns with one value in all rows.
    pub(crate) constants: Vec<(&'static str, String)>,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Rows,
    /// What `t_us` counts from, where it is shown.
    pub(crate) t0: Option<i64>,
}

/// The cells of a page. They are written once, into one text, however often the page is cut to fit.
#[derive(Debug)]
pub(crate) struct Cells<'e> {
    events: &'e [StoredEvent],
    wanted: &'e [Column],
    /// By column, then by event; times count from the first event.
    text: String,
    /// Where each cell ends; the first entry is where the first begins.
    ends: Vec<usize>,
}

impl<'e> Cells<'e> {
    /// Cells of the columns asked for, or of the usual ones.
    pub(crate) fn of(events: &'e [StoredEvent], asked: Option<&'e [Column]>) -> Self {
        let wanted = asked.unwrap_or(Column::USUAL);
        let t0 = events.first().map_or(0, StoredEvent::timestamp);
        let mut text = String::with_capacity(events.len() * USUAL_ROW);
        let mut ends = Vec::with_capacity(wanted.len() * events.len() + 1);
        ends.push(0);
        for column in wanted {
            for event in events {
                column.write(&mut text, event, t0, wanted);
                ends.push(text.len());
            }
        }
        Self { events, wanted, text, ends }
    }

    fn cell(&self, column: usize, row: usize) -> &str {
        let at = column * self.events.len() + row;
        &self.text[self.ends[at]..self.ends[at + 1]]
    }

    /// The columns that a table of the first `shown` events has, and those that are the same in all of them.
    fn split(&self, shown: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut kept, mut constant) = (Vec::new(), Vec::new());
        if shown == 0 {
            return (kept, constant);
        }
        for at in 0..self.wanted.len() {
            let first = self.cell(at, 0);
            let is_same = (1..shown).all(|row| self.cell(at, row) == first);
            // The last column stays, whatever is in it: a row needs something to show.
            let is_needed = kept.is_empty() && at + 1 == self.wanted.len();
            if is_needed || !is_same || (!first.is_empty() && shown == 1) {
                kept.push(at);
            } else if !first.is_empty() {
                constant.push(at);
            }
        }
        (kept, constant)
    }

    /// Bytes of each row's line in a table of all events.
    pub(crate) fn line_lengths(&self) -> impl Iterator<Item = usize> {
        let (kept, _) = self.split(self.events.len());
        (0..self.events.len()).map(move |row| kept.iter().map(|at| self.cell(*at, row).len() + 1).sum())
    }

    /// The table of the first `shown` events; the last of them leads when it is turned around.
    pub(crate) fn table(&self, shown: usize, reversed: bool) -> Table {
        let (kept, constant) = self.split(shown);
        let order = || (0..shown).map(|at| if reversed { shown - 1 - at } else { at });
        let t0 = order().next().map(|first| self.events[first].timestamp());
        let mut rows = Rows::with_capacity(kept.len(), shown, self.text.len());
        for row in order() {
            for at in &kept {
                rows.push(|out| match self.wanted[*at] {
                    Column::TimeMicros if reversed => {
                        Column::TimeMicros.write(out, &self.events[row], t0.unwrap_or_default(), self.wanted);
                    }
                    _ => out.push_str(self.cell(*at, row)),
                });
            }
        }
        Table {
            constants: constant.iter().map(|at| (self.wanted[*at].name(), self.cell(*at, 0).to_owned())).collect(),
            columns: kept.iter().map(|at| self.wanted[*at].name()).collect(),
            rows,
            t0: t0.filter(|_| self.wanted.contains(&Column::TimeMicros)),
        }
    }
}

/// Bytes the cells of an event usually take.
const USUAL_ROW: usize = 320;

impl Table {
    /// Appends the head lines and the rows.
    pub(crate) fn write(&self, out: &mut String) {
        if !self.constants.is_empty() {
            out.push_str("constants:");
            for (name, value) in &self.constants {
                out.push(' ');
                out.push_str(name);
                out.push('=');
                out.push_str(&cell::quoted(value));
            }
            out.push('\n');
        }
        if let Some(t0) = self.t0 {
            _ = writeln!(out, "t0={t0} (t_us: microseconds after t0)");
        }
        out.push_str(&self.columns.join("\t"));
        out.push('\n');
        out.push_str(self.rows.text());
    }

    /// The constants by column.
    pub(crate) fn constants(&self) -> Map<String, Value> {
        self.constants.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
    }
}
