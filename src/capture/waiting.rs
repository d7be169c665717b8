//! Which producer has been silent longest?
//!
//! Producers keep their connections open, most of them silent. When there is no room for another, the one that was silent
//! longest makes room; one that just came, or is being read, never does.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use crate::clock::Clock;

/// When a producer last sent something.
pub(super) struct Sign {
    clock: Arc<dyn Clock>,
    last_ns: AtomicI64,
}

impl Sign {
    /// It was there just now.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let last_ns = AtomicI64::new(clock.now_ns());
        Self { clock, last_ns }
    }

    pub(super) fn give(&self) {
        self.last_ns.store(self.clock.now_ns(), Ordering::Relaxed);
    }

    fn silent_ns(&self, now_ns: i64) -> i64 {
        now_ns.saturating_sub(self.last_ns.load(Ordering::Relaxed))
    }
}

/// A producer, for who may have to end it.
pub(super) struct Heard {
    /// There while it is heard.
    pub(super) stream: Weak<TcpStream>,
    pub(super) sign: Arc<Sign>,
}

impl Heard {
    /// Ends the connection as if the producer had: what it sent before is still read and stored.
    fn part(&self) {
        let _closed_already = self.stream.upgrade().map(|stream| stream.shutdown(Shutdown::Read));
    }
}

/// Ends the producer that was silent longest, and for `least_ns` at least; which one, by its place.
pub(super) fn make_room<'h>(producers: impl Iterator<Item = &'h Heard>, now_ns: i64, least_ns: i64) -> Option<usize> {
    let silent = producers.enumerate().map(|(at, heard)| (heard.sign.silent_ns(now_ns), at, heard));
    let (_, at, heard) = silent.filter(|(ns, ..)| *ns >= least_ns).max_by_key(|(ns, at, _)| (*ns, usize::MAX - at))?;
    heard.part();
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    #[test]
    fn the_one_silent_longest_makes_room_and_what_it_sent_is_read() {
        let clock = Arc::new(ManualClock::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut sent, mut streams) = (Vec::new(), Vec::new());
        let heard: Vec<Heard> = (0..3)
            .map(|_| {
                let mut sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                let (stream, _) = listener.accept().unwrap();
                sender.write_all(b"said").unwrap();
                sent.push(sender);
                clock.advance(10);
                let stream = Arc::new(stream);
                streams.push(Arc::clone(&stream));
                Heard { stream: Arc::downgrade(&stream), sign: Arc::new(Sign::new(clock.clone())) }
            })
            .collect();
        heard[0].sign.give();
        assert_eq!(make_room(heard.iter(), clock.now_ns(), 100), None, "nobody was silent that long");
        assert_eq!(make_room(heard.iter(), clock.now_ns(), 5), Some(1));
        let mut read = String::new();
        (&*streams[1]).read_to_string(&mut read).unwrap();
        assert_eq!(read, "said");
    }
}
