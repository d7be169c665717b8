//! Which spans are open at a time, by thread and by asynchronous id?
//!
//! Cost: however spans overlap, a few steps for each, on the average over all of them.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Spans that are open at one time; of more, ends are not joined to their beginnings.
const MAX_OPEN: usize = 1 << 16;

/// A span that has begun.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) call_id: String,
    pub(super) parent_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) at: i64,
}

/// A span that said at its beginning when it ends.
#[derive(Clone, Debug)]
struct Whole {
    call_id: String,
    end: i64,
}

/// What began since a span that has no end yet, or since the thread did.
#[derive(Debug, Default)]
struct Frame {
    begun: Option<Open>,
    /// In the order they began, their ends descending: one that ends no later than another that began after it is around
    /// nothing that the other is not around.
    inside: VecDeque<Whole>,
}

impl Frame {
    fn drop_ended(&mut self, at: i64) {
        while self.inside.back().is_some_and(|last| last.end <= at) {
            self.inside.pop_back();
        }
    }

    fn push(&mut self, span: Whole) {
        self.drop_ended(span.end);
        self.inside.push_back(span);
    }

    /// Takes in what a frame above leaves open.
    fn take_in(&mut self, mut above: VecDeque<Whole>) {
        let Some(longest) = above.front() else { return };
        self.drop_ended(longest.end);
        // The fewer are moved.
        if above.len() <= self.inside.len() {
            self.inside.extend(above);
        } else {
            while let Some(last) = self.inside.pop_back() {
                above.push_front(last);
            }
            self.inside = above;
        }
    }
}

/// The open spans of one thread.
#[derive(Debug)]
struct Thread(Vec<Frame>);

/// The open spans of threads.
#[derive(Debug, Default)]
pub(super) struct Threads {
    threads: HashMap<String, Thread>,
    begun: usize,
}

impl Threads {
    fn top(&mut self, thread: &str) -> Option<&mut Frame> {
        if !self.threads.contains_key(thread) {
            self.threads.insert(thread.to_owned(), Thread(vec![Frame::default()]));
        }
        self.threads.get_mut(thread)?.0.last_mut()
    }

    /// The innermost span that is open at a time, and still is at `until`.
    pub(super) fn around(&mut self, thread: &str, at: i64, until: i64) -> Option<&str> {
        let frame = self.top(thread)?;
        frame.drop_ended(at);
        let place = frame.inside.partition_point(|span| span.end >= until);
        let whole = place.checked_sub(1).and_then(|place| frame.inside.get(place)).map(|span| span.call_id.as_str());
        whole.or_else(|| frame.begun.as_ref().map(|span| span.call_id.as_str()))
    }

    /// A span that says when it ends.
    pub(super) fn whole(&mut self, thread: &str, call_id: &str, end: i64) {
        if let Some(frame) = self.top(thread).filter(|frame| frame.inside.len() < MAX_OPEN) {
            frame.push(Whole { call_id: call_id.to_owned(), end });
        }
    }

    pub(super) fn begin(&mut self, thread: &str, span: Open) {
        if self.begun < MAX_OPEN && self.top(thread).is_some() {
            let frame = Frame { begun: Some(span), inside: VecDeque::new() };
            self.begun += self.threads.get_mut(thread).map(|thread| thread.0.push(frame)).map_or(0, |()| 1);
        }
    }

    /// Takes the span that ends: a thread's end from the inside, whatever they are called.
    pub(super) fn end(&mut self, thread: &str, at: i64) -> Option<Open> {
        let frames = &mut self.threads.get_mut(thread)?.0;
        if frames.len() < 2 {
            return None;
        }
        let mut frame = frames.pop()?;
        frame.drop_ended(at);
        if let Some(below) = frames.last_mut() {
            below.take_in(frame.inside);
        }
        self.begun -= 1;
        frame.begun
    }
}

/// The open spans of what is asynchronous.
#[derive(Debug, Default)]
pub(super) struct Asynchronous {
    /// By their group, in the order they began.
    open: HashMap<String, BTreeMap<u64, Open>>,
    /// By their group and name; some may have ended.
    named: HashMap<(String, String), Vec<u64>>,
    next: u64,
    begun: usize,
}

impl Asynchronous {
    /// The span of a group that began last.
    pub(super) fn around(&self, group: &str) -> Option<&str> {
        let (_, span) = self.open.get(group)?.last_key_value()?;
        Some(&span.call_id)
    }

    pub(super) fn begin(&mut self, group: &str, span: Open) {
        if self.begun >= MAX_OPEN {
            return;
        }
        let name = span.name.clone().unwrap_or_default();
        self.named.entry((group.to_owned(), name)).or_default().push(self.next);
        self.open.entry(group.to_owned()).or_default().insert(self.next, span);
        self.next += 1;
        self.begun += 1;
    }

    /// Takes the span of a group that ends: the last of its name, or the last, where either has none.
    pub(super) fn end(&mut self, group: &str, name: Option<&str>) -> Option<Open> {
        let number = match name {
            Some(name) => self.last_named(group, name).or_else(|| self.last_named(group, ""))?,
            None => *self.open.get(group)?.last_key_value()?.0,
        };
        let open = self.open.get_mut(group)?;
        let span = open.remove(&number)?;
        if open.is_empty() {
            self.open.remove(group);
        }
        self.begun -= 1;
        Some(span)
    }

    fn last_named(&mut self, group: &str, name: &str) -> Option<u64> {
        let open = self.open.get(group)?;
        let key = (group.to_owned(), name.to_owned());
        let numbers = self.named.get_mut(&key)?;
        let found = std::iter::from_fn(|| numbers.pop()).find(|number| open.contains_key(number));
        if numbers.is_empty() {
            self.named.remove(&key);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn open(call_id: &str) -> Open {
        Open { call_id: call_id.to_owned(), parent_id: None, name: None, at: 0 }
    }

    #[test]
    fn spans_that_overlap_in_any_way_cost_no_more_than_they_are() {
        let many = 200_000_i64;
        let mut threads = Threads::default();
        // Each begins within all before it, and ends after them.
        for at in 0..many {
            threads.around("t", at, at + many);
            threads.whole("t", "x", at + many);
        }
        // Beginnings, spans that outlive them, and their ends.
        for at in 0..60_000 {
            threads.begin("u", open("b"));
            threads.whole("u", "x", many - at);
        }
        for _ in 0..60_000 {
            assert!(threads.end("u", 0).is_some());
        }
        let mut tied = Asynchronous::default();
        for at in 0..60_000 {
            tied.begin("g", Open { name: Some(at.to_string()), ..open("b") });
        }
        for at in 0..60_000 {
            assert!(tied.end("g", Some(&at.to_string())).is_some());
        }
        assert!(tied.open.is_empty() && tied.named.is_empty());
    }

    /// What a thread does next: a whole span of so long, a beginning, an end.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Whole(i64),
        Begin,
        End,
    }

    proptest! {
        #[test]
        fn the_innermost_span_around_is_that_of_a_list_of_all(
            steps in prop::collection::vec((0..3_i64, prop_oneof![(0..12_i64).prop_map(Step::Whole), Just(Step::Begin), Just(Step::End)]), 0..40)
        ) {
            let mut threads = Threads::default();
            // Every span in the order they began: name, end if it is told, whether it has ended by an end of its own.
            let mut all: Vec<(String, Option<i64>, bool)> = Vec::new();
            let mut now = 0;
            for (number, (later, step)) in steps.into_iter().enumerate() {
                now += later;
                let name = number.to_string();
                let is_open = |span: &&(String, Option<i64>, bool)| !span.2 && span.1.is_none_or(|end| end > now);
                let around = |until: i64| {
                    let lasts = |span: &&(String, Option<i64>, bool)| span.1.is_none_or(|end| end >= until);
                    all.iter().rev().filter(is_open).find(lasts).map(|span| span.0.clone())
                };
                match step {
                    Step::Whole(took) => {
                        prop_assert_eq!(threads.around("t", now, now + took).map(str::to_owned), around(now + took));
                        threads.whole("t", &name, now + took);
                        all.push((name, Some(now + took), false));
                    }
                    Step::Begin => {
                        prop_assert_eq!(threads.around("t", now, now).map(str::to_owned), around(now));
                        threads.begin("t", open(&name));
                        all.push((name, None, false));
                    }
                    Step::End => {
                        let ended = all.iter_mut().rev().find(|span| span.1.is_none() && !span.2);
                        prop_assert_eq!(threads.end("t", now).map(|span| span.call_id), ended.as_ref().map(|span| span.0.clone()));
                        if let Some(ended) = ended {
                            ended.2 = true;
                        }
                    }
                }
            }
        }
    }
}
