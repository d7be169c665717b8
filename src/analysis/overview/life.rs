//! What was seen of one process, and of one function.

/// Ended calls of one process that may lie inside of an open one.
const MAX_INNER: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) pid: String,
    pub(super) events: u64,
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) in_calls: i64,
    pub(super) handled: u64,
    /// Messages sent to it and not handled, at most: what is told is worked out for those that stand out.
    pub(super) waiting: i64,
    pub(super) longest: i64,
    pub(super) raised: u64,
    pub(super) exit: Option<String>,
    pub(super) ended_badly: bool,
    /// Whether the call that ended last handed on the error of another.
    pub(super) hands_on: bool,
    pub(super) is_helper: bool,
    /// Calls that ended and may lie inside of one that has not: start and duration.
    pub(super) inner: Vec<(i64, i64)>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) calls: u64,
    pub(super) own: i64,
    pub(super) max: i64,
    pub(super) slowest: (i64, u64),
}

impl Figures {
    pub(super) fn add(&mut self, own: i64, duration: i64, key: (i64, u64)) {
        self.calls += 1;
        self.own = self.own.saturating_add(own);
        if duration > self.max || self.calls == 1 {
            self.max = duration;
            self.slowest = key;
        }
    }
}

impl Life {
    /// It was spawned. Of another process that had the pid nothing is left to be said of this one.
    pub(super) fn begin(&mut self, is_helper: bool) {
        if self.exit.take().is_some() {
            (self.ended_badly, self.waiting) = (false, 0);
        }
        self.is_helper = is_helper;
    }

    /// A call of it ended; how long that took without the calls inside.
    pub(super) fn call(&mut self, start: i64, duration: i64, is_sleep: bool) -> i64 {
        let mut inside = 0_i64;
        while let Some((_, took)) = self.inner.pop_if(|(inner, _)| *inner >= start) {
            inside = inside.saturating_add(took);
        }
        let own = if is_sleep { 0 } else { duration.saturating_sub(inside).max(0) };
        self.in_calls = self.in_calls.saturating_add(own);
        self.inner.push((start, duration));
        if self.inner.len() > MAX_INNER {
            // Long ago, most likely not inside of a call that is still open: one entry stands for all of them.
            let old = self.inner.drain(..MAX_INNER / 2).reduce(|a, b| (a.0.min(b.0), a.1.saturating_add(b.1)));
            self.inner.insert(0, old.unwrap_or_default());
        }
        own
    }
}

/// The value at a place that may be new.
pub(super) fn at<T: Default + Clone>(list: &mut Vec<T>, place: usize) -> &mut T {
    if list.len() <= place {
        list.resize(place + 1, T::default());
    }
    &mut list[place]
}
