//! How is an exception told: what it was, where it was raised, who caught it?

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::analysis::exceptions::{Exceptions, Fate, Group};
use crate::analysis::terms;

/// Functions that are named as those that caught an exception.
const CATCHERS: usize = 2;

impl Exceptions {
    /// `ArithmeticError (:badarith) raised at shop.ex:28 in Shop.gross/1`; the line its function was called at where
    /// no stack tells its own.
    pub(super) fn describe(&self, scene: &Scene<'_>, group: &Group) -> String {
        let first = &self.all[group.members[0]];
        let call = scene.ledger.call(first.call);
        let place = match &first.origin {
            Some(origin) => format!("at {} in {}", origin.line, origin.function),
            None => {
                let function = terms::home(scene.ledger.text(call.function));
                let site = scene.traffic.call_place(call).map(|site| format!(", called at {site}"));
                format!("in {function}{}", site.unwrap_or_default())
            }
        };
        let reason = if first.reason.trim_start_matches('%').starts_with(&first.name) || first.reason == first.name {
            first.reason.trim_start_matches('%').to_owned()
        } else {
            format!("{} ({})", first.name, first.reason)
        };
        format!("{reason} {} {place}", first.class.verb())
    }

    /// `caught in Web.Server.serve/1`, for each that caught some.
    pub(super) fn fates(&self, scene: &Scene<'_>, group: &Group) -> String {
        let mut fates: BTreeMap<String, usize> = BTreeMap::new();
        for member in &group.members {
            let fate = match self.all[*member].fate {
                Fate::Caught(call) => {
                    let call = scene.ledger.call(scene.ledger.named(call));
                    format!("caught in {}", terms::home(scene.ledger.text(call.function)))
                }
                Fate::CaughtOutside => "caught outside the recorded functions, the process went on".to_owned(),
                Fate::Ended(_) => "not caught, its process ended of it".to_owned(),
                Fate::Unknown => "the recording does not show whether it was caught".to_owned(),
            };
            *fates.entry(fate).or_default() += 1;
        }
        let mut fates: Vec<(String, usize)> = fates.into_iter().collect();
        fates.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let alone = fates.len() == 1;
        let told = fates.iter().take(CATCHERS + 1);
        let told = told.map(|(fate, n)| if alone { fate.clone() } else { format!("{n} {fate}") });
        told.collect::<Vec<_>>().join("; ")
    }
}
