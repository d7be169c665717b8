//! On which clock are the messages of one source?
//!
//! A node traced with several kinds of timestamps, or with none for a while, still has one clock: that of its first
//! message. A recording never spans more than it lasted.

use super::stamp::Stamp;

/// The clock of a source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SourceClock {
    /// The last message that carried a time, on the source's clock.
    last: Option<Stamp>,
    /// Wall clock less monotonic clock, once both were seen: as said by the source, else by two messages that came one
    /// after the other.
    offset_ns: Option<i64>,
    /// Now on the events' clock, as long as no message has carried a time and their reader keeps it.
    running_ns: Option<i64>,
}

impl SourceClock {
    /// A message's time, on the source's clock.
    pub(super) fn read(&mut self, stamp: Stamp, said_offset_ns: Option<i64>) -> Stamp {
        let on_it = match self.last {
            Some(last) if last.is_wall != stamp.is_wall => {
                let (wall, own) = if stamp.is_wall { (stamp.ns, last.ns) } else { (last.ns, stamp.ns) };
                let known = self.offset_ns.or(said_offset_ns);
                let offset = known.unwrap_or_else(|| wall.saturating_sub(own));
                self.offset_ns = Some(offset);
                let ns = if stamp.is_wall { stamp.ns.saturating_sub(offset) } else { stamp.ns.saturating_add(offset) };
                Stamp { ns, unique: None, is_wall: last.is_wall }
            }
            _ => stamp,
        };
        self.last = Some(on_it);
        on_it
    }

    /// The last message that carried a time.
    pub(super) const fn last(&self) -> Option<Stamp> {
        self.last
    }

    /// Says what time it is on the events' clock, until a message does.
    pub(super) fn run(&mut self, now_ns: i64) {
        if self.last.is_none() {
            self.running_ns = Some(now_ns);
        }
    }

    /// Now, as far as no message has told it.
    pub(super) const fn running(&self) -> Option<i64> {
        self.running_ns
    }

    /// With the first message that carries a time, events go on from where they are: what is to be added to its times,
    /// if something was told before on a clock of its reader's.
    pub(super) fn join(&mut self, first: Stamp) -> Option<i64> {
        let now = self.running_ns.take().filter(|_| self.last.is_none())?;
        (!first.is_wall).then(|| now.saturating_sub(first.ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(ns: i64) -> Stamp {
        Stamp { ns, unique: None, is_wall: true }
    }

    fn own(ns: i64) -> Stamp {
        Stamp { ns, unique: Some(ns), is_wall: false }
    }

    #[test]
    fn times_of_the_other_kind_are_put_on_the_clock_of_the_first() {
        let mut clock = SourceClock::default();
        assert_eq!(clock.read(own(-900), None), own(-900));
        assert_eq!(clock.read(wall(5_000), None).ns, -900, "about now, by what came before");
        assert_eq!(clock.read(own(-700), None).ns, -700);
        assert_eq!(clock.read(wall(5_300), None), Stamp { ns: -600, unique: None, is_wall: false });
        let mut clock = SourceClock::default();
        assert_eq!(clock.read(wall(5_000), Some(5_900)), wall(5_000));
        assert_eq!(clock.read(own(-890), Some(5_900)), wall(5_010));
    }

    #[test]
    fn the_first_time_goes_on_from_the_readers_clock() {
        let mut clock = SourceClock::default();
        clock.run(70);
        clock.run(80);
        assert_eq!((clock.running(), clock.join(own(-900))), (Some(80), Some(980)));
        clock.read(own(-900), None);
        clock.run(90);
        assert_eq!((clock.running(), clock.join(own(-800))), (None, None));
    }
}
