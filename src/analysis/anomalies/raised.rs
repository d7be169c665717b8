//! What was an exception, where was it raised, who caught it?

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::analysis::exceptions::{Class, Exceptions, Fate, Group};
use crate::analysis::found::{Became, Raised, RaisedAt, RaisedFate, RaisedHow};
use crate::analysis::terms;

impl Exceptions {
    /// The first of a group; with the line its function was called at where no stack tells its own.
    pub(super) fn raised(&self, scene: &Scene<'_>, group: &Group) -> Raised {
        let first = &self.all[group.members[0]];
        let call = scene.ledger.call(first.call);
        let (function, at) = match &first.origin {
            Some(origin) => (origin.function.clone(), RaisedAt::Line(origin.line.clone())),
            None => {
                let function = terms::home(scene.ledger.text(call.function));
                (function, RaisedAt::CalledAt(scene.traffic.call_place(call)))
            }
        };
        let how = match first.class {
            Class::Error => RaisedHow::Error,
            Class::Exit => RaisedHow::Exit,
            Class::Throw => RaisedHow::Throw,
        };
        Raised { how, name: first.name.clone(), reason: first.reason.clone(), function, at }
    }

    /// What became of those of a group, the most first.
    pub(super) fn became(&self, scene: &Scene<'_>, group: &Group) -> Vec<Became> {
        let mut fates: BTreeMap<RaisedFate, usize> = BTreeMap::new();
        for member in &group.members {
            let fate = match self.all[*member].fate {
                Fate::Caught(call) => {
                    let call = scene.ledger.call(scene.ledger.named(call));
                    RaisedFate::CaughtIn { function: terms::home(scene.ledger.text(call.function)) }
                }
                Fate::CaughtOutside => RaisedFate::CaughtOutside,
                Fate::Ended(_) => RaisedFate::NotCaught,
                Fate::Unknown => RaisedFate::Unknown,
            };
            *fates.entry(fate).or_default() += 1;
        }
        let mut fates: Vec<Became> = fates.into_iter().map(|(fate, times)| Became { fate, times }).collect();
        fates.sort_by_key(|became| std::cmp::Reverse(became.times));
        fates
    }
}
