//! What can be read of one row, in an active segment (row: arrival) and in a sealed one (row: rank).

use std::borrow::Cow;

use crate::event::{Collector, Event, EventView, Role};
use crate::index::Field;
use crate::index::dictionary::{Dictionary, Numbers};

/// The total order: timestamp, then the store's own insertion number.
pub(crate) type EventKey = (i64, u64);

pub(crate) trait Rows {
    fn timestamp(&self, row: usize) -> i64;
    fn seq(&self, row: usize) -> u64;
    fn wall_time(&self, row: usize) -> Option<i64>;
    fn duration(&self, row: usize) -> Option<i64>;
    fn arity(&self, row: usize) -> Option<u8>;
    /// The symbol of a text column.
    fn code(&self, field: Field, row: usize) -> Option<u16>;
    /// Pids named besides the subject: role and symbol of the pid dictionary.
    fn roles(&self, row: usize) -> impl Iterator<Item = (Role, u16)>;
    /// Whether the store stamped the timestamp on arrival.
    fn stamped(&self, row: usize) -> bool;
    fn event_id(&self, row: usize) -> &str;
    /// The payload text. Reading it is what a query without `text` does only for rows it returns.
    fn data(&self, row: usize) -> &str;
    /// Length of the payload text, which is not read for it.
    fn data_bytes(&self, row: usize) -> usize {
        self.data(row).len()
    }

    fn dictionary(&self, field: Field) -> &Dictionary;
    /// Keys are `module code << 16 | function code`.
    fn module_functions(&self) -> &Numbers;
    /// Keys are `module_function code << 8 | arity`.
    fn mfas(&self) -> &Numbers;
    /// Codes of AST nodes whose id starts with `prefix`.
    fn ast_codes(&self, prefix: &str) -> Vec<u16>;

    fn key(&self, row: usize) -> EventKey {
        (self.timestamp(row), self.seq(row))
    }

    fn text(&self, field: Field, row: usize) -> Option<&str> {
        self.code(field, row).map(|code| self.dictionary(field).text(code))
    }

    fn event(&self, row: usize) -> EventView<'_> {
        EventView {
            seq: self.seq(row),
            event_id: self.event_id(row),
            timestamp: self.timestamp(row),
            wall_time: self.wall_time(row),
            node: self.text(Field::Node, row),
            pid: self.text(Field::Pid, row),
            event_type: self.text(Field::EventType, row),
            module: self.text(Field::Module, row),
            function: self.text(Field::Function, row),
            arity: self.arity(row),
            correlation_id: self.text(Field::Correlation, row),
            parent_id: self.text(Field::Parent, row),
            call_id: self.text(Field::Call, row),
            session_id: self.text(Field::Session, row),
            ast_node_id: self.text(Field::AstNode, row),
            duration_ns: self.duration(row),
            data: self.data(row),
        }
    }

    fn role_texts(&self, row: usize) -> impl Iterator<Item = (Role, &str)> {
        self.roles(row).map(|(role, code)| (role, self.dictionary(Field::Pid).text(code)))
    }

    /// Copies the row; returns its place among the collected.
    fn collect(&self, row: usize, into: &mut Collector) -> usize {
        into.push(&self.event(row), self.role_texts(row))
    }

    /// The row as it could be stored again.
    fn reread(&self, row: usize) -> Event<'_> {
        let view = self.event(row);
        Event {
            event_id: Some(Cow::Borrowed(view.event_id)),
            timestamp: Some(view.timestamp),
            wall_time: view.wall_time,
            node: view.node.map(Cow::Borrowed),
            pid: view.pid.map(Cow::Borrowed),
            event_type: view.event_type.map(Cow::Borrowed),
            module: view.module.map(Cow::Borrowed),
            function: view.function.map(Cow::Borrowed),
            arity: view.arity,
            correlation_id: view.correlation_id.map(Cow::Borrowed),
            parent_id: view.parent_id.map(Cow::Borrowed),
            call_id: view.call_id.map(Cow::Borrowed),
            session_id: view.session_id.map(Cow::Borrowed),
            ast_node_id: view.ast_node_id.map(Cow::Borrowed),
            duration_ns: view.duration_ns,
            roles: self.role_texts(row).map(|(role, pid)| (role, Cow::Borrowed(pid))).collect(),
            data: Cow::Borrowed(view.data),
        }
    }
}
