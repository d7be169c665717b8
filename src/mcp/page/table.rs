//! Events as a lean table: what is the same in every row stands once, what is nowhere is left out.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::cell;
use super::column::Column;
use crate::StoredEvent;

/// A table ready to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// Columns with one value in all rows.
    pub(crate) constants: Vec<(&'static str, String)>,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What `t_us` counts from, where it is shown.
    pub(crate) t0: Option<i64>,
}

/// The cells of a page. They are written once, however often the page is cut to fit.
#[derive(Debug)]
pub(crate) struct Cells<'e> {
    events: &'e [StoredEvent],
    wanted: &'e [Column],
    /// By column, then by event; times count from the first event.
    columns: Vec<Vec<String>>,
}

impl<'e> Cells<'e> {
    /// Cells of the columns asked for, or of the usual ones.
    pub(crate) fn of(events: &'e [StoredEvent], asked: Option<&'e [Column]>) -> Self {
        let wanted = asked.unwrap_or(Column::USUAL);
        let t0 = events.first().map_or(0, StoredEvent::timestamp);
        let cells = |column: &Column| events.iter().map(|event| column.cell(event, t0, wanted)).collect();
        Self { events, wanted, columns: wanted.iter().map(cells).collect() }
    }

    /// The columns that a table of the first `shown` events has, and those that are the same in all of them.
    fn split(&self, shown: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut kept, mut constant) = (Vec::new(), Vec::new());
        for (at, cells) in self.columns.iter().enumerate() {
            let Some([first, rest @ ..]) = cells.get(..shown) else { continue };
            let is_same = rest.iter().all(|cell| cell == first);
            // The last column stays, whatever is in it: a row needs something to show.
            let is_needed = kept.is_empty() && at + 1 == self.columns.len();
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
        (0..self.events.len()).map(move |row| kept.iter().map(|at| self.columns[*at][row].len() + 1).sum())
    }

    /// The table of the first `shown` events; the last of them leads when it is turned around.
    pub(crate) fn table(&self, shown: usize, reversed: bool) -> Table {
        let (kept, constant) = self.split(shown);
        let order = || (0..shown).map(|at| if reversed { shown - 1 - at } else { at });
        let t0 = order().next().map(|first| self.events[first].timestamp());
        let cell = |row: usize, at: usize| match self.wanted[at] {
            Column::TimeMicros if reversed => {
                Column::TimeMicros.cell(&self.events[row], t0.unwrap_or_default(), self.wanted)
            }
            _ => self.columns[at][row].clone(),
        };
        Table {
            constants: constant.iter().map(|at| (self.wanted[*at].name(), cell(shown - 1, *at))).collect(),
            columns: kept.iter().map(|at| self.wanted[*at].name()).collect(),
            rows: order().map(|row| kept.iter().map(|at| cell(row, *at)).collect()).collect(),
            t0: t0.filter(|_| self.wanted.contains(&Column::TimeMicros)),
        }
    }
}

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
        for row in &self.rows {
            out.push('\n');
            out.push_str(&row.join("\t"));
        }
    }

    /// The constants by column.
    pub(crate) fn constants(&self) -> Map<String, Value> {
        self.constants.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect()
    }
}
