//! The rows of a table: one text for a reader of lines, and an array of cells for a reader of JSON.

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::cell::is_plain;

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

    /// Appends a row; it has as many cells as the others.
    pub(crate) fn push<'c>(&mut self, cells: impl Iterator<Item = &'c str>) {
        let is_first = self.ends.is_empty();
        for (at, cell) in cells.enumerate() {
            match (at, is_first) {
                (0, true) => {}
                (0, false) => self.text.push('\n'),
                _ => self.text.push('\t'),
            }
            self.text.push_str(cell);
            self.ends.push(self.text.len());
        }
    }

    /// One row a line.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Appends the rows as an array to `array`, and to `text` as what their text becomes in a JSON string.
    pub(crate) fn write_json(&self, array: &mut Vec<u8>, text: &mut Vec<u8>) -> serde_json::Result<()> {
        array.push(b'[');
        for row in 0..self.len() {
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

    fn len(&self) -> usize {
        self.ends.len().checked_div(self.width).unwrap_or_default()
    }

    /// The cells of a row.
    fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        let first = row * self.width;
        let mut start = first.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        self.ends[first..first + self.width].iter().map(move |end| {
            let cell = &self.text[start..*end];
            start = end + 1;
            cell
        })
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
        let mut all = serializer.serialize_seq(Some(self.len()))?;
        for at in 0..self.len() {
            all.serialize_element(&Row { rows: self, at })?;
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
        for row in [["", "b"], ["cc\"", ""]] {
            rows.push(row.into_iter());
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
