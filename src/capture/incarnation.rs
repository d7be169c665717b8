//! Is who speaks now who spoke before?
//!
//! Two operating system processes of one application have pids and clocks that look alike: both clocks start near
//! -576460752 s. Mixing them would join what never met.

use crate::etf::{Term, View};
use crate::trace::{self, Stamp};

/// Clocks of one process, seen twice, differ by less (scheduling, a drained queue); those of two lives of an application
/// by more (an operating system process, let alone a BEAM, does not start faster).
const SAME_CLOCK_NS: i64 = 250_000_000;

/// Messages of several schedulers arrive out of order by so much at most.
const DISORDER_NS: i64 = 1_000_000_000;

/// What a source shows of the process behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Of the operating system, where the producer says it.
    pub(super) os_pid: Option<String>,
    /// Name of the node.
    pub(super) node: Option<String>,
    /// Which life of the node, where it is distributed.
    pub(super) creation: Option<u32>,
    /// A message's time: the last of those seen before, the first of those seen now.
    pub(super) stamp: Option<Stamp>,
    /// Wall clock less the process's monotonic clock, at least: the least of (arrival less stamp), or what the producer
    /// says.
    pub(super) offset_ns: Option<i64>,
    /// Whether the producer said it, so that it is exact.
    pub(super) is_exact: bool,
}

/// Whether a connection goes on with what was heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// The same operating system process.
    Same,
    /// Another one.
    New,
}

/// Whether `seen` is the process that was `previous`. In doubt it is another: a call stack lost does less harm than two
/// processes made one.
pub(super) fn decide(previous: &Seen, seen: &Seen) -> Life {
    let differ = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one != other);
    if differ(previous.os_pid.as_deref(), seen.os_pid.as_deref())
        || differ(previous.node.as_deref(), seen.node.as_deref())
        || previous.creation.zip(seen.creation).is_some_and(|(one, other)| one != other)
    {
        return Life::New;
    }
    let moved = previous.offset_ns.zip(seen.offset_ns).map(|(before, now)| now.saturating_sub(before));
    if previous.is_exact && seen.is_exact {
        // In a container every first process has the same os pid; the moment it started tells them apart.
        return if moved.is_some_and(|by| by.abs() <= SAME_CLOCK_NS) { Life::Same } else { Life::New };
    }
    let Some((before, now)) = previous.stamp.zip(seen.stamp).filter(|(before, now)| before.is_wall == now.is_wall)
    else {
        return Life::New;
    };
    let went_back = match before.unique.zip(now.unique) {
        Some((before, now)) => now <= before,
        None => now.ns < before.ns.saturating_sub(DISORDER_NS),
    };
    if went_back {
        return Life::New;
    }
    match moved {
        // Nothing arrives before it happens.
        Some(by) if by < -SAME_CLOCK_NS => Life::New,
        // What waited in a queue arrives late and looks like a later clock: with a total order, that is no sign.
        Some(by) if by > SAME_CLOCK_NS && now.unique.is_none() => Life::New,
        _ => Life::Same,
    }
}

impl Seen {
    /// Takes in a message that arrived at `arrived_ns`.
    pub(super) fn message(&mut self, term: Term<'_>, arrived_ns: i64) {
        if let Some(messages) = term.items() {
            for message in messages {
                self.one(message, arrived_ns);
            }
        } else {
            self.one(term, arrived_ns);
        }
    }

    fn one(&mut self, message: Term<'_>, arrived_ns: i64) {
        if self.creation.is_none() {
            self.meet(message);
        }
        let Some(stamp) = trace::stamp_of(message) else { return };
        let earliest = self.stamp.is_none_or(|first| (stamp.unique, stamp.ns) < (first.unique, first.ns));
        if earliest {
            self.stamp = Some(stamp);
        }
        self.offset(stamp, arrived_ns);
    }

    /// Takes in how late a message came.
    pub(super) fn offset(&mut self, stamp: Stamp, arrived_ns: i64) {
        if !self.is_exact && !stamp.is_wall {
            let offset = arrived_ns.saturating_sub(stamp.ns);
            self.offset_ns = Some(self.offset_ns.map_or(offset, |least| least.min(offset)));
        }
    }

    /// The traced process tells its node, and which life of it.
    fn meet(&mut self, message: Term<'_>) -> Option<()> {
        let mut parts = message.tuple()?;
        let name = parts.next()?.atom()?;
        if !matches!(name.bytes(), b"trace" | b"trace_ts") {
            return None;
        }
        let View::Pid(pid) = parts.next()?.view() else { return None };
        self.node.get_or_insert_with(|| pid.node.text().into_owned());
        self.creation = Some(pid.creation);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn seen(ns: i64, unique: Option<i64>, offset_ns: i64) -> Seen {
        let stamp = Some(Stamp { ns, unique, is_wall: false });
        Seen {
            stamp,
            offset_ns: Some(offset_ns),
            node: Some("nonode@nohost".into()),
            creation: Some(0),
            ..Seen::default()
        }
    }

    fn said(os_pid: &str, offset_ns: i64) -> Seen {
        Seen { os_pid: Some(os_pid.into()), offset_ns: Some(offset_ns), is_exact: true, ..Seen::default() }
    }

    #[test]
    fn a_total_order_that_goes_on_is_the_same_process_and_one_that_starts_again_is_another() {
        let before = seen(-100, Some(500), 7);
        assert_eq!(decide(&before, &seen(-50, Some(501), 7)), Life::Same);
        assert_eq!(decide(&before, &seen(-50, Some(500), 7)), Life::New);
        assert_eq!(decide(&before, &seen(-50, Some(3), 7)), Life::New, "whatever the clock says");
    }

    #[test]
    fn what_waited_in_the_ports_queue_is_no_sign_of_another_process() {
        let before = seen(-100, Some(500), 7);
        assert_eq!(decide(&before, &seen(-50, Some(501), 7 + 60 * SECOND)), Life::Same);
        assert_eq!(decide(&before, &seen(-50, Some(501), 7 - SECOND)), Life::New, "nothing arrives before it happens");
    }

    #[test]
    fn without_a_total_order_the_clock_decides() {
        let before = seen(-100, None, 7);
        assert_eq!(decide(&before, &seen(-200, None, 8)), Life::Same, "schedulers disagree a little");
        assert_eq!(decide(&before, &seen(-3 * SECOND, None, 8)), Life::New);
        assert_eq!(decide(&before, &seen(50, None, 7 + SECOND)), Life::New);
        assert_eq!(decide(&before, &Seen::default()), Life::New, "nothing is known: not mixed");
    }

    #[test]
    fn another_node_or_another_life_of_it_is_another_process() {
        let before = seen(-100, Some(500), 7);
        let other = Seen { node: Some("b@host".into()), ..seen(-50, Some(501), 7) };
        assert_eq!(decide(&before, &other), Life::New);
        assert_eq!(decide(&before, &Seen { creation: Some(5), ..seen(-50, Some(501), 7) }), Life::New);
    }

    #[test]
    fn what_a_producer_says_of_itself_is_believed() {
        assert_eq!(decide(&said("12", 5), &said("12", 5 + 1000)), Life::Same);
        assert_eq!(decide(&said("12", 5), &said("13", 5)), Life::New);
        assert_eq!(decide(&said("1", 5), &said("1", 5 + SECOND)), Life::New, "the first process of another container");
    }
}
