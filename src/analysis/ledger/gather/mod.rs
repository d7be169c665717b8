//! How do events become a ledger?

mod across;
mod book;
mod calls;
mod columns;
mod life;
mod messages;
mod queues;
mod signs;
mod spans;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use book::Book;

use super::entry::{Message, Moment, Process, Sample, Waited};
use super::kind::Kind;
use super::lineage::Lineage;
use super::payload::{Payload, int, text};
use super::texts::{Sym, Texts};
use super::whole::Ledger;
use crate::analysis::left_out::{LeftOut, What, left_out};
use crate::analysis::losses::{Loss, losses};
use crate::analysis::nodes::Nodes;
use crate::analysis::spans::told;
use crate::error::Result;
use crate::event::time::Time;
use crate::query::{Filter, Seen, Visit};
use crate::store::EventStore;
use crate::watch::Watch;

/// Event types a ledger is made of.
const TYPES: [&str; 17] = [
    "function_entry",
    "function_exit",
    "message_send",
    "message_receive",
    "process_spawn",
    "process_exit",
    "process_register",
    "process_unregister",
    "process_sample",
    "state_change",
    "capture_start",
    "span",
    "span_begin",
    "span_end",
    "async_begin",
    "async_end",
    "exception",
];

/// Reads the events of a filter into a ledger; the filter's types are [`TYPES`]. Cost: about 0.5 us an event.
///
/// # Errors
/// Those of [`EventStore::visit`].
pub(crate) fn gather(store: &EventStore, mut filter: Filter, watch: &dyn Watch) -> Result<Ledger> {
    filter.event_types = TYPES.iter().map(|name| (*name).to_owned()).collect();
    let nodes = Nodes::of(store);
    let recorded = nodes.recorded(store)?;
    let mut book = Book::new(nodes, recorded);
    let visit = store.visit(&filter, watch, |seen| {
        book.take(&seen);
        ControlFlow::Continue(())
    })?;
    let losses = losses(store, &visit, watch)?;
    let left_out = left_out(store, &visit, watch)?;
    book.join_across(&losses);
    book.join_spans();
    let Book { nodes, mut texts, calls, mut messages, processes, .. } = book;
    let Book { samples, downs, maybe_waited, signs, registrations, knows_names, newest, .. } = book;
    for loss in &losses {
        texts.intern(&loss.event_id);
    }
    let breaks = breaks(store, &visit, (&losses, &left_out), newest, &mut texts, watch)?;
    for message in &mut messages {
        unseen(message, &processes, &breaks);
    }
    let shared_names = shared_names(&processes);
    Ok(Ledger {
        store: store.clone(),
        nodes,
        texts,
        lineage: Lineage::of(&calls),
        calls,
        messages,
        processes,
        samples,
        downs,
        maybe_waited,
        signs,
        losses,
        left_out,
        registrations,
        breaks,
        shared_names,
        knows_names,
        visit,
    })
}

/// Names that several processes of one session had, or processes of several nodes.
fn shared_names(processes: &[Process]) -> BTreeSet<(Sym, Sym)> {
    let (mut had, mut shared) = (BTreeMap::<Sym, BTreeSet<Option<Sym>>>::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for process in processes {
        let Some(name) = process.name else { continue };
        had.entry(name).or_default().insert(process.node);
        if !seen.insert((process.session, name)) {
            shared.insert((process.session, name));
        }
    }
    shared.extend(seen.into_iter().filter(|(_, name)| had[name].len() > 1));
    shared
}

/// Where the recording has a seam: captures that began or ended, values that were left out, and losses. One that nothing follows breaks nothing.
fn breaks(
    store: &EventStore,
    visit: &Visit,
    (losses, left_out): (&[Loss], &[LeftOut]),
    newest: i64,
    texts: &mut Texts,
    watch: &dyn Watch,
) -> Result<BTreeMap<Sym, Vec<i64>>> {
    let mut found: BTreeMap<Sym, Vec<i64>> = BTreeMap::new();
    let event_types = ["capture_start", "capture_end"].map(str::to_owned).to_vec();
    // Whatever else is looked at: a capture is of all processes.
    let filter = Filter {
        event_types,
        since: visit.since.map(Time::At),
        until: visit.until.map(Time::At),
        session_id: visit.filter.session_id.clone(),
        ..Filter::default()
    };
    store.visit(&filter, watch, |seen| {
        let session = texts.intern(seen.session_id().unwrap_or_default());
        found.entry(session).or_default().push(seen.timestamp());
        ControlFlow::Continue(())
    })?;
    // With its values a source leaves out its messages.
    for left in left_out.iter().filter(|left| left.what == What::Values) {
        found.entry(texts.intern(&left.session)).or_default().push(left.since);
    }
    for loss in losses {
        let session = texts.intern(loss.session_id.as_deref().unwrap_or_default());
        found.entry(session).or_default().extend([loss.since, loss.until]);
    }
    for breaks in found.values_mut() {
        breaks.retain(|at| *at < newest);
        breaks.sort_unstable();
    }
    Ok(found)
}

/// Of a call without a reply across a seam it is not known whether it was answered.
fn unseen(message: &mut Message, processes: &[Process], breaks: &BTreeMap<Sym, Vec<i64>>) {
    let may_be_answered = message.kind == Kind::Call && message.reply.is_none() && !message.undeliverable;
    let Some(sender) = message.sender.filter(|_| may_be_answered) else { return };
    let until = match message.waited {
        Some((moment, Waited::GaveUp)) => moment.at,
        None => i64::MAX,
        Some(_) => return,
    };
    let breaks = breaks.get(&processes[sender as usize].session).map(Vec::as_slice).unwrap_or_default();
    let next = breaks.get(breaks.partition_point(|at| *at <= message.sent.at));
    if let Some(at) = next.filter(|at| **at <= until) {
        message.waited = Some((Moment { order: message.sent.order, at: *at }, Waited::Unseen));
    }
}

impl Book {
    fn take(&mut self, seen: &Seen<'_>) {
        let moment = Moment { order: self.order, at: seen.timestamp() };
        self.order += 1;
        self.now = moment.at;
        let session = self.session(seen);
        let event_type = seen.event_type().unwrap_or_default();
        if event_type == "capture_start" {
            self.knows_names = true;
            return;
        }
        if event_type != "process_register" {
            self.newest = self.newest.max(moment.at);
        }
        if told(event_type).is_some() || event_type == "exception" {
            return self.on_span(seen, session, moment);
        }
        if seen.pid().is_none() {
            return;
        }
        self.come_to(seen);
        if event_type == "process_spawn" {
            return self.on_spawn(seen, session, moment);
        }
        let Some(process) = self.subject(session, seen) else { return };
        match event_type {
            "function_entry" => self.on_entry(seen, process, moment),
            "function_exit" => self.on_exit_of_call(seen, process, moment),
            "message_send" => self.on_send(seen, session, process, moment),
            "message_receive" => self.on_receive(seen, session, process, moment),
            "process_exit" => self.on_exit(seen, session, process, moment),
            "process_register" | "process_unregister" => {
                let payload = Payload::read(seen.data());
                let Some(name) = text(payload.registered_name) else { return };
                let place = (session, self.name_here(&name));
                let name = self.texts.intern(&name);
                if event_type == "process_register" {
                    self.processes[process as usize].name = Some(name);
                    self.by_name.insert(place, process);
                    self.registrations.push((moment, name, process));
                } else {
                    self.by_name.remove(&place);
                }
            }
            "process_sample" => {
                let payload = Payload::read(seen.data());
                if let Some(length) = int(payload.message_queue_len) {
                    let since = moment.at.saturating_sub(int(payload.within_ns).unwrap_or(0).max(0));
                    self.samples.push(Sample { process, moment, since, length: length.unsigned_abs() });
                }
            }
            "state_change" => {
                let call = seen.call_id().and_then(|call| self.find_call(call));
                if let Some(call) = call {
                    self.calls[call as usize].change = Some(self.texts.intern(seen.event_id()));
                }
            }
            _ => {}
        }
    }
}
