//! Appending to the active segment: identity first, then column by column, then the order of time.

use super::{Active, mfa_key, pair_key};
use crate::event::Event;
use crate::index::{Field, Index};
use crate::segment::rows::Rows;

impl Active {
    /// Appends one event; returns its row. By time it is found after [`Self::publish`].
    pub(crate) fn push(&mut self, seq: u64, timestamp: i64, stamped: bool, event_id: &str, event: &Event<'_>) -> usize {
        let row = self.push_identity(seq, timestamp, stamped, event_id, event);
        self.push_columns(std::iter::once(event));
        row
    }

    /// Appends what makes an event itself: id, place in the order, payload. The row needs
    /// [`Self::push_columns`] before anything but these is read or it is killed.
    pub(crate) fn push_identity(
        &mut self,
        seq: u64,
        timestamp: i64,
        stamped: bool,
        event_id: &str,
        event: &Event<'_>,
    ) -> usize {
        let row = self.len();
        self.seqs.push((seq - self.base_seq) as u32);
        self.timestamps.push(timestamp);
        self.highest.push(self.highest.last().map_or(timestamp, |high| timestamp.max(*high)));
        if stamped {
            self.stamped.insert(row);
        }
        self.arena.push_str(event_id);
        self.arena.push_str(&event.data);
        self.ends.push(self.arena.len() as u32);
        self.id_lens.push(event_id.len() as u16);
        row
    }

    /// Appends the columns of the events pushed since the last call, in their order.
    ///
    /// One column after the other: its dictionary stays in the cache, and the look-ups of neighbouring rows do not
    /// wait for each other.
    pub(crate) fn push_columns<'e, 'a: 'e>(&mut self, events: impl Iterator<Item = &'e Event<'a>> + Clone) {
        let first = self.arities.len();
        for event in events.clone() {
            self.wall_times.push(event.wall_time);
            self.durations.push(event.duration_ns);
            self.arities.push(event.arity.map_or(0, |arity| u16::from(arity) + 1));
        }
        let mut column = |field: Field, text: fn(&'e Event<'a>) -> Option<&'e str>| {
            self.push_texts(field, first, events.clone().map(text));
        };
        column(Field::Node, |event| event.node.as_deref());
        column(Field::Pid, |event| event.pid.as_deref());
        column(Field::EventType, |event| event.event_type.as_deref());
        column(Field::Module, |event| event.module.as_deref());
        column(Field::Function, |event| event.function.as_deref());
        column(Field::Correlation, |event| event.correlation_id.as_deref());
        column(Field::Parent, |event| event.parent_id.as_deref());
        column(Field::Call, |event| event.call_id.as_deref());
        column(Field::Session, |event| event.session_id.as_deref());
        column(Field::AstNode, |event| event.ast_node_id.as_deref());
        self.push_functions(first);
        self.push_pids(first, events);
    }

    fn push_texts<'e>(&mut self, field: Field, first: usize, texts: impl Iterator<Item = Option<&'e str>>) {
        let Self { codes, dictionaries, chains, hasher, .. } = self;
        let (column, dictionary) = (&mut codes[field as usize], &mut dictionaries[field as usize]);
        // The process index lists the pids of every role, see `push_pids`.
        let index = Index::ALL.into_iter().find(|index| index.field() == Some(field) && *index != Index::Process);
        let mut chains = index.map(|index| &mut chains[index as usize]);
        for (row, text) in (first..).zip(texts) {
            let Some(text) = text else {
                column.push(0);
                continue;
            };
            // Runs of equal values are the rule (node, session, pid): comparing is cheaper than hashing.
            let code = match column.last() {
                Some(last @ 1..) if dictionary.text(last - 1) == text => last - 1,
                _ => dictionary.intern(hasher, text),
            };
            column.push(code + 1);
            if let Some(chains) = &mut chains {
                chains.push(code, row as u16);
            }
        }
    }

    fn push_functions(&mut self, first: usize) {
        for row in first..self.arities.len() {
            let arity = self.arity(row);
            if let Some(arity) = arity {
                self.chains[Index::Arity as usize].push(u16::from(arity), row as u16);
            }
            let names = self.code(Field::Module, row).zip(self.code(Field::Function, row));
            let pair = names.map(|(module, function)| self.module_functions.intern(pair_key(module, function)));
            let mfa = pair.zip(arity).map(|(pair, arity)| self.mfas.intern(mfa_key(pair, arity)));
            for (index, code) in [(Index::ModuleFunction, pair), (Index::Mfa, mfa)] {
                if let Some(code) = code {
                    self.chains[index as usize].push(code, row as u16);
                }
            }
            self.pairs.push(pair.map_or(0, |code| code + 1));
            self.mfa_codes.push(mfa.map_or(0, |code| code + 1));
        }
    }

    /// Every pid of a row is one posting, in however many roles.
    fn push_pids<'e, 'a: 'e>(&mut self, first: usize, events: impl Iterator<Item = &'e Event<'a>>) {
        let chains = &mut self.chains[Index::Process as usize];
        for (row, event) in (first..).zip(events) {
            let subject = self.codes[Field::Pid as usize][row].checked_sub(1);
            if let Some(code) = subject {
                chains.push(code, row as u16);
            }
            let start = self.role_entries.len();
            for (role, pid) in &event.roles {
                let code = self.dictionaries[Field::Pid as usize].intern(&self.hasher, pid);
                let known = subject == Some(code) || self.role_entries[start..].iter().any(|(_, other)| *other == code);
                self.role_entries.push((*role, code));
                if !known {
                    chains.push(code, row as u16);
                }
            }
            self.role_ends.push(self.role_entries.len() as u32);
        }
    }

    /// Sorts the rows pushed since the last call into the order of time.
    pub(crate) fn publish(&mut self) {
        let first = self.order.len();
        let mut fresh: Vec<u16> = (first..self.len()).map(|row| row as u16).collect();
        let timestamps = &self.timestamps;
        let time = |row: &u16| timestamps[usize::from(*row)];
        if !fresh.is_sorted_by_key(time) {
            fresh.sort_by_key(time);
        }
        let Some(earliest) = fresh.first().map(time) else { return };
        // Order: equal timestamps keep the order of their rows, which is that of their seqs.
        let cut = self.order.partition_point(|row| time(row) <= earliest);
        if cut == self.order.len() {
            self.order.extend_from_slice(&fresh);
            return;
        }
        let tail = self.order.split_off(cut);
        let (mut old, mut new) = (tail.iter().peekable(), fresh.iter().peekable());
        loop {
            let row = match (old.peek(), new.peek()) {
                (Some(left), Some(right)) if time(left) <= time(right) => old.next(),
                (_, Some(_)) => new.next(),
                (Some(_), None) => old.next(),
                (None, None) => break,
            };
            self.order.extend(row);
        }
    }
}
