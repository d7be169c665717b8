//! Where does the next record of a stream end?
//!
//! Pure: bytes in, the place of one record out. Nothing is reserved by a length the bytes claim.

use crate::etf::Unpacked;

/// Longest record, in bytes; a longer one ends the connection, because no end of it can be trusted.
pub(super) const MAX_RECORD_BYTES: usize = (64 << 20) - 1;

/// Bytes before a record's term in a trace port's stream: a kind and a length.
const DBG_HEAD: usize = 5;

/// First byte of a term with its version.
const VERSION: u8 = 131;

/// How records follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A trace port's: `<<0, Len:32, Term:Len/binary>>`, or `<<1, N:32>>` for N dropped.
    Dbg,
    /// `{packet, 4}`: `<<Len:32, Term:Len/binary>>`.
    Packet4,
}

/// What stands at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// A record: its term, and all the bytes it takes.
    Record { term: &'a [u8], bytes: usize },
    /// The source dropped so many messages.
    Dropped { messages: u32, bytes: usize },
    /// Its end has not come yet: so many bytes are known to be needed.
    More { needed: usize },
    /// No record.
    Broken(String),
}

impl Framing {
    /// What stands at the start of `bytes`.
    pub(super) fn step(self, bytes: &[u8]) -> Step<'_> {
        let (head, length) = match (self, bytes) {
            (Self::Dbg, [0, a, b, c, d, ..]) => (DBG_HEAD, u32::from_be_bytes([*a, *b, *c, *d])),
            (Self::Dbg, [1, a, b, c, d, ..]) => {
                return Step::Dropped { messages: u32::from_be_bytes([*a, *b, *c, *d]), bytes: DBG_HEAD };
            }
            (Self::Dbg, [kind, ..]) if *kind > 1 => {
                return Step::Broken(format!("a record begins with byte 0 or 1, here is {kind}"));
            }
            (Self::Packet4, [a, b, c, d, ..]) => (4, u32::from_be_bytes([*a, *b, *c, *d])),
            (Self::Dbg, _) => return Step::More { needed: DBG_HEAD },
            (Self::Packet4, _) => return Step::More { needed: 4 },
        };
        let length = length as usize;
        if length > MAX_RECORD_BYTES {
            return Step::Broken(format!("a record of {length} bytes; at most {MAX_RECORD_BYTES}"));
        }
        match bytes.get(head..head + length) {
            Some(term) => Step::Record { term, bytes: head + length },
            None => Step::More { needed: head + length },
        }
    }
}

/// Whether a trace port's stream seems to begin at the start of a record. (A port that was left by a slow client goes on
/// in the middle of the record it was writing.)
pub(super) fn begins_whole(bytes: &[u8], unpacked: &mut Unpacked) -> bool {
    match Framing::Dbg.step(bytes) {
        Step::Record { term, .. } => unpacked.parse(term, MAX_RECORD_BYTES).is_ok(),
        Step::Dropped { bytes: length, .. } => bytes.get(length).is_none_or(|next| *next <= 1),
        Step::More { .. } => bytes.get(DBG_HEAD).is_none_or(|first| *first == VERSION),
        Step::Broken(_) => false,
    }
}

/// Where in `bytes` the first whole record of a trace port's stream begins: one whose term can be read.
pub(super) fn first_whole(bytes: &[u8], unpacked: &mut Unpacked) -> Option<usize> {
    memchr::memchr_iter(VERSION, bytes).filter_map(|version| version.checked_sub(DBG_HEAD)).find(|start| {
        let Step::Record { term, .. } = Framing::Dbg.step(&bytes[*start..]) else { return false };
        // Half of all bytes could be a small integer's term; a trace message is a tuple or a list.
        matches!(term.get(1), Some(80 | 104 | 105 | 108)) && unpacked.parse(term, MAX_RECORD_BYTES).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_by_their_lengths() {
        assert_eq!(Framing::Dbg.step(&[0, 0, 0, 0, 2, 131, 106, 9]), Step::Record { term: &[131, 106], bytes: 7 });
        assert_eq!(Framing::Packet4.step(&[0, 0, 0, 2, 131, 106]), Step::Record { term: &[131, 106], bytes: 6 });
        assert_eq!(Framing::Dbg.step(&[1, 0, 0, 1, 4, 0]), Step::Dropped { messages: 260, bytes: 5 });
        assert_eq!(Framing::Dbg.step(&[0, 0, 0, 0, 2, 131]), Step::More { needed: 7 });
        assert_eq!(Framing::Packet4.step(&[0, 0]), Step::More { needed: 4 });
        assert_eq!(Framing::Dbg.step(&[]), Step::More { needed: 5 });
    }

    #[test]
    fn a_length_no_record_has_is_refused_before_anything_is_waited_for() {
        for (framing, bytes) in
            [(Framing::Dbg, &[0, 255, 255, 255, 255][..]), (Framing::Packet4, &[255, 255, 255, 255])]
        {
            let Step::Broken(told) = framing.step(bytes) else { panic!("{framing:?} took it") };
            assert!(told.contains("4294967295") && told.contains("67108863"), "{told}");
        }
        assert!(matches!(Framing::Dbg.step(&[7]), Step::Broken(told) if told.contains('7')));
    }

    #[test]
    fn the_first_whole_record_after_half_of_one_is_found() {
        let mut unpacked = Unpacked::default();
        // Half of a record whose rest looks like a head, then `{a}`.
        let mut stream = vec![104, 2, 131, 0, 0, 0, 0, 3, 131, 97, 0];
        let whole = stream.len();
        stream.extend([0, 0, 0, 0, 6, 131, 104, 1, 119, 1, b'a']);
        assert!(!begins_whole(&stream, &mut unpacked));
        assert_eq!(first_whole(&stream, &mut unpacked), Some(whole));
        assert!(begins_whole(&stream[whole..], &mut unpacked));
        assert_eq!(first_whole(&stream[..whole + 5], &mut unpacked), None);
    }
}
