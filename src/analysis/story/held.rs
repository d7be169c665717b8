//! Does a process wait: at the end of the recording, or when it was ended?

use super::answer::answered;
use super::blocked::{Wait, circle, wait, waits, whom};
use super::line::{self, At, HeldBy, Late, Line, Until, WaitsFor};
use super::part::{Cx, Part};
use super::sent::{asked, sent_where};
use crate::analysis::ask::{EVER, inside};
use crate::analysis::fact::Fact;
use crate::analysis::who::Who;
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
    pub(super) fn what(&self, cx: &Cx<'_>) -> Result<WaitsFor> {
        self.wait.value(cx)
    }

    /// For the sentence that says how its process is.
    pub(super) fn value(&self, cx: &Cx<'_>) -> Result<line::Held> {
        let until = if self.has_ended {
            Until::ItsEnd
        } else {
            let circle = circle(cx, &self.pid, self.until)?;
            Until::End { circle: circle.iter().map(Who::process).collect() }
        };
        let waited_ns = self.until.saturating_sub(self.wait.since().at());
        Ok(line::Held { waits_for: self.wait.value(cx)?, waited_ns, until })
    }

    pub(super) fn part(&self, cx: &Cx<'_>) -> Result<Part> {
        let since = self.wait.since();
        let place = sent_where(cx, since);
        let at = At::of(since);
        let mut lines = Vec::new();
        match &self.wait {
            Wait::Answer(send) => {
                let of = whom(cx, send)?;
                lines.push(Line::Held(HeldBy::Call { asked: asked(send), of, at, place }));
                let late = if self.has_ended { Late::AfterItsEnd } else { Late::AfterItGaveUp };
                lines.extend(answered(cx, send, self.until, late)?.into_iter().map(Line::Answer));
            }
            Wait::Stop(send) => lines.push(Line::Held(HeldBy::Stop { of: whom(cx, send)?, at, place })),
            Wait::Start { started, .. } => {
                let started = cx.names.who(started)?.process();
                lines.push(Line::Held(HeldBy::Start { started, at, place }));
            }
        }
        if let Some(whom) = self.wait.whom() {
            lines.extend(waits(cx, whom, self.until)?.map(Line::Waits));
        }
        Ok(Part::new("waits for", lines))
    }
}
