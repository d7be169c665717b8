//! Which process, node, session and function is an event of?

use super::book::Book;
use super::columns::column;
use crate::analysis::ledger::entry::ProcessId;
use crate::analysis::ledger::texts::Sym;
use crate::event::{Role, home};
use crate::query::{Field, Seen};

impl Book {
    pub(super) fn session(&mut self, seen: &Seen<'_>) -> Sym {
        column(&mut self.columns.sessions, &mut self.texts, seen, Field::Session).unwrap_or(self.none)
    }

    pub(super) fn site(&mut self, seen: &Seen<'_>) -> Option<Sym> {
        column(&mut self.columns.sites, &mut self.texts, seen, Field::AstNode)
    }

    pub(super) fn correlation(&mut self, seen: &Seen<'_>) -> Option<Sym> {
        column(&mut self.columns.references, &mut self.texts, seen, Field::Correlation)
    }

    /// Takes the event's node for where it is, where several were recorded.
    pub(super) fn come_to(&mut self, seen: &Seen<'_>) {
        if !self.nodes.are_several() {
            return;
        }
        let node = column(&mut self.columns.nodes, &mut self.texts, seen, Field::Node);
        if node != self.node {
            self.node = node;
            self.here = node.map(|node| self.texts.get(node).to_owned());
        }
    }

    /// The process the event happened in.
    pub(super) fn subject(&mut self, session: Sym, seen: &Seen<'_>) -> Option<ProcessId> {
        let pid = column(&mut self.columns.pids, &mut self.texts, seen, Field::Pid)?;
        Some(self.process_of(session, pid))
    }

    /// The process in a role, if the event names it by a pid; else its name.
    pub(super) fn in_role<'e>(
        &mut self,
        session: Sym,
        seen: &Seen<'e>,
        role: Role,
    ) -> Option<Result<ProcessId, &'e str>> {
        let (symbol, text) = seen.in_role(role)?;
        if !text.starts_with('<') {
            return Some(Err(text));
        }
        let pid = self.columns.pids.get((seen.part(), symbol), || self.texts.intern(text));
        Some(Ok(self.process_of(session, pid)))
    }

    /// The session and the pid of a process that the event names, as answers tell it. A process of another node is of a
    /// session in which that was recorded, or of this one where that is not sure.
    pub(super) fn told(&mut self, session: Sym, pid: Sym) -> (Sym, Sym) {
        if !self.nodes.are_several() {
            return (session, pid);
        }
        let key = (pid, self.node);
        let (pid, node) = match self.columns.told.get(&key) {
            Some(told) => *told,
            None => {
                let told = home::at_node(self.texts.get(pid), self.here.as_deref()).into_owned();
                let node = home::node_of(&told).map(|node| self.texts.intern(node));
                let told = (self.texts.intern(&told), node);
                self.columns.told.insert(key, told);
                told
            }
        };
        match node {
            Some(node) if Some(node) != self.node => {
                let node = self.texts.get(node).to_owned();
                (self.home(session, &node), pid)
            }
            _ => (session, pid),
        }
    }

    /// `Mod.fun/1`; of what is of no module, such as a span, its name.
    pub(super) fn function(&mut self, seen: &Seen<'_>) -> Sym {
        let module = column(&mut self.columns.modules, &mut self.texts, seen, Field::Module);
        let name = column(&mut self.columns.functions, &mut self.texts, seen, Field::Function);
        let key = (module, name, seen.arity());
        if let Some(known) = self.columns.mfas.get(&key) {
            return *known;
        }
        let module = seen.module().map(|module| format!("{module}.")).unwrap_or_default();
        let arity = seen.arity().map(|arity| format!("/{arity}")).unwrap_or_default();
        let written = self.texts.intern(&format!("{module}{}{arity}", seen.function().unwrap_or("?")));
        self.columns.mfas.insert(key, written);
        written
    }
}
