//! The rows of a table: one text for a reader of lines, and an array of cells for a reader of JSON.

use serde::ser::{Serialize, SerializeSeq, Serializer};

/// Rows of one width. No cell holds a tab or a line end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// Cells with a tab between them, rows with a line end between them.
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    width: usize,
}

impl Rows {
    /// Room for so many rows of so many cells, and so many bytes of text.
    pub(crate) fn with_capacity(width: usize, rows: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(width * rows), width }
    }

    /// Appends the next cell.
    pub(crate) fn push(&mut self, cell: &str) {
        if !self.ends.is_empty() {
            self.text.push(if self.ends.len().is_multiple_of(self.width) { '\n' } else { '\t' });
        }
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// One row a line.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Appends the rows as an array to `array`, and to `text` as what their text becomes in a JSON string.
    pub(crate) fn write_json(&self, array: &mut Vec<u8>, text: &mut Vec<u8>) -> serde_json::Result<()> {
        array.push(b'[');
        for at in 0..self.ends.len() {
            let is_first = at.is_multiple_of(self.width);
            let (between_cells, between_lines): (&[u8], &[u8]) = match (at, is_first) {
                (0, _) => (b"[", b""),
                (_, true) => (b"],[", b"\\n"),
                (_, false) => (b",", b"\\t"),
            };
            array.extend_from_slice(between_cells);
            text.extend_from_slice(between_lines);
            let start = array.len() + 1;
            serde_json::to_writer(&mut *array, self.cell(at))?;
            text.extend_from_slice(&array[start..array.len() - 1]);
        }
        array.extend_from_slice(if self.ends.is_empty() { b"]" } else { b"]]" });
        Ok(())
    }

    fn len(&self) -> usize {
        self.ends.len().checked_div(self.width).unwrap_or_default()
    }

    fn start(&self, cell: usize) -> usize {
        cell.checked_sub(1).map_or(0, |before| self.ends[before] + 1)
    }

    fn cell(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.ends[at]]
    }
}

/// A row of a table.
struct Row<'r> {
    rows: &'r Rows,
    first: usize,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.first..self.first + self.rows.width).map(|at| self.rows.cell(at)))
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.len()))?;
        for row in 0..self.len() {
            all.serialize_element(&Row { rows: self, first: row * self.width })?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn lines_and_cells_are_the_same_rows() {
        let mut rows = Rows::with_capacity(2, 2, 0);
        for cell in ["", "b", "cc\"", ""] {
            rows.push(cell);
        }
        assert_eq!(rows.text(), "\tb\ncc\"\t");
        assert_eq!(serde_json::to_string(&rows).unwrap(), r#"[["","b"],["cc\"",""]]"#);
        assert_eq!(rows.len(), 2);
        assert_eq!(serde_json::to_string(&Rows::default()).unwrap(), "[]");
        for rows in [rows, Rows::default()] {
            let (mut array, mut text) = (Vec::new(), vec![b'"']);
            rows.write_json(&mut array, &mut text).unwrap();
            text.push(b'"');
            assert_eq!(array, serde_json::to_vec(&rows).unwrap());
            assert_eq!(text, serde_json::to_vec(rows.text()).unwrap());
        }
    }
}
