//! The life of processes: their beginnings and their ends.

use super::book::{Book, cut};
use crate::analysis::ledger::entry::{Exit, Moment, ProcessId, Waited};
use crate::analysis::ledger::payload::{Payload, text};
use crate::analysis::ledger::texts::Sym;
use crate::analysis::spawn::Spawn;
use crate::event::Role;
use crate::event::exit_reason::ExitReason;
use crate::query::Seen;

impl Book {
    pub(super) fn on_spawn(&mut self, seen: &Seen<'_>, session: Sym, moment: Moment) {
        let (mut parent, mut child) = (None, None);
        for (role, pid) in seen.roles() {
            match role {
                Role::Parent => parent = Some(pid),
                Role::Child => child = Some(pid),
                _ => {}
            }
        }
        let Some(child) = child.or(seen.pid()) else { return };
        let is_told_by_parent = parent.is_some() && parent == seen.pid();
        let parent = parent.map(|parent| self.process(session, parent));
        if let Some(parent) = parent.filter(|_| is_told_by_parent) {
            self.acted(parent, moment);
        }
        let child = self.texts.intern(child);
        let (session, pid) = self.told(session, child);
        let known = self.by_pid.get(&(session, pid)).copied();
        // The pid of one that has ended stands for another process now.
        let process = match known {
            Some(id) if self.processes[id as usize].exit.is_none() => id,
            _ => self.new_process(session, pid),
        };
        let payload = Payload::read(seen.data());
        let told = [payload.spawn_module, payload.spawn_function, payload.spawn_args].map(text);
        let [module, function, args] = told.each_ref().map(|one| one.as_deref().unwrap_or_default());
        let spawn = Spawn { module, function, args };
        let behaviour =
            spawn.behaviour().map(|(behaviour, module)| (self.texts.intern(behaviour), self.texts.intern(module)));
        let module = text(payload.callback_module);
        let module = module.as_deref().or_else(|| spawn.behaviour().map(|(_, module)| module));
        let module = module.map(|module| self.texts.intern(module));
        let name = text(payload.registered_name).map(|name| self.texts.intern(&name));
        let event = self.texts.intern(seen.event_id());
        let of = &mut self.processes[process as usize];
        of.parent = of.parent.or(parent);
        of.spawn = of.spawn.or(Some((moment, event)));
        of.module = of.module.or(module);
        of.name = of.name.or(name);
        of.is_helper = spawn.is_helper();
        of.spawned = of.spawned.or(behaviour);
    }

    pub(super) fn on_exit(&mut self, seen: &Seen<'_>, session: Sym, process: ProcessId, moment: Moment) {
        let payload = Payload::read(seen.data());
        let reason = text(payload.exit_reason).or_else(|| text(payload.reason)).unwrap_or_default();
        let end = ExitReason::of(&reason, self.processes[process as usize].is_helper);
        let is_timeout = matches!(end, ExitReason::Timeout(_));
        if let Some(request) = self.waiting.remove(&process) {
            let how = if is_timeout { Waited::GaveUp } else { Waited::Died };
            let waited = &mut self.messages[request as usize].waited;
            *waited = waited.or(Some((moment, how)));
        }
        let reason = self.texts.intern(cut(&reason));
        let event = self.texts.intern(seen.event_id());
        let error = text(payload.error).map(|error| self.texts.intern(cut(&error)));
        let crash_site = text(payload.crash_site).map(|site| self.texts.intern(&site));
        let name = text(payload.registered_name).map(|name| self.texts.intern(&name));
        self.stacks.remove(&process);
        if let Some(name) = name {
            let text = self.texts.get(name).to_owned();
            let place = (session, self.name_here(&text));
            self.by_name.remove(&place);
        }
        let of = &mut self.processes[process as usize];
        of.name = of.name.or(name);
        of.exit = Some(Exit { event, moment, reason, error, crash_site, end });
    }
}
