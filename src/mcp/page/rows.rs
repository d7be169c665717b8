//! The rows of a table: one text for a reader of lines, and an array of cells for a reader of JSON.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::cell;

/// What stands between cells of a line.
const TAB: char = '\t';

/// The same in a JSON string.
const TAB_JSON: &[u8] = b"\\t";

/// Cells of rows of one width, in one text: each is what a JSON string of it has between its quotes, with a tab after
/// it, so that cells side by side are copied at once. No cell holds a tab or a line end.
#[derive(Debug)]
pub(crate) struct Cells {
    json: Vec<u8>,
    /// The first is where the first cell begins.
    ends: Vec<End>,
    width: usize,
}

/// Where a cell ends.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// In the text, after its tab.
    at: usize,
    /// Bytes that this cell and those before it take more as JSON.
    escapes: usize,
}

impl Cells {
    /// Room for so many cells, and so many bytes of text.
    pub(crate) fn with_capacity(width: usize, cells: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(cells + 1);
        ends.push(End::default());
        Self { json: Vec::with_capacity(bytes), ends, width }
    }

    /// Appends the next cell, which `write` appends as JSON; it says how many bytes more than the cell that is.
    #[inline]
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>) -> usize) {
        let escapes = self.ends[self.ends.len() - 1].escapes + write(&mut self.json);
        self.json.extend_from_slice(TAB_JSON);
        self.ends.push(End { at: self.json.len(), escapes });
    }

    /// Bytes of the cells up to a place, without tabs.
    fn bytes_before(&self, place: usize) -> usize {
        let End { at, escapes } = self.ends[place];
        at - escapes - place * TAB_JSON.len()
    }

    /// Bytes of all cells.
    pub(crate) fn len(&self) -> usize {
        self.bytes_before(self.ends.len() - 1)
    }

    /// Bytes of the cells of a row.
    fn bytes(&self, row: usize) -> usize {
        self.bytes_before((row + 1) * self.width) - self.bytes_before(row * self.width)
    }

    /// Bytes of a cell.
    pub(crate) fn bytes_of(&self, column: usize, row: usize) -> usize {
        let place = row * self.width + column;
        self.bytes_before(place + 1) - self.bytes_before(place)
    }

    /// Whether a cell is another than that of the first row.
    pub(crate) fn differs(&self, column: usize, row: usize) -> bool {
        self.json(column, row) != self.json(column, 0)
    }

    /// A cell as JSON, without quotes.
    #[inline]
    fn json(&self, column: usize, row: usize) -> &[u8] {
        self.run(column, column, row)
    }

    /// Cells of a row side by side, from a first to a last column, as JSON, with tabs between them.
    #[inline]
    fn run(&self, first: usize, last: usize, row: usize) -> &[u8] {
        let row = row * self.width;
        &self.json[self.ends[row + first].at..self.ends[row + last + 1].at - TAB_JSON.len()]
    }
}

/// The rows of a table: some columns of cells, which it shares.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(super) cells: Arc<Cells>,
    /// Columns by their place in the cells; the others are the same in every row shown.
    pub(super) kept: Vec<usize>,
    /// Rows of the cells, from the first; the last leads when they are turned around.
    pub(super) shown: usize,
    pub(super) reversed: bool,
    /// One of `kept` whose cells are these ones instead.
    pub(super) replaced: Option<(usize, Arc<Cells>)>,
}

impl Rows {
    /// The cells a column of theirs is in, and its place there.
    #[inline]
    fn home(&self, column: usize) -> (&Cells, usize) {
        match &self.replaced {
            Some((replaced, cells)) if *replaced == column => (cells, 0),
            _ => (&self.cells, column),
        }
    }

    /// A cell of a row of the cells.
    pub(super) fn cell(&self, column: usize, row: usize) -> Cow<'_, str> {
        let (cells, column) = self.home(column);
        cell::text(cells.json(column, row))
    }

    /// Bytes of each row as a line, its end included, from the last of the cells to the first.
    pub(super) fn lengths_from_last(&self) -> impl Iterator<Item = usize> {
        let kept: usize = self.kept.iter().map(|at| self.cells.bytes_of(*at, 0)).sum();
        let elsewhere = if self.shown == 0 { 0 } else { self.cells.bytes(0) - kept };
        (0..self.shown).rev().map(move |row| {
            let bytes = self.cells.bytes(row) - elsewhere + self.kept.len();
            match &self.replaced {
                Some((column, cells)) => bytes - self.cells.bytes_of(*column, row) + cells.bytes(row),
                None => bytes,
            }
        })
    }

    /// Appends them with a tab between cells, and a line end between rows.
    pub(crate) fn write_lines(&self, text: &mut String) {
        text.reserve(self.lengths_from_last().sum());
        for row in self.rows() {
            if row.at > 0 {
                text.push('\n');
            }
            for (at, cell) in row.cells().enumerate() {
                if at > 0 {
                    text.push(TAB);
                }
                text.push_str(&cell);
            }
        }
    }

    /// Appends them as an array to `array`, and to `text` as what their lines become in a JSON string.
    pub(crate) fn write_json(&self, array: &mut Vec<u8>, text: &mut Vec<u8>) {
        let runs = self.runs();
        array.push(b'[');
        for Row { at, row, .. } in self.rows() {
            if at > 0 {
                array.push(b',');
                text.extend_from_slice(b"\\n");
            }
            for (at, (first, last)) in runs.iter().enumerate() {
                if at > 0 {
                    text.extend_from_slice(TAB_JSON);
                }
                let (cells, column) = self.home(*first);
                text.extend_from_slice(cells.run(column, column + last - first, row));
            }
            for (at, column) in self.kept.iter().enumerate() {
                array.extend_from_slice(if at == 0 { b"[\"" } else { b"\",\"" });
                let (cells, column) = self.home(*column);
                array.extend_from_slice(cells.json(column, row));
            }
            array.extend_from_slice(b"\"]");
        }
        array.push(b']');
    }

    /// The columns kept, those side by side together: first and last.
    fn runs(&self) -> Vec<(usize, usize)> {
        let replaced = |column| self.replaced.as_ref().is_some_and(|(replaced, _)| *replaced == column);
        let apart = |a: &usize, b: &usize| *b != a + 1 || replaced(*a) || replaced(*b);
        self.kept.chunk_by(|a, b| !apart(a, b)).map(|run| (run[0], run[run.len() - 1])).collect()
    }

    /// The rows in the order shown.
    fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.shown).map(|at| Row { rows: self, at, row: if self.reversed { self.shown - 1 - at } else { at } })
    }
}

/// A row of a table.
struct Row<'r> {
    rows: &'r Rows,
    /// Its place among those shown.
    at: usize,
    /// Its place in the cells.
    row: usize,
}

impl<'r> Row<'r> {
    /// Its cells, in the order shown.
    fn cells(&self) -> impl Iterator<Item = Cow<'r, str>> {
        let Self { rows, row, .. } = *self;
        rows.kept.iter().map(move |column| rows.cell(*column, row))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.cells())
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.shown))?;
        for row in self.rows() {
            all.serialize_element(&row)?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const WIDTH: usize>(rows: &[[&str; WIDTH]]) -> Arc<Cells> {
        let mut cells = Cells::with_capacity(WIDTH, 0, 0);
        for cell in rows.as_flattened() {
            cells.push(|text| cell::push_text(text, cell));
        }
        Arc::new(cells)
    }

    fn check(rows: &Rows, lines: &str, json: &str) {
        let mut text = String::new();
        rows.write_lines(&mut text);
        assert_eq!(text, lines);
        assert_eq!(serde_json::to_string(rows).unwrap(), json);
        let (mut array, mut text_json) = (Vec::new(), vec![b'"']);
        rows.write_json(&mut array, &mut text_json);
        text_json.push(b'"');
        assert_eq!(String::from_utf8(array).unwrap(), json);
        assert_eq!(text_json, serde_json::to_vec(&text).unwrap());
        let mut lengths: Vec<usize> = text.split('\n').map(|line| line.len() + 1).take(rows.shown).collect();
        if !rows.reversed {
            lengths.reverse();
        }
        assert_eq!(rows.lengths_from_last().collect::<Vec<_>>(), lengths);
    }

    #[test]
    fn lines_and_cells_are_the_same_rows() {
        let cells = cells(&[["1", "same", ""], ["22", "same", "c\"c"], ["333", "same", "\u{e9}"]]);
        let mut rows = Rows { cells, kept: vec![0, 2], shown: 3, reversed: false, replaced: None };
        check(&rows, "1\t\n22\tc\"c\n333\t\u{e9}", "[[\"1\",\"\"],[\"22\",\"c\\\"c\"],[\"333\",\"\u{e9}\"]]");
        rows.shown = 2;
        rows.reversed = true;
        check(&rows, "22\tc\"c\n1\t", r#"[["22","c\"c"],["1",""]]"#);
        rows.replaced = Some((0, self::cells(&[["-4444"], ["0"]])));
        check(&rows, "0\tc\"c\n-4444\t", r#"[["0","c\"c"],["-4444",""]]"#);
        rows.replaced = None;
        rows.shown = 1;
        rows.kept = vec![2];
        check(&rows, "", r#"[[""]]"#);
        rows.shown = 0;
        rows.kept = Vec::new();
        check(&rows, "", "[]");
    }
}
