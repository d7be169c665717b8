//! Where do lines end in a stream of bytes?
//!
//! Bytes are read into one buffer; a line is taken out by copying the smaller part: a short line out of the buffer, or,
//! when the line is most of the buffer, the rest into a new one.

use memchr::memchr;

/// Room for one read: more than a pipe holds as a rule.
const READ: usize = 256 << 10;

/// A line, its end cut off.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RawLine {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It was longer than allowed; its bytes are gone.
    TooLong,
}

/// Bytes that were read, and the lines among them.
#[derive(Debug)]
pub(crate) struct Lines {
    /// `buffer[start..end]` was read and is not yet taken.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// No line ends before this.
    searched: usize,
    max_line: usize,
    /// The rest of a line that is too long is being passed over.
    skipping: bool,
}

impl Lines {
    /// Lines of at most `max_line` bytes.
    pub(crate) const fn new(max_line: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, end: 0, searched: 0, max_line, skipping: false }
    }

    /// Room for the next bytes; tell [`Self::filled`] how many came. Never empty.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end, self.searched) = (0, 0, 0);
        } else if self.start > 0 && self.buffer.len() - self.end < READ / 4 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.searched -= self.start;
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < READ / 4 {
            // Doubling, so that a long line is copied once on the whole.
            let size = (self.end + READ).max(self.buffer.len() * 2);
            self.buffer.resize(size, 0);
        }
        &mut self.buffer[self.end..]
    }

    /// So many bytes came into [`Self::room`].
    pub(crate) const fn filled(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// The next line that has come whole.
    pub(crate) fn next(&mut self) -> Option<RawLine> {
        loop {
            let found = memchr(b'\n', &self.buffer[self.searched..self.end]).map(|at| self.searched + at);
            let Some(at) = found else {
                self.searched = self.end;
                if self.skipping || self.end - self.start > self.max_line {
                    self.skipping = true;
                    self.drop_all();
                }
                return None;
            };
            self.searched = at + 1;
            if std::mem::take(&mut self.skipping) || at - self.start > self.max_line {
                self.start = at + 1;
                return Some(RawLine::TooLong);
            }
            let line = self.take(at);
            if !line.is_empty() {
                return Some(RawLine::Whole(line));
            }
        }
    }

    /// Bytes it holds.
    #[cfg(test)]
    const fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes it will hold when [`Self::room`] is asked for.
    pub(crate) const fn about_to_hold(&self) -> usize {
        let is_full = self.start == 0 && self.buffer.len() - self.end < READ / 4;
        if is_full { self.buffer.len() * 2 } else { self.buffer.len() }
    }

    /// Gives the line up that has not come whole: it ends as one that is too long.
    pub(crate) fn pass_over(&mut self) {
        self.skipping = true;
        self.drop_all();
    }

    /// What came after the last line end, when nothing more comes.
    pub(crate) fn last(&mut self) -> Option<RawLine> {
        if std::mem::take(&mut self.skipping) {
            self.drop_all();
            return Some(RawLine::TooLong);
        }
        let line = self.buffer[self.start..self.end].to_vec();
        self.drop_all();
        (!line.is_empty()).then_some(RawLine::Whole(line))
    }

    fn drop_all(&mut self) {
        // A buffer that grew for one long line is not kept.
        if self.buffer.len() > 4 * READ {
            self.buffer = Vec::new();
        }
        (self.start, self.end, self.searched) = (0, 0, 0);
    }

    /// The bytes up to `at`, where a line ends.
    fn take(&mut self, at: usize) -> Vec<u8> {
        let rest = self.end - (at + 1);
        if self.start > 0 || at < 2 * rest || at < READ / 8 {
            let line = self.buffer[self.start..at].to_vec();
            self.start = at + 1;
            return line;
        }
        let mut next = vec![0; READ.max(2 * rest)];
        next[..rest].copy_from_slice(&self.buffer[at + 1..self.end]);
        let mut line = std::mem::replace(&mut self.buffer, next);
        line.truncate(at);
        (self.start, self.end, self.searched) = (0, rest, 0);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `piece`.
    fn lines(bytes: &[u8], piece: usize, max_line: usize) -> Vec<RawLine> {
        let mut lines = Lines::new(max_line);
        let mut found = Vec::new();
        for piece in bytes.chunks(piece) {
            let mut piece = piece;
            while !piece.is_empty() {
                let room = lines.room();
                let taken = piece.len().min(room.len());
                room[..taken].copy_from_slice(&piece[..taken]);
                lines.filled(taken);
                piece = &piece[taken..];
                while let Some(line) = lines.next() {
                    found.push(line);
                }
            }
        }
        found.extend(lines.last());
        found
    }

    fn whole(text: &str) -> RawLine {
        RawLine::Whole(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_are_found_however_the_bytes_arrive() {
        let long = "x".repeat(700_000);
        let text = format!("a\n\nbc\n{long}\nd\n{long}y\nlast");
        let expected = [whole("a"), whole("bc"), whole(&long), whole("d"), whole(&format!("{long}y")), whole("last")];
        for piece in [1000, 65_536, 262_144, usize::MAX] {
            assert_eq!(lines(text.as_bytes(), piece, 1 << 20), expected, "{piece}");
        }
        assert_eq!(lines(b"ab\ncd", 1, 10), [whole("ab"), whole("cd")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_one_error_and_the_next_is_read() {
        let text = format!("{}\nok\n{}", "x".repeat(1_000_001), "y".repeat(1_000_001));
        for piece in [1000, 65_536, usize::MAX] {
            assert_eq!(lines(text.as_bytes(), piece, 1_000_000), [RawLine::TooLong, whole("ok"), RawLine::TooLong]);
        }
        assert_eq!(lines(b"12345\n123456\n", 3, 5), [whole("12345"), RawLine::TooLong]);
    }

    #[test]
    fn a_line_that_is_given_up_is_one_error_and_the_next_is_read() {
        let mut lines = Lines::new(1_000_000);
        let feed = |lines: &mut Lines, bytes: &[u8]| {
            lines.room()[..bytes.len()].copy_from_slice(bytes);
            lines.filled(bytes.len());
        };
        feed(&mut lines, b"first\nlong");
        assert_eq!(lines.next(), Some(whole("first")));
        assert_eq!(lines.next(), None);
        lines.pass_over();
        feed(&mut lines, b" and on");
        assert_eq!(lines.next(), None);
        feed(&mut lines, b" end\nnext\n");
        assert_eq!((lines.next(), lines.next()), (Some(RawLine::TooLong), Some(whole("next"))));
    }

    #[test]
    fn a_long_line_leaves_no_large_buffer_behind() {
        let mut lines = Lines::new(1_000_000);
        for _ in 0..40 {
            let room = lines.room().len();
            let expected = lines.held();
            lines.filled(room);
            assert_eq!(lines.next(), None);
            assert!(lines.buffer.len() <= 4 << 20);
            let will = lines.about_to_hold();
            lines.room();
            assert!(expected <= 4 << 20 && lines.held() <= will.max(2 * READ), "{} of {will}", lines.held());
        }
    }
}
