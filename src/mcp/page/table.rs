//! Events as a lean table: what is the same in every row stands once, what is nowhere is left out.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::cell;
use super::column::Column;
use super::rows::{Cells, Rows};
use crate::StoredEvent;

/// Events as cells. They are written once, however often the page is cut to fit.
#[derive(Debug)]
pub(crate) struct Grid<'e> {
    /// Those there is room for; one at least, if there is any.
    events: &'e [StoredEvent],
    wanted: &'e [Column],
    /// Event by event; times count from the first one.
    cells: Arc<Cells>,
    /// By column, the first event whose cell is another than the first event's; none: past the last event.
    differs_at: Vec<usize>,
}

impl<'e> Grid<'e> {
    /// Cells of the columns asked for, or of the usual ones: of as many events as have room in lines of so many bytes.
    pub(crate) fn of(events: &'e [StoredEvent], asked: Option<&'e [Column]>, room: usize) -> Self {
        let t0 = events.first().map_or(0, StoredEvent::timestamp);
        Self::counting_from(t0, events, asked.unwrap_or(Column::USUAL), room)
    }

    fn counting_from(t0: i64, events: &'e [StoredEvent], wanted: &'e [Column], room: usize) -> Self {
        let expected = (events.len() * wanted.len()).min(room);
        let bytes = (expected * USUAL_CELL).min(room.saturating_mul(2));
        let mut cells = Cells::with_capacity(wanted.len(), expected, bytes);
        let mut differs_at = vec![usize::MAX; wanted.len()];
        // Columns that are equal in all rows so far: they may stand once.
        let mut equal: Vec<usize> = (0..wanted.len()).collect();
        let mut with_room = events.len();
        let mut payload = String::new();
        for (row, event) in events.iter().enumerate() {
            for column in wanted {
                cells.push(|json| column.write(json, event, t0, wanted, &mut payload));
            }
            equal.retain(|at| {
                let differs = cells.differs(*at, row);
                if differs {
                    differs_at[*at] = row;
                }
                !differs
            });
            let once: usize = equal.iter().map(|at| cells.bytes_of(*at, 0)).sum();
            let rows = row + 1;
            if cells.len() + rows * (wanted.len() - equal.len()) - rows * once > room {
                with_room = row.max(1);
                break;
            }
        }
        Self { events: &events[..with_room], wanted, cells: Arc::new(cells), differs_at }
    }

    /// The columns that a table of the first `shown` events has, and those that are the same in all of them.
    fn split(&self, shown: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut kept, mut constant) = (Vec::new(), Vec::new());
        if shown == 0 {
            return (kept, constant);
        }
        for (at, differs_at) in self.differs_at.iter().enumerate() {
            let is_said = self.cells.bytes_of(at, 0) > 0;
            // The last column stays, whatever is in it: a row needs something to show.
            let is_needed = kept.is_empty() && at + 1 == self.wanted.len();
            if is_needed || *differs_at < shown || (is_said && shown == 1) {
                kept.push(at);
            } else if is_said {
                constant.push(at);
            }
        }
        (kept, constant)
    }

    /// Events there is room for.
    pub(crate) const fn len(&self) -> usize {
        self.events.len()
    }

    /// The table of the first `shown` events; the last of them leads when it is turned around.
    pub(crate) fn table(&self, shown: usize, reversed: bool) -> Table<'_> {
        let (kept, constant) = self.split(shown);
        let first = if reversed { shown.checked_sub(1) } else { Some(0) };
        let t0 = first.and_then(|first| self.events.get(first)).map(StoredEvent::timestamp).filter(|_| shown > 0);
        let is_time = |at: &usize| self.wanted[*at] == Column::TimeMicros;
        let replaced = match (t0, kept.iter().copied().find(is_time)) {
            (Some(t0), Some(at)) if reversed => {
                Some((at, Self::counting_from(t0, &self.events[..shown], TIMES, usize::MAX).cells))
            }
            _ => None,
        };
        let rows = Rows { cells: Arc::clone(&self.cells), kept, shown, reversed, replaced };
        Table { wanted: self.wanted, rows, constant, t0 }
    }
}

/// What the times of a table are when they count from another event than the first.
const TIMES: &[Column] = &[Column::TimeMicros];

/// Bytes a cell usually takes.
const USUAL_CELL: usize = 25;

/// A table of the first events, ready to be written.
#[derive(Debug)]
pub(crate) struct Table<'c> {
    wanted: &'c [Column],
    rows: Rows,
    /// Columns, by their place in the cells, with one value in all rows.
    constant: Vec<usize>,
    t0: Option<i64>,
}

impl Table<'_> {
    /// The events, one row each, in the order they are shown.
    pub(crate) const fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Events in it.
    pub(crate) const fn shown(&self) -> usize {
        self.rows.shown
    }

    /// What `t_us` counts from, where it is shown.
    pub(crate) fn t0(&self) -> Option<i64> {
        self.t0.filter(|_| self.wanted.contains(&Column::TimeMicros))
    }

    /// Names of the cells of each row.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.rows.kept.iter().map(|at| self.wanted[*at].name())
    }

    /// Bytes of each event's line, from the last found to the first.
    pub(crate) fn lengths_from_last(&self) -> impl Iterator<Item = usize> {
        self.rows.lengths_from_last()
    }

    /// Bytes of its text: head lines and rows.
    pub(crate) fn len(&self) -> usize {
        if self.shown() == 0 {
            return 0;
        }
        let mut head = String::new();
        self.write_head(&mut head);
        head.len() + self.lengths_from_last().sum::<usize>() - 1
    }

    /// Appends the lines before the rows.
    pub(crate) fn write_head(&self, out: &mut String) {
        if !self.constant.is_empty() {
            out.push_str("constants:");
            for (name, value) in self.constant_cells() {
                out.push(' ');
                out.push_str(name);
                out.push('=');
                out.push_str(&cell::quoted(&value));
            }
            out.push('\n');
        }
        if let Some(t0) = self.t0() {
            _ = writeln!(out, "t0={t0} (t_us: microseconds after t0)");
        }
        for (at, name) in self.columns().enumerate() {
            if at > 0 {
                out.push('\t');
            }
            out.push_str(name);
        }
        out.push('\n');
    }

    fn constant_cells(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        self.constant.iter().map(|at| (self.wanted[*at].name(), self.rows.cell(*at, 0)))
    }

    /// The constants by column.
    pub(crate) fn constants(&self) -> Map<String, Value> {
        self.constant_cells().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    }
}
