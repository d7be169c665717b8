//! Of how many requests did some fail? Told where those that went well were seen as well; else it is not known.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::words::{count, span};
use crate::analysis::exceptions::again::is_raise;
use crate::analysis::http::Request;
use crate::analysis::ledger::Sym;
use crate::analysis::left_out::{LeftOut, What};

/// Routes that are told.
const ROUTES: usize = 3;

/// Some requests, among those that are known whole.
pub(super) struct Rate<'s> {
    /// All that failed.
    failed: usize,
    /// Those that failed while every request was seen.
    counted: Vec<&'s Request>,
    /// Every request that was seen then; `None`: those that went well were not.
    among: Option<Vec<&'s Request>>,
    /// The first thing that was left out of what shows requests.
    left_out: Option<&'s LeftOut>,
    /// Whether requests that went well were not seen.
    is_biased: bool,
}

impl<'s> Rate<'s> {
    pub(super) fn of(scene: &'s Scene<'_>, requests: &[&'s Request]) -> Self {
        let all = &scene.web().requests.all;
        let whole: Vec<&Request> = all.iter().filter(|request| !is_missing(scene, request)).collect();
        // One that an exception alone shows would not have been seen had it gone well: others went unseen.
        let is_biased = whole.iter().any(|request| request.is_seen_by_failure);
        let counted: Vec<&Request> = requests.iter().copied().filter(|request| !is_missing(scene, request)).collect();
        let is_known = !is_biased && !counted.is_empty();
        Self {
            failed: requests.len(),
            counted,
            among: is_known.then_some(whole),
            left_out: scene
                .ledger
                .left_out
                .iter()
                .find(|one| all.iter().any(|request| matters(scene, one, request, one.since))),
            is_biased,
        }
    }

    /// The finding in a sentence.
    pub(super) fn told(&self, status: Option<u16>, by: &str) -> String {
        let Some(among) = &self.among else {
            let n = count(self.failed, "request");
            return match status {
                Some(status) => format!("{n} failed with HTTP {status}: {by}"),
                None => format!("{n} ended by an exception, the answer is not shown: {by}"),
            };
        };
        let n = self.counted.len();
        let then = if self.left_out.is_some() { " seen while values were recorded" } else { "" };
        match status {
            Some(status) => {
                let answered = among.iter().filter(|request| request.status.is_some()).count();
                format!("{n} of {}{then} were HTTP {status}: {by}", count(answered, "answer"))
            }
            None => {
                let of = count(among.len(), "request");
                format!("{n} of {of}{then} ended by an exception, the answer is not shown: {by}")
            }
        }
    }

    /// `GET /items/_ 4 of 40; GET /cart 1 of 3`: most failures first.
    pub(super) fn routes(&self, requests: &[&Request]) -> String {
        let of = if self.among.is_some() { &self.counted[..] } else { requests };
        let mut failed: BTreeMap<String, usize> = BTreeMap::new();
        for request in of {
            *failed.entry(request.route()).or_default() += 1;
        }
        let mut failed: Vec<(String, usize)> = failed.into_iter().collect();
        failed.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        let told = failed.iter().take(ROUTES).map(|(route, n)| match &self.among {
            Some(among) => {
                let of = among.iter().filter(|request| request.route() == *route).count();
                format!("{route} {n} of {of}")
            }
            None => format!("{route} {n}"),
        });
        let told = told.collect::<Vec<_>>().join("; ");
        let more = failed.len().saturating_sub(ROUTES);
        if more > 0 { format!("routes: {told}; {}", count(more, "more route")) } else { format!("route: {told}") }
    }

    /// What is not known of it.
    pub(super) fn lines(&self, scene: &Scene<'_>, status: Option<u16>, requests: &[&Request]) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(left_out) = self.left_out {
            let what = match &left_out.what {
                What::ValuesOf(function) => format!("values of {function}"),
                What::SomeValues => "values of some calls".to_owned(),
                What::Values | What::Samples => "values".to_owned(),
            };
            let since = scene.ledger.span().map_or(0, |(oldest, _)| left_out.since.saturating_sub(oldest));
            let why = left_out.why.as_ref().map(|why| format!("{why}, ")).unwrap_or_default();
            let later = self.failed - self.counted.len();
            let known = if later > 0 && self.among.is_some() {
                format!("; {later} more of these were seen")
            } else {
                String::new()
            };
            lines.push(format!(
                "{what} were left out from {} after the oldest event on ({why}{}): how many requests there were since \
                 then, and how they were answered, is not fully recorded{known}",
                span(since),
                left_out.event_id,
            ));
        }
        let Some(among) = &self.among else {
            if self.is_biased {
                lines.push(
                    "how many requests there were is not recorded: only exceptions show them here, so those that went \
                     well were not seen"
                        .to_owned(),
                );
            }
            lines.extend(called(scene, requests));
            return lines;
        };
        let unknown = among.iter().filter(|request| request.status.is_none()).count();
        if status.is_some() && unknown > 0 {
            let (those, them) = if unknown == 1 {
                ("the answer to 1 more request", "it")
            } else {
                ("the answers to more requests", "them")
            };
            let number = if unknown == 1 { String::new() } else { format!(" ({unknown})") };
            lines.push(format!(
                "{those}{number} are not shown: values were cut, or nothing that answers {them} was traced"
            ));
        }
        lines
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
fn called(scene: &Scene<'_>, requests: &[&Request]) -> Option<String> {
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
    let calls = ledger.calls.iter().filter(|call| call.function == function).count();
    let least = if ledger.losses.is_empty() && ledger.gaps().is_empty() { "" } else { "at least " };
    let times = if calls == 1 { "once".to_owned() } else { format!("{calls} times") };
    Some(format!("{}, the outermost recorded call around them, was called {least}{times}", ledger.text(function)))
}
