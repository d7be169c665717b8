//! Exceptions and web requests of a scene, for the detectors that look at them.

use std::collections::BTreeMap;

use super::Scene;
use crate::analysis::exceptions::{Exceptions, Fate, Group};
use crate::analysis::http::Requests;
use crate::analysis::ledger::{CallId, Ledger};
use crate::analysis::terms;

/// Functions that are named as those that caught an exception.
const CATCHERS: usize = 2;

/// What was raised, and which requests there were.
pub(super) struct Web {
    pub(super) exceptions: Exceptions,
    pub(super) requests: Requests,
    /// Exceptions by the outermost call they ended.
    by_outermost: BTreeMap<CallId, usize>,
}

impl Web {
    pub(super) fn of(ledger: &Ledger) -> Self {
        let exceptions = Exceptions::of(ledger);
        let requests = Requests::of(ledger, &exceptions);
        let by_outermost = (0..).zip(&exceptions.all).map(|(at, raised)| (raised.outermost, at)).collect();
        Self { exceptions, requests, by_outermost }
    }

    /// Whether the exception that ended a call was answered as an error of the client or the server, or may have been.
    pub(super) fn is_answered(&self, outermost: CallId) -> bool {
        let raised = self.by_outermost.get(&outermost);
        let request = raised.and_then(|raised| self.requests.around(*raised));
        request.is_some_and(|request| request.status.is_none_or(|(status, _)| status >= 400))
    }
}

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
