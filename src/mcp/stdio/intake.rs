//! What comes in, line by line: held against the budget while it comes, and taken apart beside whatever else is done if
//! it is long.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::JoinHandle;

use super::envelope::{self, Line};
use super::lines::{Lines, RawLine};
use crate::budget::{Budget, Busy, Reservation};

/// A line longer than this is taken apart on another thread.
const LONG_LINE: usize = 1 << 20;

/// What is read of a line before its memory is asked for: every connection has so much.
const SHORT_LINE: usize = 1 << 20;

/// What was said next.
pub(super) enum Taken {
    /// A line of so many bytes.
    Line(Line, usize),
    /// It was longer than allowed.
    TooLong,
    /// There was no memory for it.
    NoRoom(Busy),
}

/// Bytes that were read, and the lines among them.
pub(super) struct Intake {
    lines: Lines,
    /// Memory of a line that has not come whole.
    memory: Reservation,
    /// Why the line being passed over is.
    passed_over: Option<Busy>,
    /// A long line that is being taken apart.
    reading: Option<Reading>,
}

struct Reading {
    line: JoinHandle<Line>,
    bytes: usize,
    _memory: Reservation,
}

impl Intake {
    /// Lines of at most `max_line` bytes.
    pub(super) fn new(max_line: usize, budget: &Budget) -> Self {
        Self { lines: Lines::new(max_line), memory: budget.empty(), passed_over: None, reading: None }
    }

    /// Whether a line is being taken apart.
    pub(super) const fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Room for the next bytes; tell [`Self::filled`] how many came. Never empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let bytes = self.lines.about_to_hold();
        self.memory.shrink_to(bytes as u64);
        if bytes > SHORT_LINE && self.passed_over.is_none() {
            if let Err(busy) = self.memory.grow_to(bytes as u64) {
                self.lines.pass_over();
                self.memory.shrink_to(0);
                self.passed_over = Some(busy);
            }
        }
        self.lines.room()
    }

    /// So many bytes came into [`Self::room`].
    pub(super) const fn filled(&mut self, bytes: usize) {
        self.lines.filled(bytes);
    }

    /// The next line; none has come whole where it is `None`. Pending while one is taken apart.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Taken>> {
        if self.reading.is_none() {
            let Some(raw) = self.lines.next() else { return Poll::Ready(None) };
            if let Some(taken) = self.take(raw) {
                return Poll::Ready(Some(taken));
            }
        }
        self.poll_reading(cx).map(Some)
    }

    /// Nothing more comes: what is there is the last line.
    pub(super) fn end(&mut self) -> Option<Taken> {
        self.lines.last().and_then(|raw| self.take(raw))
    }

    fn poll_reading(&mut self, cx: &mut Context<'_>) -> Poll<Taken> {
        let Some(Reading { line, bytes, .. }) = &mut self.reading else { return Poll::Pending };
        let bytes = *bytes;
        let line = ready!(Pin::new(line).poll(cx)).unwrap_or_else(|_| Line::failed());
        self.reading = None;
        Poll::Ready(Taken::Line(line, bytes))
    }

    /// What a line says; `None`: it is being taken apart.
    fn take(&mut self, raw: RawLine) -> Option<Taken> {
        let line = match (raw, self.passed_over.take()) {
            (RawLine::TooLong, Some(busy)) => return Some(Taken::NoRoom(busy)),
            (RawLine::TooLong, None) => return Some(Taken::TooLong),
            (RawLine::Whole(line), _) => line,
        };
        let bytes = line.len();
        if bytes <= LONG_LINE {
            return Some(Taken::Line(envelope::read(line), bytes));
        }
        let memory = self.memory.split(bytes as u64);
        let line = tokio::task::spawn_blocking(move || envelope::read(line));
        self.reading = Some(Reading { line, bytes, _memory: memory });
        None
    }
}
