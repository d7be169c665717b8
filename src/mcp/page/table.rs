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

/// Lays events out in columns; `asked` are the caller's.
pub(crate) fn lay_out(events: &[&StoredEvent], asked: Option<&[Column]>) -> Table {
    let Some(first) = events.first() else { return Table::default() };
    let wanted = asked.unwrap_or(Column::USUAL);
    let mut table = Table { t0: wanted.contains(&Column::TimeMicros).then_some(first.timestamp()), ..Table::default() };
    let mut kept: Vec<Vec<String>> = Vec::new();
    for column in wanted {
        let cells: Vec<String> = events.iter().map(|event| column.cell(event, first.timestamp(), wanted)).collect();
        let is_same = cells.iter().all(|cell| *cell == cells[0]);
        // The last column stays, whatever is in it: a row needs something to show.
        let is_needed = kept.is_empty() && Some(column) == wanted.last();
        if is_same && !is_needed && (cells[0].is_empty() || events.len() > 1) {
            if !cells[0].is_empty() {
                table.constants.push((column.name(), cells[0].clone()));
            }
        } else {
            table.columns.push(column.name());
            kept.push(cells);
        }
    }
    let mut columns: Vec<_> = kept.into_iter().map(Vec::into_iter).collect();
    table.rows = events.iter().map(|_| columns.iter_mut().filter_map(Iterator::next).collect()).collect();
    table
}

impl Table {
    /// Bytes of a row's line.
    pub(crate) fn line_lengths(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().map(|row| row.iter().map(|cell| cell.len() + 1).sum::<usize>())
    }

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
