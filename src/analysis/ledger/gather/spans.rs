//! Spans of tracers, as calls: what each is part of is known once all of them are.

use super::book::{Book, Spans, cut};
use crate::analysis::ledger::entry::{Call, CallId, Moment, Outcome};
use crate::analysis::ledger::texts::Sym;
use crate::analysis::spans::{Told, failure, of_exception, times, told};
use crate::query::Seen;

impl Book {
    pub(super) fn on_span(&mut self, seen: &Seen<'_>, session: Sym, moment: Moment) {
        let Some(what) = seen.event_type().and_then(told) else { return self.on_exception(seen) };
        self.come_to(seen);
        let process = self.process(session, seen.pid().unwrap_or_default());
        let id = seen.call_id().map(|id| self.texts.intern(id));
        let call = match (what, id) {
            (Told::End, Some(id)) => self.spans.begun.remove(&id),
            _ => None,
        };
        let call = call.unwrap_or_else(|| {
            let function = self.function(seen);
            let event = self.texts.intern(seen.event_id());
            let site = self.site(seen);
            self.processes[process as usize].runs_traced_code = true;
            self.calls.push(Call {
                event,
                exit: None,
                process,
                function,
                is_span: true,
                is_anonymous: false,
                callback: None,
                site,
                start: moment,
                end: None,
                duration: None,
                outcome: Outcome::Open,
                reason: None,
                parent: None,
                message: None,
                change: None,
            });
            self.calls.len() as CallId - 1
        });
        if let (Told::Begin, Some(id)) = (what, id) {
            self.spans.begun.insert(id, call);
            return;
        }
        let Some((start, end)) = times(seen) else { return };
        let number = self.spans.traced.take(seen, process, (start, end)) as usize;
        debug_assert_eq!(number, self.spans.calls.len(), "spans are numbered as they are taken in");
        self.spans.calls.push(call);
        let trace = self.texts.intern(seen.correlation_id().unwrap_or_default());
        if let Some(id) = id {
            self.spans.ids.push((call, trace, id));
        }
        let exit = self.texts.intern(seen.event_id());
        let failed = failure(seen.data()).map(|reason| self.texts.intern(cut(&reason)));
        let of = &mut self.calls[call as usize];
        of.exit = Some(exit);
        of.end = Some(Moment { order: moment.order, at: end });
        of.duration = Some(end.saturating_sub(start));
        of.outcome = if failed.is_some() { Outcome::Error } else { Outcome::Returned };
        of.reason = failed;
    }

    fn on_exception(&mut self, seen: &Seen<'_>) {
        let Some(span) = seen.parent_id() else { return };
        let trace = self.texts.intern(seen.correlation_id().unwrap_or_default());
        let span = self.texts.intern(span);
        if !self.spans.raised.contains_key(&(trace, span)) {
            let reason = self.texts.intern(cut(&of_exception(seen.data())));
            self.spans.raised.insert((trace, span), reason);
        }
    }

    /// Joins the spans, and what was raised in them.
    pub(super) fn join_spans(&mut self) {
        let Spans { traced, calls, raised, ids, .. } = std::mem::take(&mut self.spans);
        if traced.is_empty() {
            return;
        }
        for (call, parent) in calls.iter().zip(traced.forest().parents) {
            self.calls[*call as usize].parent = parent.map(|parent| calls[parent as usize]);
        }
        for (call, trace, id) in ids {
            let Some(reason) = raised.get(&(trace, id)) else { continue };
            let call = &mut self.calls[call as usize];
            call.outcome = Outcome::Error;
            if call.reason.is_none_or(|told| told == self.none) {
                call.reason = Some(*reason);
            }
        }
    }
}
