//! Which span is part of which, and how long was each at work itself?

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::FixedState;

use crate::analysis::ledger::texts::{Sym, Texts};
use crate::query::Seen;

type Map<K, V> = HashMap<K, V, FixedState>;

/// Spans as they are met, in any order.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    texts: Texts,
    spans: Vec<Span>,
    by_id: Map<(Sym, Sym), Named>,
    by_event: Map<Sym, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    start: i64,
    end: i64,
    trace: Sym,
    own: Option<Sym>,
    parent: Option<Sym>,
    process: u32,
}

impl Traced {
    /// Takes a span in; its number.
    pub(crate) fn take(&mut self, event: &Seen<'_>, process: u32, (start, end): (i64, i64)) -> u32 {
        let number = self.spans.len() as u32;
        let trace = self.texts.intern(event.correlation_id().unwrap_or_default());
        let mut sym = |text: Option<&str>| text.map(|text| self.texts.intern(text));
        let (own, parent) = (sym(event.call_id()), sym(event.parent_id()));
        self.spans.push(Span { start, end, trace, own, parent, process });
        if let Some(own) = own {
            match self.by_id.entry((trace, own)) {
                Entry::Vacant(place) => _ = place.insert(Named::of(number)),
                Entry::Occupied(mut named) => named.get_mut().add(number, &self.spans),
            }
            // Ids that are unique by themselves need no trace.
            if event.event_id() == self.texts.get(own) || is_end(event) {
                self.by_event.insert(own, number);
            }
        }
        number
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Joins the spans taken in. Cost: one pass, and a sort of the parts of each.
    pub(crate) fn forest(self) -> Forest {
        let parents: Vec<Option<u32>> = (0..self.spans.len() as u32).map(|number| self.parent(number)).collect();
        let mut parts: Vec<Vec<u32>> = vec![Vec::new(); self.spans.len()];
        for (number, parent) in (0..).zip(&parents) {
            if let Some(parent) = parent {
                parts[*parent as usize].push(number);
            }
        }
        let own = (0..self.spans.len()).map(|at| {
            let Span { start, end, .. } = self.spans[at];
            let inside = parts[at].iter().map(|part| &self.spans[*part as usize]).map(|part| (part.start, part.end));
            end - start - covered(start, end, inside.collect())
        });
        let own = own.collect();
        Forest { parents, parts, own }
    }

    fn parent(&self, number: u32) -> Option<u32> {
        let span = self.spans[number as usize];
        // Both ends of a remote call may have one id: the one inside is part of the other.
        let own = span.own.and_then(|own| self.by_id.get(&(span.trace, own)));
        if let Some(around) = own.map(|named| named.outermost).filter(|around| *around != number) {
            return Some(around);
        }
        let parent = span.parent.filter(|parent| span.own != Some(*parent))?;
        match self.by_id.get(&(span.trace, parent)) {
            Some(named) => Some(named.of_process.get(&span.process).copied().unwrap_or(named.latest)),
            None => self.by_event.get(&parent).copied().filter(|other| *other != number),
        }
    }
}

/// The spans of one id: mostly one.
#[derive(Debug)]
struct Named {
    /// The one that began first, and of those the longest.
    outermost: u32,
    /// The one that began last.
    latest: u32,
    /// The last of each process, where there are several.
    of_process: Map<u32, u32>,
}

impl Named {
    fn of(number: u32) -> Self {
        Self { outermost: number, latest: number, of_process: Map::default() }
    }

    fn add(&mut self, number: u32, spans: &[Span]) {
        let process = |number: u32| spans[number as usize].process;
        if self.of_process.is_empty() {
            self.of_process.insert(process(self.latest), self.latest);
        }
        self.of_process.insert(process(number), number);
        let place = |number: u32| {
            let Span { start, end, .. } = spans[number as usize];
            (start, std::cmp::Reverse(end), number)
        };
        self.outermost = [self.outermost, number].into_iter().min_by_key(|one| place(*one)).unwrap_or(number);
        self.latest = [self.latest, number].into_iter().max_by_key(|one| spans[*one as usize].start).unwrap_or(number);
    }
}

/// The id of a span that ends with an event of its own is that of its beginning.
fn is_end(event: &Seen<'_>) -> bool {
    matches!(event.event_type(), Some("span_end" | "async_end"))
}

/// How much of a time others cover; where they overlap, once.
pub(crate) fn covered(start: i64, end: i64, mut inside: Vec<(i64, i64)>) -> i64 {
    inside.sort_unstable();
    let (mut covered, mut until) = (0_i64, start);
    for (from, to) in inside {
        let (from, to) = (from.max(until), to.min(end));
        if to > from {
            covered += to - from;
            until = to;
        }
    }
    covered
}

/// Spans, joined.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    pub(crate) parents: Vec<Option<u32>>,
    parts: Vec<Vec<u32>>,
    /// Nanoseconds in which none of its parts was open.
    pub(crate) own: Vec<i64>,
}

impl Forest {
    /// Whether no span around one is of the same group.
    pub(crate) fn outermost(&self, groups: &[u32]) -> Vec<bool> {
        let mut is_outermost = vec![true; groups.len()];
        let mut open: Map<u32, u32> = Map::default();
        for root in (0..self.parents.len() as u32).filter(|at| self.parents[*at as usize].is_none()) {
            let mut path = vec![(root, false)];
            while let Some((at, is_done)) = path.pop() {
                let of = open.entry(groups[at as usize]).or_default();
                if is_done {
                    *of -= 1;
                    continue;
                }
                is_outermost[at as usize] = *of == 0;
                *of += 1;
                path.push((at, true));
                path.extend(self.parts[at as usize].iter().map(|part| (*part, false)));
            }
        }
        is_outermost
    }

    /// Of spans that failed, those of which no part did: what failed around them handed it on.
    pub(crate) fn origins(&self, has_failed: &[bool]) -> Vec<bool> {
        let is_failed = |part: &u32| has_failed[*part as usize];
        (0..has_failed.len()).map(|at| has_failed[at] && !self.parts[at].iter().any(is_failed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_covers_once() {
        for (inside, expected) in [
            (vec![], 0),
            (vec![(10, 20), (15, 30)], 20),
            (vec![(-5, 5), (90, 200)], 15),
            (vec![(10, 90), (20, 30), (85, 95)], 85),
            (vec![(200, 300), (50, 50)], 0),
        ] {
            assert_eq!(covered(0, 100, inside), expected);
        }
    }

    #[test]
    fn spans_that_name_each_other_are_nobodys_root_and_end() {
        let forest =
            Forest { parents: vec![Some(1), Some(0), None], parts: vec![vec![1], vec![0], vec![]], own: vec![0; 3] };
        assert_eq!(forest.outermost(&[7, 7, 7]), [true, true, true]);
        assert_eq!(forest.origins(&[true, true, true]), [false, false, true]);
    }
}
