//! The life of processes: who spawned whom, under which name, linked to whom, and how did it end?

use super::crash::Crash;
use super::cut::is_cut;
use super::messages::{party_of, write_pid};
use super::object::Object;
use super::process::ProcessKey;
use super::recorder::{At, Recorder};
use crate::etf::{Atom, Pid, Term, View, show};
use crate::event::Role;

impl Recorder {
    /// A spawn, seen by the parent or by the child: whichever comes first becomes the event.
    pub(super) fn on_spawn(
        &mut self,
        at: At,
        parent: Option<Pid<'_>>,
        child: Pid<'_>,
        what: Term<'_>,
        by_child: bool,
    ) -> Option<()> {
        let parent = parent?;
        let child_key = self.key(child);
        let parent_key = self.key(parent);
        let (cause, correlation) = self.doing(parent_key);
        let site = self.innermost(parent_key).and_then(|frame| frame.site);
        if let Some(child) = child_key {
            let process = self.processes.at(child, at.number);
            process.spawned_at = process.spawned_at.or(at.ns);
            process.spawned_by = process.spawned_by.or(Some(at.number));
            if std::mem::replace(&mut process.is_announced, true) {
                self.counters.merged += 1;
                return Some(());
            }
        }
        let subject = if by_child { child_key } else { parent_key };
        let mut draft = self.draft(at, "process_spawn", subject);
        draft.parent = self.id_of_some(cause);
        draft.correlation = self.correlate(correlation);
        draft.site = site;
        self.emit(draft, |object, draft| {
            let home = object.context.home;
            for (key, pid, role) in [("parent_pid", parent, Role::Parent), ("spawned_pid", child, Role::Child)] {
                let pid = object.plain(key, |text| write_pid(pid, home, text));
                draft.role(role, pid);
            }
            describe_spawned(object, what);
        });
        Some(())
    }

    pub(super) fn on_exit(&mut self, at: At, pid: Option<Pid<'_>>, reason: Term<'_>) -> Option<()> {
        let key = self.key(pid?)?;
        let process = self.processes.remove(key).unwrap_or_default();
        self.names.retain(|_, owner| *owner != key);
        let crash = Crash::read(reason);
        let is_normal = reason.atom().is_some_and(|reason| reason.is("normal") || reason.is("shutdown"));
        let (cause, correlation) = match process.failed {
            Some((failed, correlation)) if process.stack.is_empty() && !is_normal => (Some(failed), correlation),
            _ => process.doing(),
        };
        let mut draft = self.draft(at, "process_exit", Some(key));
        draft.parent = self.id_of_some(cause);
        draft.correlation = self.correlate(correlation);
        self.emit(draft, |object, draft| {
            let pid = object.pid("exited_pid", key);
            draft.role(Role::Exited, pid);
            object.term("exit_reason", reason);
            if let Some(name) = &process.name {
                object.str("registered_name", name);
            }
            if let Some((now, since)) = at.ns.zip(process.spawned_at) {
                object.int("lifetime_ns", now.saturating_sub(since).max(0));
            }
            if let Some(crash) = &crash {
                crash.write(object);
            }
        });
        Some(())
    }

    pub(super) fn on_link(
        &mut self,
        at: At,
        pid: Option<Pid<'_>>,
        event_type: &'static str,
        other: Term<'_>,
    ) -> Option<()> {
        let key = self.key(pid?)?;
        self.processes.at(key, at.number);
        let draft = self.draft(at, event_type, Some(key));
        self.emit(draft, |object, draft| {
            if let Some(pid) = party_of(object, "target_pid", other) {
                draft.role(Role::Target, pid);
            }
        });
        Some(())
    }

    pub(super) fn on_register(&mut self, at: At, pid: Option<Pid<'_>>, name: Atom<'_>) -> Option<()> {
        let key = self.key(pid?)?;
        let shown = self.named(at, key, name);
        let draft = self.draft(at, "process_register", Some(key));
        self.emit(draft, |object, _| object.str("registered_name", &shown));
        Some(())
    }

    /// A process has a name from now on.
    pub(super) fn named(&mut self, at: At, key: ProcessKey, name: Atom<'_>) -> String {
        let mut shown = String::new();
        show::atom(name, &mut shown);
        self.names.insert(name.bytes().into(), key);
        self.processes.at(key, at.number).name = Some(shown.as_str().into());
        shown
    }

    pub(super) fn on_unregister(&mut self, at: At, pid: Option<Pid<'_>>, name: Atom<'_>) -> Option<()> {
        let key = self.key(pid?)?;
        self.names.remove(name.bytes());
        let draft = self.draft(at, "process_unregister", Some(key));
        // The process keeps its last name: an exit comes after the name is taken away.
        self.emit(draft, |object, _| object.atom("registered_name", name));
        Some(())
    }
}

/// `{Module, Function, Arguments}`: what of it is whole. A cut argument costs itself, not who spawned whom.
fn describe_spawned(object: &mut Object<'_>, what: Term<'_>) -> Option<()> {
    let mut parts = what.tuple().filter(|parts| parts.len() == 3 && !is_cut(what))?;
    let (module, function, args) = (parts.next()?.atom(), parts.next()?.atom(), parts.next()?);
    if let Some(module) = module {
        object.atom("spawn_module", module);
    }
    if let Some(function) = function {
        object.str("spawn_function", &function.text());
    }
    // Some tracers tell the arity alone.
    if args.integer().is_none() {
        object.term("spawn_args", args);
        describe_behaviour(object, module?, function?, args);
    }
    Some(())
}

/// `proc_lib:init_p(Parent, Ancestors, gen, init_it, [gen_server, _, _, Name, Module | _])` tells what it starts.
fn describe_behaviour(object: &mut Object<'_>, module: Atom<'_>, function: Atom<'_>, args: Term<'_>) -> Option<()> {
    if !(module.is("proc_lib") && function.is("init_p")) {
        return None;
    }
    let mut args = args.items()?;
    let (module, function, inner) = (args.nth(2)?.atom()?, args.next()?.atom()?, args.next()?);
    if !(module.is("gen") && function.is("init_it")) {
        return None;
    }
    let mut inner = inner.items()?;
    let behaviour = inner.next()?.atom()?;
    let third = inner.nth(2)?;
    // `{local, Name}` stands before the module where the process is registered.
    let (name, module) = match third.view() {
        View::Tuple(mut pair) if pair.len() == 2 => (pair.nth(1), inner.next()?.atom()?),
        _ => (None, third.atom()?),
    };
    object.atom("behaviour", behaviour);
    object.atom("callback_module", module);
    if let Some(name) = name {
        object.term("registered_name", name);
    }
    Some(())
}
