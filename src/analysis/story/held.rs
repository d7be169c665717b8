//! Does a process wait: at the end of the recording, or when it was ended?

use super::answer::answered;
use super::blocked::{Wait, circle, itself, wait};
use super::line::{Late, Line};
use super::part::{Cx, Part};
use super::sent::{asked, sent_where};
use super::tell::duration;
use crate::analysis::ask::{EVER, inside};
use crate::analysis::fact::Fact;
use crate::error::Result;
use crate::query::Filter;

/// What a process waited for until nothing more is known of it.
pub(super) struct Held {
    pid: String,
    wait: Wait,
    /// When it ended, or the recording does.
    until: i64,
    has_ended: bool,
}

/// What a process waits for to its end, or that of the recording, where that is known.
pub(super) fn held(cx: &Cx<'_>, pid: &str, exit: Option<&Fact>) -> Result<Option<Held>> {
    let newest = cx.ask.last(Filter::default(), EVER)?.map_or(i64::MAX, |newest| newest.at());
    let until = exit.map_or(newest, Fact::at);
    let Some(wait) = wait(cx, pid, until)? else { return Ok(None) };
    // Who comes back from a call does not wait any more; but an end ends its calls.
    let reason = exit.and_then(|exit| exit.text("exit_reason"));
    let is_of_end = |end: &Fact| reason.is_some() && end.text("reason") == reason;
    let back = cx.ask.first(inside(pid, &["function_exit"]), (wait.since().at().saturating_add(1), until))?;
    if back.is_some_and(|end| !is_of_end(&end)) {
        return Ok(None);
    }
    Ok(Some(Held { pid: pid.to_owned(), wait, until, has_ended: exit.is_some() }))
}

impl Held {
    /// What it waited for.
    pub(super) fn what(&self, cx: &Cx<'_>) -> Result<String> {
        self.wait.told(cx)
    }

    /// For the sentence that says how its process is.
    pub(super) fn told(&self, cx: &Cx<'_>) -> Result<String> {
        let what = self.what(cx)?;
        let waited = duration(self.until.saturating_sub(self.wait.since().at()));
        if self.has_ended {
            return Ok(format!(", having waited {waited} for {what}"));
        }
        let circle = circle(cx, &self.pid, self.until)?;
        let names: Vec<String> = circle.iter().map(ToString::to_string).collect();
        let deadlock = match names.as_slice() {
            [] => String::new(),
            [one] => format!("; {one} waits for itself: a deadlock"),
            _ => format!("; {} wait for each other: a deadlock", names.join(" and ")),
        };
        Ok(format!(", waiting for {what}, for {waited} to the end of the recording{deadlock}"))
    }

    pub(super) fn part(&self, cx: &Cx<'_>) -> Result<Part> {
        let since = self.wait.since();
        let place = sent_where(cx, since).map(|place| format!(", {place}")).unwrap_or_default();
        let (at, id) = (cx.at(since.at()), since.id());
        let mut lines = Vec::new();
        match &self.wait {
            Wait::Answer(send) => {
                let whom = cx.names.maybe(self.wait.whom())?.map(|who| who.to_string());
                let whom = whom.as_deref().or_else(|| send.text("receiver_name")).unwrap_or("?");
                lines.push(Line::Text(format!("{} sent to {whom} at {at} ({id}){place}", asked(send))));
                let late = if self.has_ended { Late::AfterItsEnd } else { Late::AfterItGaveUp };
                lines.extend(answered(cx, send, self.until, late)?.into_iter().map(Line::Answer));
            }
            Wait::Start { started, .. } => {
                lines.push(Line::Text(format!("{} started at {at} ({id}){place}", cx.names.who(started)?)));
            }
        }
        if let Some(whom) = self.wait.whom() {
            lines.extend(itself(cx, whom, self.until)?.map(Line::Text));
        }
        Ok(Part::new("waits for", lines))
    }
}
