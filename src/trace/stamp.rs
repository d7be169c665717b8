//! When did a trace message happen?

use super::message::Parts;
use crate::etf::Term;

/// The time of a trace message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds of the node's monotonic clock; of the wall clock, where the source traces with `timestamp`.
    pub ns: i64,
    /// A strictly increasing number of the node, where the source traces with `strict_monotonic_timestamp`: its total
    /// order.
    pub unique: Option<i64>,
    /// Whether `ns` is wall-clock time.
    pub is_wall: bool,
}

/// 1998-01-01: no Erlang outside of Ericsson has traced before.
const FIRST_WALL_NS: i64 = 883_612_800_000_000_000;

impl Stamp {
    /// Reads `{Mono, Unique}`, `Mono` or `{Mega, Sec, Micro}`.
    pub(super) fn read(term: Term<'_>) -> Option<Self> {
        if let Some(ns) = term.integer() {
            return Some(Self { ns, unique: None, is_wall: false });
        }
        Self::read_tuple(term)
    }

    pub(super) fn read_tuple(term: Term<'_>) -> Option<Self> {
        let mut parts = term.tuple()?;
        match parts.len() {
            2 => {
                let (ns, unique) = (parts.next()?.integer()?, parts.next()?.integer()?);
                Some(Self { ns, unique: Some(unique), is_wall: false })
            }
            3 => {
                let mut next = || parts.next()?.integer();
                let (mega, sec, micro) = (next()?, next()?, next()?);
                let seconds = mega.checked_mul(1_000_000)?.checked_add(sec)?;
                let ns = seconds.checked_mul(1_000_000_000)?.checked_add(micro.checked_mul(1000)?)?;
                // A node traced with `cpu_timestamp` tells how long it has worked in the same form.
                Some(Self { ns, unique: None, is_wall: ns >= FIRST_WALL_NS })
            }
            _ => None,
        }
    }
}

/// The time a trace message carries, if it is one and carries one. Of a batch, that of the first that does.
pub fn stamp_of(message: Term<'_>) -> Option<Stamp> {
    Parts::of(message).stamp().or_else(|| message.items()?.find_map(stamp_of))
}
