//! Which requests did a web server answer with 500 and above, and which exception was the cause?
//!
//! No process ends of it: Plug catches the exception, the server answers and goes on.

use std::collections::BTreeMap;

use super::finding::{Confidence, Finding};
use super::http_rate::rate;
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::exceptions::Fate;
use crate::analysis::found::{Cause, Found, HttpErrors};
use crate::analysis::http::{Request, Shown};
use crate::analysis::ledger::Outcome;
use crate::error::Result;

/// What failed requests have in common: their exception, else their route; and their status, if it is known.
type Case = (Option<usize>, Option<String>, Option<u16>);

pub(super) fn detect(scene: &Scene<'_>, found: &mut Vec<Finding>) -> Result<()> {
    let web = scene.web();
    let mut cases: BTreeMap<Case, Vec<&Request>> = BTreeMap::new();
    for request in &web.requests.all {
        let cause = request.exceptions.last().map(|at| web.exceptions.all[*at].group);
        let status = request.status.map(|(status, _)| status);
        let is_left = status.is_none() && was_left_by_exception(scene, request);
        if !request.is_server_error() && !is_left {
            continue;
        }
        let route = if cause.is_none() { Some(request.route()) } else { None };
        cases.entry((cause, route, status)).or_default().push(request);
    }
    for ((cause, _, status), requests) in &cases {
        scene.checked()?;
        found.push(describe(scene, *cause, *status, requests));
    }
    Ok(())
}

/// Whether a request without a known answer ended by an exception that went on to the server.
fn was_left_by_exception(scene: &Scene<'_>, request: &Request) -> bool {
    let exceptions = &scene.web().exceptions;
    let left = request.exceptions.last().is_some_and(|at| {
        let raised = &exceptions.all[*at];
        let root = scene.ledger.call(request.root);
        let is_out = matches!(root.outcome, Outcome::Error | Outcome::Exit | Outcome::Throw);
        is_out && (raised.is_wrapped || raised.fate == Fate::CaughtOutside)
    });
    left || request.failure.is_some()
}

fn describe(scene: &Scene<'_>, cause: Option<usize>, status: Option<u16>, requests: &[&Request]) -> Finding {
    let (ledger, web) = (scene.ledger, scene.web());
    let cause = cause.map(|group| &web.exceptions.groups[group]).map(|group| Cause {
        exception: web.exceptions.raised(scene, group),
        fates: web.exceptions.became(scene, group),
    });
    let errors = HttpErrors { status, cause, rate: rate(scene, requests) };
    let is_sure = requests.iter().any(|request| request.status.is_some_and(|(_, shown)| shown > Shown::Set));
    let confidence = if is_sure { Confidence::High } else { Confidence::Medium };
    let (first, last) = (requests[0], requests[requests.len() - 1]);
    let raised = first.exceptions.last().map(|at| ledger.call(web.exceptions.all[*at].call));
    let of_last = last.answer.or(last.failure).unwrap_or(ledger.call(last.root).event);
    Finding::of(Kind::HttpError, confidence, first.begun(), Found::HttpErrors(errors))
        .shown_by("answer", first.answer.or(first.failure))
        .shown_by("raised", raised.and_then(|call| call.exit))
        .shown_by("request", ledger.call(first.root).event)
        .shown_by("last", Some(of_last).filter(|_| requests.len() > 1))
}
