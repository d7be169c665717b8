//! One look at every event: who did what, and how often did something go wrong?

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::elsewhere::Elsewhere;
use super::held::held;
use super::life::{Figures, Life, at};
use super::noted::{Function, LONG_MAILBOX, Overview, Process, Troubles};
use super::spans::Spans;
use crate::analysis::ask::Ask;
use crate::analysis::exceptions::{End, Streamed};
use crate::analysis::fact::Fact;
use crate::analysis::ledger::gather;
use crate::analysis::mailbox::{Mailbox, Measure, by_receiver};
use crate::analysis::member;
use crate::analysis::nesting::{is_call, is_sleep};
use crate::analysis::nodes::Nodes;
use crate::analysis::spans::{Failed, times};
use crate::analysis::spawn::Spawn;
use crate::analysis::symbols::{Functions, Processes, Symbols};
use crate::analysis::traffic::Traffic;
use crate::analysis::waits::Waits;
use crate::analysis::who::Names;
use crate::error::Result;
use crate::event::exit_reason::ExitReason;
use crate::event::{Role, home};
use crate::query::{Field, Filter, Seen, Visit};

/// Reasons of failures that are kept; one that is not known took nobody along.
const MAX_FAILURES: usize = 100_000;

/// Processes and functions that are told.
const TOP: usize = 10;

/// Event types that are looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entry,
    Exit,
    Send,
    Spawn,
    End,
    Register,
    /// A span of a tracer, or its end.
    Span,
    Other,
}

/// What was seen so far.
pub(super) struct Look {
    types: Symbols,
    type_counts: Vec<u64>,
    kinds: Vec<Kind>,
    recorded: Nodes,
    processes: Processes,
    /// By the number of a pid: its place in `lives`.
    life_of: Vec<Option<usize>>,
    lives: Vec<Life>,
    by_pid: BTreeMap<String, usize>,
    names: Elsewhere,
    functions: Functions,
    figures: Vec<Figures>,
    is_callback: Vec<Option<bool>>,
    nodes: Symbols,
    sessions: Symbols,
    node_count: u32,
    session_count: u32,
    troubles: Troubles,
    exceptions: Streamed,
    /// Hashes of the reasons processes have failed with.
    failures: HashSet<u64, FixedState>,
    hasher: FixedState,
    waits: Waits,
    spans: Spans,
}

/// The longest a mailbox was, by the rule all tools share.
fn longest_mailbox(ask: &Ask<'_>, filter: &Filter, pid: &str) -> Result<Option<i64>> {
    let ledger = gather(ask.store(), Filter { pid: Some(pid.to_owned()), ..filter.clone() }, ask.watch())?;
    let traffic = Traffic::new(&ledger);
    let messages = by_receiver(&traffic);
    let lives = ledger.processes_called(pid).into_iter();
    let mailboxes = lives.map(|id| Mailbox::new(&traffic, id, &messages[id as usize]));
    let known = mailboxes.filter(|mailbox| mailbox.measure == Measure::Handled);
    Ok(known.map(|mailbox| mailbox.peak().map_or(0, |peak| peak.length as i64)).max())
}

/// The number of a life among the processes exceptions are followed in.
fn number(life: Option<usize>) -> u32 {
    life.map_or(u32::MAX, |life| life as u32)
}

impl Look {
    /// Nothing seen, of these nodes.
    pub(super) fn new(recorded: &Nodes, failed: Failed) -> Self {
        Self {
            types: Symbols::new(Field::EventType),
            type_counts: Vec::new(),
            kinds: Vec::new(),
            recorded: recorded.clone(),
            processes: Processes::new(recorded),
            life_of: Vec::new(),
            lives: Vec::new(),
            by_pid: BTreeMap::new(),
            names: Elsewhere::default(),
            functions: Functions::new(),
            figures: Vec::new(),
            is_callback: Vec::new(),
            nodes: Symbols::new(Field::Node),
            sessions: Symbols::new(Field::Session),
            node_count: 0,
            session_count: 0,
            troubles: Troubles::default(),
            exceptions: Streamed::default(),
            failures: HashSet::default(),
            hasher: FixedState::default(),
            waits: Waits::default(),
            spans: Spans::new(failed),
        }
    }

    pub(super) fn event(&mut self, event: &Seen<'_>) {
        let type_id = self.types.id(event) as usize;
        *at(&mut self.type_counts, type_id) += 1;
        while self.kinds.len() <= type_id {
            let kind = match self.types.text(self.kinds.len() as u32) {
                Some("function_entry") => Kind::Entry,
                Some("function_exit") => Kind::Exit,
                Some("message_send") => Kind::Send,
                Some("process_spawn") => Kind::Spawn,
                Some("process_exit") => Kind::End,
                Some("process_register") => Kind::Register,
                Some("span" | "span_end" | "async_end") => Kind::Span,
                _ => Kind::Other,
            };
            self.kinds.push(kind);
        }
        let kind = self.kinds[type_id];
        self.node_count = self.node_count.max(self.nodes.id(event));
        self.session_count = self.session_count.max(self.sessions.id(event));
        let life = self.subject(event);
        if let Some(life) = life {
            self.lives[life].events += 1;
        }
        if let Some(life) = life {
            self.wait(event, life);
        }
        match kind {
            Kind::Entry => self.entry(event, life),
            Kind::Exit => self.exit(event, life),
            Kind::Send => self.send(event, life),
            Kind::Spawn => self.spawn(event),
            Kind::End => self.end(event, life),
            Kind::Register if self.recorded.are_several() => self.names.register(event, life),
            Kind::Span => {
                if let Some(times) = times(event) {
                    let function = self.functions.id(event) as usize;
                    self.spans.take(event, times, (life, function));
                }
            }
            Kind::Register | Kind::Other => {}
        }
    }

    /// What a process surely waited for is not its own time, as what calls inside took.
    fn wait(&mut self, event: &Seen<'_>, life: usize) {
        if let Some(wait) = self.waits.take(life as u32, event, is_call(event)).filter(|wait| wait.is_sure) {
            self.lives[life].inner.push((wait.start, wait.end.saturating_sub(wait.start).max(0)));
        }
    }

    fn subject(&mut self, event: &Seen<'_>) -> Option<usize> {
        let id = self.processes.id(event) as usize;
        if id == 0 {
            return None;
        }
        if let Some(life) = at(&mut self.life_of, id) {
            return Some(*life);
        }
        let life = self.life(event.pid()?, event.node());
        self.life_of[id] = Some(life);
        Some(life)
    }

    /// The life of a pid that an event of a node names.
    fn life(&mut self, pid: &str, node: Option<&str>) -> usize {
        let pid = &*self.recorded.told(pid, node);
        if let Some(life) = self.by_pid.get(pid) {
            return *life;
        }
        self.lives.push(Life { pid: pid.to_owned(), ..Life::default() });
        self.by_pid.insert(pid.to_owned(), self.lives.len() - 1);
        self.lives.len() - 1
    }

    fn entry(&mut self, event: &Seen<'_>, life: Option<usize>) {
        self.exceptions.entry(number(life), event);
        let function = self.functions.id(event) as usize;
        let is_callback = at(&mut self.is_callback, function).get_or_insert_with(|| {
            matches!(
                (event.function(), event.arity()),
                (Some("handle_call"), Some(3)) | (Some("handle_cast" | "handle_info"), Some(2))
            )
        });
        if let (true, Some(life)) = (*is_callback, life) {
            let life = &mut self.lives[life];
            life.handled += 1;
            life.waiting = (life.waiting - 1).max(0);
        }
    }

    fn exit(&mut self, event: &Seen<'_>, life: Option<usize>) {
        let end = self.exceptions.exit(number(life), event);
        let is_raised = end == End::Raised;
        if is_raised {
            self.troubles.exceptions += 1;
        }
        let Some(life) = life else { return };
        let life = &mut self.lives[life];
        life.raised += u64::from(is_raised);
        life.hands_on = end == End::HandedOn;
        let Some(duration) = event.duration_ns() else { return };
        let (duration, start) = (duration.max(0), event.timestamp().saturating_sub(duration.max(0)));
        let own = life.call(start, duration, is_sleep(event));
        let function = self.functions.id(event) as usize;
        at(&mut self.figures, function).add(own, duration, (event.timestamp(), event.seq()));
    }

    /// Which spans are part of which is known once all were seen.
    fn end_spans(&mut self) {
        let (spans, failed) = std::mem::take(&mut self.spans).end();
        for (span, own) in spans {
            if let Some(life) = span.life {
                self.lives[life].in_calls = self.lives[life].in_calls.saturating_add(own);
            }
            if span.function > 0 {
                at(&mut self.figures, span.function).add(own, span.duration, span.key);
            }
        }
        for (span, told) in failed {
            self.troubles.exceptions += 1;
            if let Some(life) = span.life {
                self.lives[life].raised += 1;
            }
            if let Some((event, reason)) = told {
                self.exceptions.span(event, &reason);
            }
        }
    }

    fn send(&mut self, event: &Seen<'_>, life: Option<usize>) {
        if let Some(life) = life {
            self.lives[life].sent += 1;
        }
        let receiver = event.roles().find(|(role, _)| *role == Role::Receiver).map(|(_, pid)| pid);
        if memchr::memmem::find(event.data().as_bytes(), b"\"undeliverable\"").is_some() {
            self.troubles.undeliverable.count_only(event, &self.recorded);
            return;
        }
        let receiver = match receiver {
            Some(pid) => Some(self.life(pid, event.node())),
            None if self.recorded.are_several() => self.names.receiver(event),
            None => None,
        };
        let Some(receiver) = receiver else { return };
        let sent_on = life.map(|life| home::node_of(&self.lives[life].pid).map(str::to_owned));
        let receiver = &mut self.lives[receiver];
        let is_far = sent_on.is_some_and(|node| node.as_deref() != home::node_of(&receiver.pid));
        receiver.received += 1;
        // The clocks of two nodes do not say which was first.
        if receiver.exit.is_some() && is_far {
            return;
        }
        if receiver.exit.is_some() {
            match member::text(event.data(), "send_type").as_deref() {
                Some("reply") => self.troubles.late_replies.count_only(event, &self.recorded),
                _ => self.troubles.to_the_dead.count_only(event, &self.recorded),
            }
            return;
        }
        // A reply is taken by who waits for it.
        if memchr::memmem::find(event.data().as_bytes(), b"\"reply\"").is_none() {
            receiver.waiting += 1;
        }
        receiver.longest = receiver.longest.max(receiver.waiting);
    }

    fn end(&mut self, event: &Seen<'_>, life: Option<usize>) {
        self.exceptions.ended(number(life));
        let told = |key| member::text(event.data(), key);
        let reason = told("exit_reason").or_else(|| told("reason")).unwrap_or_default();
        let end = ExitReason::of(&reason, life.is_some_and(|life| self.lives[life].is_helper));
        if let Some(life) = life {
            self.lives[life].exit = Some(told("error").as_deref().unwrap_or(&reason).to_owned());
            self.lives[life].ended_badly = end.is_abnormal();
        }
        let hash = self.hasher.hash_one(&*reason);
        // One that raised nothing and ends as another just had was taken along by it.
        let is_taken = life.is_some_and(|life| self.lives[life].hands_on && self.lives[life].raised == 0)
            && self.failures.contains(&hash);
        if end.is_failure() && self.failures.len() < MAX_FAILURES {
            self.failures.insert(hash);
        }
        match end {
            _ if is_taken => self.troubles.consequences.add(event, &self.recorded),
            ExitReason::Timeout(_) => self.troubles.timeouts.add(event, &self.recorded),
            ExitReason::Callee(..) => self.troubles.consequences.add(event, &self.recorded),
            end if end.is_failure() => self.troubles.crashes.add(event, &self.recorded),
            end if end.is_abnormal() => self.troubles.abnormal_ends.add(event, &self.recorded),
            _ => {}
        }
    }

    /// Who is a helper of the runtime is known by what it was spawned with.
    fn spawn(&mut self, event: &Seen<'_>) {
        let Some((_, child)) = event.roles().find(|(role, _)| *role == Role::Child) else { return };
        let told = ["spawn_module", "spawn_function", "spawn_args"].map(|key| member::text(event.data(), key));
        let [module, function, args] = told.each_ref().map(|one| one.as_deref().unwrap_or_default());
        let is_helper = Spawn { module, function, args }.is_helper();
        let child = self.life(child, event.node());
        self.lives[child].begin(is_helper);
    }

    pub(super) fn finish(
        mut self,
        ask: &Ask<'_>,
        filter: &Filter,
        names: &Names<'_>,
        mut visit: Visit,
    ) -> Result<Overview> {
        let last_end = self.spans.last_end;
        visit.span = visit.span.map(|(first, last)| (first, last_end.map_or(last, |end| end.max(last))));
        self.end_spans();
        let mut types: Vec<(String, u64)> = self
            .type_counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
            .map(|(id, count)| (self.types.text(id as u32).unwrap_or("(none)").to_owned(), *count))
            .collect();
        types.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));

        self.troubles.sorts = self.exceptions.into_sorts();
        for sort in &mut self.troubles.sorts {
            sort.first = Fact::among(sort.first.event.clone(), &self.recorded);
        }
        self.troubles.held = held(ask, &self.lives, &self.waits, &visit, self.session_count)?;
        let all_processes = self.lives.len() as u64;
        let mut lives = self.lives;
        let weight = |life: &Life| {
            let trouble = life.ended_badly || life.handled > 0 && life.longest >= LONG_MAILBOX;
            (trouble, life.sent + life.received + life.events)
        };
        lives.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.pid.cmp(&b.pid)));
        let mut processes = Vec::new();
        for life in lives.into_iter().take(TOP) {
            processes.push(Process {
                who: names.who(&life.pid)?,
                events: life.events,
                sent: life.sent,
                received: life.received,
                in_calls: life.in_calls,
                mailbox: if life.handled > 0 { longest_mailbox(ask, filter, &life.pid)? } else { None },
                raised: life.raised,
                exit: life.exit,
            });
        }
        let mut functions: Vec<Function> = self
            .figures
            .iter()
            .enumerate()
            .filter(|(_, figures)| figures.calls > 0)
            .filter_map(|(id, figures)| {
                let name = self.functions.text(id as u32)?.to_owned();
                let Figures { calls, own, max, slowest } = *figures;
                Some(Function { name, calls, own, max, slowest })
            })
            .collect();
        let all_functions = functions.len() as u64;
        functions.sort_by(|a, b| b.own.cmp(&a.own).then_with(|| a.name.cmp(&b.name)));
        functions.truncate(TOP);
        let nodes = (1..=self.node_count).filter_map(|id| self.nodes.text(id)).map(str::to_owned).collect();
        Ok(Overview {
            visit,
            types,
            nodes,
            sessions: u64::from(self.session_count),
            processes,
            all_processes,
            functions,
            all_functions,
            troubles: self.troubles,
        })
    }
}
