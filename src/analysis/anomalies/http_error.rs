//! Which requests did a web server answer with 500 and above, and which exception was the cause?
//!
//! No process ends of it: Plug catches the exception, the server answers and goes on.

use std::collections::BTreeMap;

use serde_json::json;

use super::finding::{Confidence, Finding};
use super::http_rate::Rate;
use super::kind::Kind;
use super::scene::Scene;
use crate::analysis::exceptions::Fate;
use crate::analysis::http::Request;
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
    let web = scene.web();
    let rate = Rate::of(scene, requests);
    let cause = cause.map(|group| &web.exceptions.groups[group]);
    let of = cause.map(|group| web.exceptions.describe(scene, group));
    let by = of.as_deref().map_or("no exception of it was recorded", |text| text);
    let n = requests.len();
    let what = rate.told(status, by);
    let is_sure = requests
        .iter()
        .any(|request| request.status.is_some_and(|(_, shown)| shown > crate::analysis::http::Shown::Set));
    let confidence = if is_sure { Confidence::High } else { Confidence::Medium };
    let mut finding =
        Finding::new(Kind::HttpError, confidence, requests[0].begun(), what).detail(rate.routes(requests));
    if let Some(group) = cause {
        finding = finding.detail(web.exceptions.fates(scene, group));
    }
    for line in rate.lines(scene, status, requests) {
        finding = finding.detail(line);
    }
    if status.is_none() {
        finding = finding.detail("Plug and Bandit answer an exception with 500 unless it names another status");
    }
    let last = requests[requests.len() - 1];
    let raised = requests[0].exceptions.last().map(|at| scene.ledger.call(web.exceptions.all[*at].call));
    finding = finding
        .shown_by("answer", requests[0].answer.or(requests[0].failure))
        .shown_by("raised", raised.and_then(|call| call.exit))
        .shown_by("request", scene.ledger.call(requests[0].root).event);
    if n > 1 {
        finding = finding.shown_by("last", last.answer.or(last.failure).or(Some(scene.ledger.call(last.root).event)));
    }
    let target = raised.and_then(|call| call.exit).unwrap_or(scene.ledger.call(requests[0].root).event);
    finding.refuted_by("an answer the program means to give, such as 503 while it starts").next(
        "explain",
        json!({"target": scene.ledger.text(target)}),
        "the first of them: the call that raised, its arguments and callers",
    )
}
