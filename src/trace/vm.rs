//! What the virtual machine did for a process: collections, scheduling, ports.

use super::message::{Mfa, Phase, pid as pid_of};
use super::messages::{party_of, write_party};
use super::object::Object;
use super::recorder::{At, Recorder};
use crate::etf::{Pid, Term};
use crate::event::Role;

impl Recorder {
    /// Start and end of a garbage collection are one event, at its end.
    pub(super) fn on_gc(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        kind: &'static str,
        phase: Phase,
        info: Term<'_>,
    ) -> Option<()> {
        let key = self.key(pid?)?;
        let process = self.processes.at(key, at.number);
        if phase == Phase::Start {
            process.collecting = Some((at.ns, info.as_bytes().into()));
            self.counters.merged += 1;
            return Some(());
        }
        let started = process.collecting.take().filter(|_| phase == Phase::End);
        let mut draft = self.draft(at, "garbage_collection", Some(key));
        draft.duration_ns = started.as_ref().and_then(|(since, _)| Some(at.ns?.saturating_sub((*since)?).max(0)));
        self.emit(draft, |object, _| {
            if !kind.is_empty() {
                object.str("gc_type", kind);
            }
            if let Some((_, before)) = &started {
                sizes(object, "_before", Term::checked(before));
            }
            let suffix = if phase == Phase::End { "_after" } else { "" };
            sizes(object, suffix, info);
        });
        Some(())
    }

    /// A process is scheduled in or out; going out tells how long it ran. It is no event of the function it is in, which
    /// neither begins nor ends.
    pub(super) fn on_schedule(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        event_type: &'static str,
        is_in: bool,
        mfa: Option<Mfa<'_>>,
    ) -> Option<()> {
        let key = self.key(pid?)?;
        let process = self.processes.at(key, at.number);
        let since = std::mem::replace(&mut process.running_since, at.ns.filter(|_| is_in));
        let mut draft = self.draft(at, event_type, Some(key));
        let function = mfa.map(|mfa| self.function_id(&mfa));
        if !is_in {
            draft.duration_ns = at.ns.zip(since).map(|(now, since)| now.saturating_sub(since).max(0));
        }
        self.emit(draft, |object, _| {
            if let Some(function) = function {
                object.str("running", &object.context.functions.function(function).shown);
            }
        });
        Some(())
    }

    pub(super) fn on_port(
        &mut self,
        at: At,
        port: Option<Term<'_>>,
        event_type: &'static str,
        owner: Option<Term<'_>>,
        detail: Term<'_>,
    ) {
        if let Some(owner) = owner.and_then(pid_of) {
            self.meet(owner);
        }
        let home = self.home.clone();
        let mut draft = self.draft(at, event_type, None);
        if let Some(port) = port {
            draft.pid = self.out.span(|text| write_party(port, home.as_ref().map(|(home, _)| &**home), text));
        }
        self.emit(draft, |object, draft| {
            if let Some(owner) = owner {
                if let Some(pid) = party_of(object, "parent_pid", owner) {
                    draft.role(Role::Parent, pid);
                }
                object.term("driver", detail);
            } else {
                object.term("exit_reason", detail);
            }
        });
    }
}

/// The sizes the collector tells, in words: `[{heap_size, 610}, ...]`.
fn sizes(object: &mut Object<'_>, suffix: &str, info: Term<'_>) {
    for mut pair in info.items().into_iter().flatten().filter_map(Term::tuple) {
        let (Some(key), Some(value)) = (pair.next().and_then(Term::atom), pair.next()) else { continue };
        let key = format!("{}{suffix}", key.text());
        match value.integer() {
            Some(size) => {
                object.quoted_key(&key);
                super::object::number(size, object.text);
            }
            None => {
                object.quoted_key(&key);
                object.value(value);
            }
        }
    }
}
