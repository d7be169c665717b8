//! Which calls made which, across processes, and where did the time go?

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use super::ledger::{Call, CallId, Kind, Ledger, Outcome, Sym, Waited};
use super::spans::covered;
use super::traffic::Traffic;

/// Deepest tree that is built.
const MAX_DEPTH: usize = 512;

/// How a tree is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Levels shown.
    pub(crate) depth: usize,
    pub(crate) min_duration: i64,
    /// Calls of one function in one call are one row; recursion and anonymous functions are part of the call around.
    pub(crate) fold: bool,
}

/// One row: a call, or several of one function that are folded.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) function: Sym,
    pub(crate) calls: Vec<CallId>,
    /// Reached by a message: of which kind.
    pub(crate) by: Option<Kind>,
    pub(crate) depth: usize,
    /// Of the calls that ended.
    pub(crate) total: i64,
    /// Without the calls below in the same process and without waiting for replies.
    pub(crate) own: i64,
    /// Waiting for replies.
    pub(crate) waited: i64,
    /// At most so much of `own` was spent waiting for other messages.
    pub(crate) may_have_waited: i64,
    pub(crate) open: usize,
    pub(crate) failed: usize,
    /// Inner calls of the same function that are part of it.
    pub(crate) recursions: usize,
}

/// A tree in the order it is shown, and what was left out of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// Calls below the depth, and below the least duration.
    pub(crate) deeper: usize,
    pub(crate) shorter: usize,
}

/// What stands below each call.
pub(crate) struct Below<'l> {
    ledger: &'l Ledger,
    nested: Vec<Vec<CallId>>,
    sent: Vec<Vec<(CallId, Kind)>>,
    waits: Vec<Waits>,
}

/// How long a call waited itself: surely, and at most besides.
#[derive(Clone, Copy, Debug, Default)]
struct Waits {
    sure: i64,
    maybe: i64,
}

impl Waits {
    const fn add(&mut self, more: Self) {
        self.sure = self.sure.saturating_add(more.sure);
        self.maybe = self.maybe.saturating_add(more.maybe);
    }
}

impl<'l> Below<'l> {
    pub(crate) fn new(traffic: &Traffic<'l>) -> Self {
        let ledger = traffic.ledger;
        let n = ledger.calls.len();
        let (mut nested, mut sent) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        let mut waits = vec![Waits::default(); n];
        for (id, call) in (0..).zip(&ledger.calls) {
            if let Some(parent) = call.parent {
                nested[parent as usize].push(id);
            }
        }
        for message in &ledger.messages {
            let Some(sent_in) = message.sent_in else { continue };
            if let Some(handled) = message.handled {
                sent[sent_in as usize].push((handled, message.kind));
            }
            if let (Kind::Call, Some((end, how))) = (message.kind, message.waited)
                && how != Waited::Unseen
            {
                waits[sent_in as usize].add(Waits { sure: end.since(message.sent).max(0), maybe: 0 });
            }
        }
        let mut unspent: HashMap<CallId, i64, FixedState> = HashMap::default();
        // From the last on: of several messages that came while a call did nothing the last says how long at most.
        for wait in ledger.maybe_waited.iter().rev() {
            let is_for_callback = wait.message.is_some_and(|message| ledger.message(message).handled.is_some());
            if !is_for_callback {
                let unspent = unspent.entry(wait.call).or_insert(i64::MAX);
                let maybe = wait.until.min(*unspent).saturating_sub(wait.since).max(0);
                *unspent = wait.since.min(*unspent);
                waits[wait.call as usize].add(Waits { sure: 0, maybe });
            }
        }
        Self { ledger, nested, sent, waits }
    }

    /// The calls below a call, with how each was reached, in the order they began.
    fn children(&self, id: CallId) -> Vec<(CallId, Option<Kind>)> {
        let nested = self.nested[id as usize].iter().map(|child| (*child, None));
        let sent = self.sent[id as usize].iter().map(|(child, kind)| (*child, Some(*kind)));
        let mut all: Vec<(CallId, Option<Kind>)> = nested.chain(sent).collect();
        all.sort_by_key(|(child, _)| self.ledger.call(*child).start);
        all
    }

    /// The tree under these calls.
    pub(crate) fn tree(&self, roots: &[CallId], shape: Shape) -> Tree {
        let mut tree = Tree::default();
        let roots: Vec<(CallId, Option<Kind>)> = roots
            .iter()
            .map(|id| (*id, self.ledger.call(*id).message.map(|message| self.ledger.message(message).kind)))
            .collect();
        self.add(&roots, 0, shape, &mut tree);
        tree
    }

    fn add(&self, calls: &[(CallId, Option<Kind>)], depth: usize, shape: Shape, tree: &mut Tree) {
        for (function, by, group) in groups(self.ledger, calls, shape.fold) {
            let mut node = Node {
                function,
                calls: group.clone(),
                by,
                depth,
                total: 0,
                own: 0,
                waited: 0,
                may_have_waited: 0,
                open: 0,
                failed: 0,
                recursions: 0,
            };
            let mut children = Vec::new();
            for id in &group {
                let call = self.ledger.call(*id);
                node.open += usize::from(call.outcome == Outcome::Open);
                node.failed += usize::from(matches!(call.outcome, Outcome::Error | Outcome::Exit | Outcome::Throw));
                node.total = node.total.saturating_add(call.duration.unwrap_or_default());
                let below = self.collect(*id, shape.fold, &mut node);
                let nested = below.iter().filter(|(_, by)| by.is_none());
                let nested = self.covered(*id, nested.map(|(child, _)| *child));
                let waits = self.waits_within(*id, shape.fold);
                node.waited = node.waited.saturating_add(waits.sure);
                let own =
                    call.duration.map_or(0, |total| total.saturating_sub(nested).saturating_sub(waits.sure).max(0));
                node.own = node.own.saturating_add(own);
                node.may_have_waited = node.may_have_waited.saturating_add(waits.maybe.min(own));
                children.extend(below);
            }
            if node.total < shape.min_duration && node.open == 0 {
                tree.shorter += node.calls.len();
                continue;
            }
            if depth >= shape.depth.min(MAX_DEPTH) {
                tree.deeper += node.calls.len();
                continue;
            }
            tree.nodes.push(node);
            self.add(&children, depth + 1, shape, tree);
        }
    }

    /// How long calls inside of a call took: those of a process one after the other, spans beside each other, too.
    fn covered(&self, id: CallId, inside: impl Iterator<Item = CallId>) -> i64 {
        let inside = inside.map(|child| self.ledger.call(child));
        let call = self.ledger.call(id);
        if !call.is_span {
            return inside.filter_map(|child| child.duration).fold(0, i64::saturating_add);
        }
        let times = |call: &Call| {
            let duration = call.duration?;
            let end = call.end.map_or(call.start.at, |end| end.at);
            Some((end.saturating_sub(duration), end))
        };
        let Some((start, end)) = times(call) else { return 0 };
        covered(start, end, inside.filter_map(times).collect())
    }

    /// The calls that stand below a call in the tree: what an anonymous or recursive one calls is its caller's.
    fn collect(&self, id: CallId, fold: bool, node: &mut Node) -> Vec<(CallId, Option<Kind>)> {
        let mut found = Vec::new();
        let mut open = vec![id];
        while let Some(at) = open.pop() {
            for (child, by) in self.children(at) {
                let call = self.ledger.call(child);
                let is_recursion = call.function == node.function && by.is_none();
                if fold && by.is_none() && (call.is_anonymous || is_recursion) {
                    node.recursions += usize::from(is_recursion);
                    open.push(child);
                } else {
                    found.push((child, by));
                }
            }
        }
        found.sort_by_key(|(child, _)| self.ledger.call(*child).start);
        found
    }

    /// Time a call, with those folded into it, waited for messages.
    fn waits_within(&self, id: CallId, fold: bool) -> Waits {
        let function = self.ledger.call(id).function;
        let mut waits = Waits::default();
        let mut open = vec![id];
        while let Some(at) = open.pop() {
            waits.add(self.waits[at as usize]);
            if fold {
                let folded = |child: &&CallId| {
                    let call = self.ledger.call(**child);
                    call.is_anonymous || call.function == function
                };
                open.extend(self.nested[at as usize].iter().filter(folded));
            }
        }
        waits
    }
}

/// Calls of one function that were reached in one way, in the order of their first; each for itself unless folded.
fn groups(ledger: &Ledger, calls: &[(CallId, Option<Kind>)], fold: bool) -> Vec<(Sym, Option<Kind>, Vec<CallId>)> {
    let mut groups: Vec<(Sym, Option<Kind>, Vec<CallId>)> = Vec::new();
    let mut places: BTreeMap<(Sym, u8), usize> = BTreeMap::new();
    for (id, by) in calls {
        let function = ledger.call(*id).function;
        let key = (function, by.map_or(0, |kind| kind as u8 + 1));
        match places.get(&key) {
            Some(at) if fold => groups[*at].2.push(*id),
            _ => {
                places.insert(key, groups.len());
                groups.push((function, *by, vec![*id]));
            }
        }
    }
    groups
}
