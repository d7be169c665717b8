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
    }
}
