//! A part of a report: facts, lines, and a table whose constant columns stand once.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::cell::Cell;

/// What a column holds: it gives the column's name in `structuredContent` its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Nanoseconds,
    PerSecond,
}

/// A column of a report's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    name: Cow<'static, str>,
    kind: Kind,
}

impl Column {
    /// Texts, ids, counts and shares.
    pub(crate) const fn plain(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), kind: Kind::Plain }
    }

    /// Durations; also times, as their distance from the anchor.
    pub(crate) const fn time(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), kind: Kind::Nanoseconds }
    }

    /// Rates.
    pub(crate) const fn rate(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), kind: Kind::PerSecond }
    }

    /// Texts under a name made of an argument.
    pub(crate) const fn named(name: String) -> Self {
        Self { name: Cow::Owned(name), kind: Kind::Plain }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name with its unit, for a program that sees bare numbers.
    pub(super) fn with_unit(&self) -> String {
        match self.kind {
            Kind::Plain => self.name.to_string(),
            Kind::Nanoseconds => format!("{}_ns", self.name),
            Kind::PerSecond => format!("{}_per_s", self.name),
        }
    }
}

/// Part of a report under a heading: facts, then lines of text, then a table. Rows and lines at the end are what a
/// small budget leaves out.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(super) name: &'static str,
    pub(super) facts: Vec<(&'static str, Cell)>,
    pub(super) lines: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows there are besides these.
    pub(super) beyond: u64,
    /// Lines and rows that other sections make room for.
    pub(super) keep: usize,
    /// What the lines tell together, as values.
    pub(super) values: Option<Value>,
    /// What each of the first lines tells, as a value.
    pub(super) told: Vec<Value>,
}

impl Section {
    /// An empty part with a heading of one or two words.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            facts: Vec::new(),
            lines: Vec::new(),
            columns: Vec::new(),
            rows: Vec::new(),
            beyond: 0,
            keep: 1,
            values: None,
            told: Vec::new(),
        }
    }

    /// Adds a fact to the heading.
    pub(crate) fn fact(&mut self, name: &'static str, value: impl Into<Cell>) -> &mut Self {
        self.facts.push((name, value.into()));
        self
    }

    /// Adds a line of text.
    pub(crate) fn line(&mut self, line: impl Into<String>) -> &mut Self {
        self.lines.push(line.into());
        self
    }

    /// Adds a line of text, and what it tells as a value; before any line without one.
    pub(crate) fn told(&mut self, line: impl Into<String>, value: Value) -> &mut Self {
        self.told.push(value);
        self.line(line)
    }

    /// Gives the table its columns. Rows have a cell for each.
    pub(crate) fn columns(&mut self, columns: &[Column]) -> &mut Self {
        self.columns = columns.to_vec();
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) -> &mut Self {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column of {}", self.name);
        self.rows.push(cells);
        self
    }

    /// There are so many rows besides those given; the answer says so.
    pub(crate) fn beyond(&mut self, rows: u64) -> &mut Self {
        self.beyond += rows;
        self
    }

    /// The first so many lines and rows go last when the budget is small; 1 unless said otherwise.
    pub(crate) fn keep(&mut self, rows: usize) -> &mut Self {
        self.keep = rows;
        self
    }

    /// What its lines tell, as values for a program; shown when any of them is.
    pub(crate) fn values(&mut self, values: Value) -> &mut Self {
        self.values = Some(values);
        self
    }

    /// What so many of its lines tell, as values.
    pub(super) fn values_of(&self, lines: usize) -> Option<Value> {
        let told = &self.told[..lines.min(self.told.len())];
        let whole = self.values.clone().filter(|_| lines > 0);
        match (told.is_empty(), whole) {
            (true, whole) => whole,
            (false, None) => Some(json!({ "told": told })),
            (false, Some(mut whole)) => {
                whole["told"] = json!(told);
                Some(whole)
            }
        }
    }

    /// Lines and rows.
    pub(crate) fn len(&self) -> usize {
        self.lines.len() + self.rows.len()
    }
}

/// The part of a section that is shown, its cells written.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    pub(super) lines: usize,
    pub(super) rows: usize,
    /// Columns with one value in all rows.
    pub(super) constant: Vec<usize>,
    /// Columns of the rows.
    pub(super) kept: Vec<usize>,
}

impl Shown {
    /// The first `count` lines and rows of a section.
    pub(super) fn of(section: &Section, count: usize) -> Self {
        let lines = count.min(section.lines.len());
        let rows = (count - lines).min(section.rows.len());
        let (mut constant, mut kept) = (Vec::new(), Vec::new());
        for at in 0..section.columns.len() {
            let mut cells = section.rows[..rows].iter().map(|row| &row[at]);
            let first = cells.next();
            let is_same = cells.clone().all(|cell| Some(cell) == first);
            match first {
                // Nothing anywhere says nothing.
                Some(Cell::Empty) if is_same && rows > 1 => {}
                Some(_) if is_same && rows > 1 => constant.push(at),
                Some(Cell::Empty) if rows == 1 => {}
                _ => kept.push(at),
            }
        }
        // Rows that are all alike still need something to show.
        if rows > 0 && kept.is_empty() {
            kept.extend(constant.pop());
        }
        Self { lines, rows, constant, kept }
    }

    /// Lines and rows left out of the section for want of room.
    pub(super) fn left_out(&self, section: &Section) -> usize {
        section.len() - self.lines - self.rows
    }
}
