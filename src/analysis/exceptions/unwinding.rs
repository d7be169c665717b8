//! Which failed ends of calls are one exception on its way out?
//!
//! Ends of calls are taken in the order they happened. An exception is *on its way* from the call it was raised in; a
//! call around it that fails of the same, or of what wraps it, hands it on; one that returns has caught it; one that
//! fails of something else has caught it and raised another.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::reading::Reading;

/// Exceptions of one process that may be on their way at a time: one for each level that handles another.
const MAX_OPEN: usize = 16;

/// A call at its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) process: u32,
    /// Which call it is, if that is known.
    pub(super) call: Option<u64>,
    /// The call around it.
    pub(super) parent: Option<u64>,
    /// When it began, in any unit that orders the calls of a process.
    pub(super) start: Option<i64>,
}

/// An exception that no call has caught yet.
#[derive(Debug)]
struct OnItsWay {
    number: u32,
    /// The outermost call it has ended.
    frame: Frame,
    reading: Reading,
}

/// What an end of a call did.
#[derive(Debug)]
pub(super) struct Step {
    /// The exception it failed of, for failed ends.
    pub(super) exception: Option<u32>,
    /// Whether it was raised here.
    pub(super) is_new: bool,
    /// Those it caught.
    pub(super) caught: Vec<u32>,
}

/// Follows the exceptions of many processes.
#[derive(Debug, Default)]
pub(super) struct Unwinding {
    open: HashMap<u32, Vec<OnItsWay>, FixedState>,
    raised: u32,
}

impl Unwinding {
    /// A call returned. Cost: one probe where nothing is on its way in its process.
    pub(super) fn returned(&mut self, frame: Frame) -> Vec<u32> {
        let Some(open) = self.open.get_mut(&frame.process).filter(|open| !open.is_empty()) else { return Vec::new() };
        let mut caught = Vec::new();
        open.retain(|one| {
            let is_inside = frame.is_around(&one.frame);
            if is_inside {
                caught.push(one.number);
            }
            !is_inside
        });
        caught
    }

    /// The reasons of what is on its way in a process.
    pub(super) fn on_its_way(&self, process: u32) -> impl Iterator<Item = &str> {
        self.open.get(&process).into_iter().flatten().filter_map(|one| one.reading.core.as_deref())
    }

    /// A process ended: nothing is on its way in it.
    pub(super) fn ended(&mut self, process: u32) {
        self.open.remove(&process);
    }

    /// A call failed. `was_handed`: whether this reason was among the call's arguments, asked only of reasons of
    /// exceptions that are on their way: a function that is given an error may raise it again. `is_next`: whether the call
    /// is of something its process did after the exception of this number, asked where no call around says that.
    pub(super) fn failed(
        &mut self,
        frame: Frame,
        reading: Reading,
        was_handed: impl Fn(&str) -> bool,
        is_next: impl Fn(u32) -> bool,
    ) -> Step {
        let open = self.open.entry(frame.process).or_default();
        let is_handed_on = |one: &OnItsWay| {
            let is_around = frame.is_around(&one.frame);
            let again = || reading.is_wrapped || one.reading.core.as_deref().is_some_and(&was_handed);
            reading.continues(&one.reading) && (is_around || again() && !is_next(one.number))
        };
        let at = open.iter().rposition(is_handed_on);
        let mut kept = at.map(|at| open.remove(at));
        let mut caught = Vec::new();
        open.retain(|one| {
            let is_inside = frame.is_around(&one.frame);
            if is_inside {
                caught.push(one.number);
            }
            !is_inside
        });
        let is_new = kept.is_none();
        let number = kept.as_ref().map_or(self.raised, |one| one.number);
        if is_new {
            self.raised += 1;
        }
        // What wraps and was cut says less than what it wraps.
        let reading = match kept.take() {
            Some(one) if reading.core.is_none() => Reading { is_wrapped: true, ..one.reading },
            _ => reading,
        };
        if open.len() == MAX_OPEN {
            open.remove(0);
        }
        open.push(OnItsWay { number, frame, reading });
        Step { exception: Some(number), is_new, caught }
    }
}

impl Frame {
    /// Whether a call that has ended before was made inside of this one.
    fn is_around(&self, inner: &Self) -> bool {
        if self.call.is_some() && self.call == inner.parent {
            return true;
        }
        // Two calls of one call stand side by side, whatever their times.
        if self.parent.is_some() && self.parent == inner.parent {
            return false;
        }
        matches!((self.start, inner.start), (Some(own), Some(other)) if own <= other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::Class;
    use super::*;

    /// Calls as (call, parent, start, reason), in the order they ended; a reason is `class reason`.
    fn raised(ends: &[(u64, u64, i64, &str)]) -> Vec<Option<u32>> {
        let mut unwinding = Unwinding::default();
        let end = |&(call, parent, start, reason): &(u64, u64, i64, &str)| {
            let parent = (parent > 0).then_some(parent);
            let frame = Frame { process: 1, call: Some(call), parent, start: Some(start) };
            let Some((class, reason)) = reason.split_once(' ') else {
                unwinding.returned(frame);
                return None;
            };
            unwinding.failed(frame, Reading::of(Class::named(class).unwrap(), reason), |_| false, |_| false).exception
        };
        ends.iter().map(end).collect()
    }

    #[test]
    fn frames_of_one_exception_are_one() {
        // 1 calls 2 calls 3; it goes through all.
        assert_eq!(raised(&[(3, 2, 3, "error :a"), (2, 1, 2, "error :a"), (1, 0, 1, "error :a")]), [Some(0); 3]);
        // The same error of two calls side by side is two.
        assert_eq!(raised(&[(2, 1, 2, "error :a"), (3, 1, 3, "error :a"), (1, 0, 1, "")]), [Some(0), Some(1), None]);
        // A call between that returned has caught the first.
        let ends = [(3, 2, 3, "error :a"), (2, 1, 2, ""), (1, 0, 1, "error :a")];
        assert_eq!(raised(&ends), [Some(0), None, Some(1)]);
        // Another raised while the first was handled.
        let ends = [(3, 2, 3, "error :a"), (2, 1, 2, "error :b"), (1, 0, 1, "error :b")];
        assert_eq!(raised(&ends), [Some(0), Some(1), Some(1)]);
        // Of another class it is another.
        assert_eq!(raised(&[(2, 1, 2, "throw :a"), (1, 0, 1, "exit :a")]), [Some(0), Some(1)]);
        // Raised again after it was logged.
        let ends = [(2, 1, 2, "error :a"), (3, 1, 4, ""), (1, 0, 1, "error :a")];
        assert_eq!(raised(&ends), [Some(0), None, Some(0)]);
    }

    #[test]
    fn a_function_that_wraps_an_exception_and_raises_it_hands_it_on() {
        let wrapped = "error %Plug.Conn.WrapperError{kind: :error, reason: :a, stack: []}";
        // In the same function, and in a handler of it.
        assert_eq!(raised(&[(2, 1, 2, "error :a"), (3, 1, 4, wrapped), (1, 0, 1, wrapped)]), [Some(0); 3]);
        let ends = [(2, 1, 2, "error :a"), (4, 3, 5, wrapped), (3, 1, 4, wrapped), (1, 0, 1, wrapped)];
        assert_eq!(raised(&ends), [Some(0); 4]);
        // Not after it was caught.
        let ends = [(2, 1, 2, "error :a"), (1, 0, 1, ""), (3, 0, 4, wrapped)];
        assert_eq!(raised(&ends), [Some(0), None, Some(1)]);
    }

    #[test]
    fn times_tell_nesting_where_ids_do_not() {
        let frame = |start| Frame { process: 1, call: None, parent: None, start: Some(start) };
        let mut unwinding = Unwinding::default();
        let first = unwinding.failed(frame(5), Reading::of(Class::Error, ":a"), |_| false, |_| false);
        let around = unwinding.failed(frame(3), Reading::of(Class::Error, ":a"), |_| false, |_| false);
        let later = unwinding.failed(frame(9), Reading::of(Class::Error, ":a"), |_| false, |_| false);
        assert_eq!([first.exception, around.exception, later.exception], [Some(0), Some(0), Some(1)]);
        assert_eq!(unwinding.returned(frame(1)), [0, 1]);
        assert_eq!(unwinding.returned(frame(1)), [0_u32; 0]);
    }
}
