//! Of how many requests did some fail? Told where those that went well were seen as well; else it is not known.

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::analysis::exceptions::again::is_raise;
use crate::analysis::found::{Called, Rate, Route, Seen, Unrecorded, Values};
use crate::analysis::http::Request;
use crate::analysis::ledger::Sym;
use crate::analysis::left_out::{LeftOut, What};

/// Routes that are told.
const ROUTES: usize = 3;

/// Some requests that failed, among those that are known whole.
pub(super) fn rate(scene: &Scene<'_>, requests: &[&Request]) -> Rate {
    let all = &scene.web().requests.all;
    let whole: Vec<&Request> = all.iter().filter(|request| !is_missing(scene, request)).collect();
    // One that an exception alone shows would not have been seen had it gone well: others went unseen.
    let is_by_failures = whole.iter().any(|request| request.is_seen_by_failure);
    let counted: Vec<&Request> = requests.iter().copied().filter(|request| !is_missing(scene, request)).collect();
    let is_known = !is_by_failures && !counted.is_empty();
    let left_out = &scene.ledger.left_out;
    let left_out = left_out.iter().find(|one| all.iter().any(|request| matters(scene, one, request, one.since)));
    let (routes, more_routes) = if is_known { routes(&counted, Some(&whole)) } else { routes(requests, None) };
    Rate {
        failed: requests.len(),
        seen: is_known.then(|| Seen {
            failed: counted.len(),
            requests: whole.len(),
            answered: whole.iter().filter(|request| request.status.is_some()).count(),
        }),
        routes,
        more_routes,
        left_out: left_out.map(|left_out| unrecorded(scene, left_out)),
        is_by_failures,
        called: if is_known { None } else { called(scene, requests) },
    }
}

/// The routes of some that failed, those with the most first, `among` how many of each; and how many more there are.
fn routes(failed: &[&Request], among: Option<&[&Request]>) -> (Vec<Route>, usize) {
    let mut by_route: BTreeMap<String, usize> = BTreeMap::new();
    for request in failed {
        *by_route.entry(request.route()).or_default() += 1;
    }
    let mut routes: Vec<(String, usize)> = by_route.into_iter().collect();
    routes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let more = routes.len().saturating_sub(ROUTES);
    let told = routes.into_iter().take(ROUTES).map(|(route, failed)| {
        let of = among.map(|among| among.iter().filter(|request| request.route() == route).count());
        Route { route, failed, of }
    });
    (told.collect(), more)
}

fn unrecorded(scene: &Scene<'_>, left_out: &LeftOut) -> Unrecorded {
    Unrecorded {
        values: match &left_out.what {
            What::ValuesOf(function) => Values::OfFunction(function.clone()),
            What::SomeValues => Values::OfSomeCalls,
            What::Values | What::Samples => Values::All,
        },
        why: left_out.why.clone(),
        after_oldest_ns: scene.ledger.span().map_or(0, |(oldest, _)| left_out.since.saturating_sub(oldest)),
        event_id: left_out.event_id.clone(),
    }
}

/// Whether something was left out at a time that may have shown requests like this one, or their answers.
fn matters(scene: &Scene<'_>, left_out: &LeftOut, request: &Request, at: i64) -> bool {
    let session = scene.ledger.text(scene.ledger.process(request.process).session);
    left_out.may_miss(session, at, |function| scene.web().requests.are_shown_by(function))
}

/// Whether what would show a request, until it is answered, was left out.
fn is_missing(scene: &Scene<'_>, request: &Request) -> bool {
    scene.ledger.left_out.iter().any(|one| matters(scene, one, request, request.last().at))
}

/// How often the outermost recorded call around all of these was made: where only exceptions show requests, that is.
fn called(scene: &Scene<'_>, requests: &[&Request]) -> Option<Called> {
    let ledger = scene.ledger;
    let mut functions: Vec<Sym> = Vec::new();
    for call in requests.iter().map(|request| ledger.outermost(request.root)) {
        let function = ledger.call(call).function;
        if is_raise(ledger, call) || functions.iter().any(|known| *known != function) {
            return None;
        }
        functions = vec![function];
    }
    let function = *functions.first()?;
    Some(Called {
        function: ledger.text(function).to_owned(),
        times: ledger.calls.iter().filter(|call| call.function == function).count(),
        is_least: !ledger.losses.is_empty() || !ledger.gaps().is_empty(),
    })
}
