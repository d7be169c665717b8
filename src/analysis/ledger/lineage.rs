//! Which calls are around which? One pass over the calls answers for each of them in one step, however deep they nest.

use super::entry::{Call, CallId};

const NONE: CallId = CallId::MAX;

/// The places of all calls in the trees they make.
#[derive(Debug, Default)]
pub(crate) struct Lineage {
    /// The root of each.
    outermost: Vec<CallId>,
    /// The innermost call with a name at or around each; itself where none has one.
    named: Vec<CallId>,
    /// Its number in the order in which a walk enters them.
    entered: Vec<u32>,
    /// Numbers of itself and all that is inside.
    spans: Vec<u32>,
}

impl Lineage {
    pub(super) fn of(calls: &[Call]) -> Self {
        let n = calls.len();
        let (mut first, mut next) = (vec![NONE; n], vec![NONE; n]);
        for (id, call) in (0..).zip(calls) {
            if let Some(parent) = call.parent {
                next[id as usize] = std::mem::replace(&mut first[parent as usize], id);
            }
        }
        let mut all = Self {
            outermost: (0..n as CallId).collect(),
            named: (0..n as CallId).collect(),
            entered: vec![0; n],
            spans: vec![1; n],
        };
        let (mut order, mut walk) = (Vec::with_capacity(n), Vec::new());
        for root in (0..n as CallId).filter(|id| calls[*id as usize].parent.is_none()) {
            walk.push(root);
            while let Some(id) = walk.pop() {
                all.enter(id, calls);
                all.entered[id as usize] = order.len() as u32;
                order.push(id);
                let mut inside = first[id as usize];
                while inside != NONE {
                    walk.push(inside);
                    inside = next[inside as usize];
                }
            }
        }
        for id in order.into_iter().rev() {
            if let Some(parent) = calls[id as usize].parent {
                all.spans[parent as usize] += all.spans[id as usize];
            }
        }
        all
    }

    fn enter(&mut self, id: CallId, calls: &[Call]) {
        let Some(parent) = calls[id as usize].parent else { return };
        self.outermost[id as usize] = self.outermost[parent as usize];
        let above = self.named[parent as usize];
        if calls[id as usize].is_anonymous && !calls[above as usize].is_anonymous {
            self.named[id as usize] = above;
        }
    }

    pub(super) fn outermost(&self, id: CallId) -> CallId {
        self.outermost[id as usize]
    }

    pub(super) fn named(&self, id: CallId) -> CallId {
        self.named[id as usize]
    }

    pub(super) fn is_around(&self, outer: CallId, inner: CallId) -> bool {
        let (from, at) = (self.entered[outer as usize], self.entered[inner as usize]);
        (from + 1..from + self.spans[outer as usize]).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::analysis::ledger::gather;
    use crate::{EventStore, Filter, Settings, Unwatched};

    proptest! {
        /// Against walks up from each call.
        #[test]
        fn every_call_knows_those_around_it(calls in prop::collection::vec((any::<u32>(), any::<bool>()), 1..40)) {
            let store = EventStore::open(Settings::default()).unwrap();
            for (at, (parent, is_anonymous)) in calls.iter().enumerate() {
                let function = if *is_anonymous { "-f/0-fun-0-" } else { "f" };
                let parent = parent % (at as u32 + 1);
                let parent = if parent as usize == at { "null".to_owned() } else { format!("\"c{parent}\"") };
                let event = format!(
                    r#"{{"id": "e{at}", "ts": {at}, "type": "function_entry", "pid": "0.1.0", "call_id": "c{at}",
                        "data": {{"module": "M", "function": "{function}", "arity": 0, "parent_call_id": {parent}}}}}"#
                );
                store.store_json_event(&event).unwrap();
            }
            let ledger = gather(&store, Filter::default(), &Unwatched).unwrap();
            prop_assert_eq!(ledger.calls.len(), calls.len());
            for id in 0..calls.len() as u32 {
                let around: Vec<u32> = ledger.around(id).collect();
                prop_assert_eq!(ledger.outermost(id), around.last().copied().unwrap_or(id));
                let mut chain = std::iter::once(id).chain(around.iter().copied());
                let named = chain.find(|call| !ledger.call(*call).is_anonymous);
                prop_assert_eq!(ledger.named(id), named.unwrap_or(id));
                for other in 0..calls.len() as u32 {
                    prop_assert_eq!(ledger.is_around(other, id), around.contains(&other));
                }
            }
        }
    }
}
