//! What waits to be written, and in what frame?
//!
//! Replies to the items of a batch are the items of one array, on one line, written as they come: no batch is held in
//! memory until its last reply. What is not a reply waits until the array is closed.

use std::time::{Duration, Instant};

use serde::Serialize;

/// So many bytes are worth a write of their own, whatever else is ready.
const WORTH_A_WRITE: usize = 64 << 10;
/// No request is begun while a reply waits longer than this for others to share its write.
const LONGEST_WAIT: Duration = Duration::from_micros(200);
/// Notices kept back for the end of an array; more of them are dropped, for they are hints.
const MAX_HELD: usize = 64 << 10;

/// Replies and notifications on their way out.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// Of `bytes`, those written already.
    written: usize,
    /// When the oldest of `bytes` came.
    since: Option<Instant>,
    array: Array,
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Array {
    #[default]
    None,
    /// Nothing of it is written: an array without replies is no line at all.
    Empty,
    Begun,
}

impl Outbox {
    /// The replies that follow are items of one array.
    pub(crate) fn open_array(&mut self) {
        self.array = Array::Empty;
    }

    /// The array has all its items.
    pub(crate) fn close_array(&mut self) {
        if std::mem::take(&mut self.array) == Array::Begun {
            self.bytes.extend_from_slice(b"]\n");
        }
        self.bytes.append(&mut self.held);
    }

    /// Whether an array is open.
    pub(crate) fn is_in_array(&self) -> bool {
        self.array != Array::None
    }

    /// A reply.
    pub(crate) fn reply(&mut self, message: &impl Serialize) {
        let start = self.begin_reply();
        if serde_json::to_writer(&mut self.bytes, message).is_err() {
            // A message of the protocol's own types is JSON; if it is none after all, no half of it goes out.
            self.bytes.truncate(start);
        }
        self.end_reply();
    }

    /// A reply that is JSON already.
    pub(crate) fn reply_json(&mut self, json: &[u8]) {
        self.begin_reply();
        self.bytes.extend_from_slice(json);
        self.end_reply();
    }

    /// A reply that `write` appends; where it says that it could not, there is none. Whether there is.
    pub(crate) fn reply_with(&mut self, write: impl FnOnce(&mut Vec<u8>) -> bool) -> bool {
        let start = self.bytes.len();
        self.begin_reply();
        let is_written = write(&mut self.bytes);
        if is_written {
            self.end_reply();
        } else {
            self.bytes.truncate(start);
        }
        is_written
    }

    fn begin_reply(&mut self) -> usize {
        self.since.get_or_insert_with(Instant::now);
        match self.array {
            Array::None => {}
            Array::Empty => self.bytes.push(b'['),
            Array::Begun => self.bytes.push(b','),
        }
        self.bytes.len()
    }

    fn end_reply(&mut self) {
        match self.array {
            Array::None => self.bytes.push(b'\n'),
            Array::Empty | Array::Begun => self.array = Array::Begun,
        }
    }

    /// A notification.
    pub(crate) fn notice(&mut self, message: &impl Serialize) {
        let Ok(mut line) = serde_json::to_vec(message) else { return };
        line.push(b'\n');
        if self.array == Array::None {
            self.since.get_or_insert_with(Instant::now);
            self.bytes.append(&mut line);
        } else if self.held.len() + line.len() <= MAX_HELD {
            self.held.append(&mut line);
        }
    }

    /// Bytes not yet written.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.written
    }

    /// Whether what waits should be written before the next request is taken.
    pub(crate) fn is_due(&self) -> bool {
        self.len() >= WORTH_A_WRITE || self.since.is_some_and(|since| since.elapsed() >= LONGEST_WAIT)
    }

    /// What is to be written next.
    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// So much of [`Self::unwritten`] was written.
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written == self.bytes.len() {
            self.written = 0;
            self.since = None;
            self.bytes.clear();
            // What one large reply took is given back.
            self.bytes.shrink_to(4 * WORTH_A_WRITE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outbox: &Outbox) -> &str {
        std::str::from_utf8(outbox.unwritten()).unwrap()
    }

    #[test]
    fn a_batch_is_one_array_and_notices_follow_it() {
        let mut outbox = Outbox::default();
        outbox.reply(&1);
        outbox.open_array();
        outbox.reply(&2);
        outbox.notice(&"hint");
        outbox.reply_json(b"3");
        outbox.close_array();
        outbox.reply(&4);
        assert_eq!(text(&outbox), "1\n[2,3]\n\"hint\"\n4\n");
    }

    #[test]
    fn a_batch_without_replies_is_no_line() {
        let mut outbox = Outbox::default();
        outbox.open_array();
        outbox.close_array();
        assert_eq!(text(&outbox), "");
    }

    #[test]
    fn a_reply_that_cannot_be_written_leaves_nothing() {
        let mut outbox = Outbox::default();
        outbox.open_array();
        let half = |reply: &mut Vec<u8>| {
            reply.push(b'{');
            false
        };
        assert!(!outbox.reply_with(half));
        assert!(outbox.reply_with(|reply| {
            reply.push(b'1');
            true
        }));
        assert!(!outbox.reply_with(half));
        outbox.reply(&2);
        outbox.close_array();
        assert_eq!(text(&outbox), "[1,2]\n");
    }

    #[test]
    fn what_is_written_is_gone() {
        let mut outbox = Outbox::default();
        outbox.reply(&12345);
        outbox.wrote(2);
        outbox.reply(&6);
        assert_eq!(text(&outbox), "345\n6\n");
        outbox.wrote(6);
        assert_eq!((outbox.len(), text(&outbox)), (0, ""));
    }
}
