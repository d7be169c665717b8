//! The rows of a table: one text for a reader of lines, and an array of cells for a reader of JSON.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::cell::is_plain;

/// Cells of rows of one width, in one text. No cell holds a tab or a line end.
#[derive(Debug)]
pub(crate) struct Cells {
    text: String,
    /// Where each cell ends; the first entry is where the first begins.
    ends: Vec<usize>,
    width: usize,
}

impl Cells {
    /// Room for so many cells, and so many bytes of text.
    pub(crate) fn with_capacity(width: usize, cells: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(cells + 1);
        ends.push(0);
        Self { text: String::with_capacity(bytes), ends, width }
    }

    /// Appends the next cell, which `write` appends to the text; how long it is.
    #[inline]
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut String)) -> usize {
        let start = self.text.len();
        write(&mut self.text);
        self.ends.push(self.text.len());
        self.text.len() - start
    }

    /// A cell of a row.
    #[inline]
    pub(crate) fn cell(&self, column: usize, row: usize) -> &str {
        let at = row * self.width + column;
        &self.text[self.ends[at]..self.ends[at + 1]]
    }

    /// Bytes of all cells of a row.
    pub(crate) fn bytes(&self, row: usize) -> usize {
        self.ends[(row + 1) * self.width] - self.ends[row * self.width]
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
    /// A cell of a row of the cells.
    pub(super) fn cell(&self, column: usize, row: usize) -> &str {
        match &self.replaced {
            Some((replaced, cells)) if *replaced == column => cells.cell(0, row),
            _ => self.cells.cell(column, row),
        }
    }

    /// Bytes of each row as a line, its end included, from the last of the cells to the first.
    pub(super) fn lengths_from_last(&self) -> impl Iterator<Item = usize> {
        let kept: usize = self.kept.iter().map(|at| self.cells.cell(*at, 0).len()).sum();
        let elsewhere = if self.shown == 0 { 0 } else { self.cells.bytes(0) - kept };
        (0..self.shown).rev().map(move |row| {
            let bytes = self.cells.bytes(row) - elsewhere + self.kept.len();
            match &self.replaced {
                Some((column, cells)) => bytes - self.cells.cell(*column, row).len() + cells.bytes(row),
                None => bytes,
            }
        })
    }

    /// Appends them with a tab between cells, and a line end between rows.
    pub(crate) fn write_lines(&self, text: &mut String) {
        text.reserve(self.lengths_from_last().sum());
        for at in 0..self.shown {
            for (column, cell) in self.row(at).enumerate() {
                match (at, column) {
                    (0, 0) => {}
                    (_, 0) => text.push('\n'),
                    _ => text.push('\t'),
                }
                text.push_str(cell);
            }
        }
    }

    /// Appends them as an array to `array`, and to `text` as what their lines become in a JSON string.
    pub(crate) fn write_json(&self, array: &mut Vec<u8>, text: &mut Vec<u8>) -> serde_json::Result<()> {
        array.push(b'[');
        for row in 0..self.shown {
            if row > 0 {
                array.push(b',');
                text.extend_from_slice(b"\\n");
            }
            for (at, cell) in self.row(row).enumerate() {
                array.push(if at == 0 { b'[' } else { b',' });
                if at > 0 {
                    text.extend_from_slice(b"\\t");
                }
                if is_plain(cell) {
                    array.push(b'"');
                    array.extend_from_slice(cell.as_bytes());
                    array.push(b'"');
                    text.extend_from_slice(cell.as_bytes());
                } else {
                    let start = array.len() + 1;
                    serde_json::to_writer(&mut *array, cell)?;
                    text.extend_from_slice(&array[start..array.len() - 1]);
                }
            }
            array.push(b']');
        }
        array.push(b']');
        Ok(())
    }

    /// The cells of a row, in the order shown.
    fn row(&self, at: usize) -> impl Iterator<Item = &str> {
        let row = if self.reversed { self.shown - 1 - at } else { at };
        self.kept.iter().map(move |column| self.cell(*column, row))
    }
}

/// A row of a table.
struct Row<'r> {
    rows: &'r Rows,
    at: usize,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.row(self.at))
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.shown))?;
        for at in 0..self.shown {
            all.serialize_element(&Row { rows: self, at })?;
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
            assert_eq!(cells.push(|text| text.push_str(cell)), cell.len());
        }
        Arc::new(cells)
    }

    fn check(rows: &Rows, lines: &str, json: &str) {
        let mut text = String::new();
        rows.write_lines(&mut text);
        assert_eq!(text, lines);
        assert_eq!(serde_json::to_string(rows).unwrap(), json);
        let (mut array, mut text_json) = (Vec::new(), vec![b'"']);
        rows.write_json(&mut array, &mut text_json).unwrap();
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
