//! What does one event say? Its payload, read once, by the names the producers use.

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::nodes::Nodes;
use super::value::Value;
use crate::event::behaviour::{self, By, Callback, Loop};
use crate::event::exit_reason::{carries_error, is_failed_call};
use crate::event::{Role, StoredEvent, canon, home};

/// An event and its payload.
#[derive(Clone, Debug)]
pub(crate) struct Fact {
    pub(crate) event: StoredEvent,
    data: Map<String, Json>,
    /// Its process as answers tell it, and its node, where several were recorded.
    told: Option<(String, String)>,
}

/// Longest the operands of a failed operation are looked for, one by one.
const MAX_ARGS: usize = 64;

/// Writes the pids of a node in the texts of a value with its name.
fn at_node(value: &mut Json, node: &str) {
    match value {
        Json::String(text) => {
            if let Cow::Owned(told) = home::text_at_node(text, Some(node)) {
                *text = told;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| at_node(item, node)),
        Json::Object(members) => members.values_mut().for_each(|member| at_node(member, node)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

impl Fact {
    /// An event of a recording of these nodes: the pids it names are told as answers tell them.
    pub(crate) fn among(event: StoredEvent, nodes: &Nodes) -> Self {
        let mut fact = Self::new(event);
        if let Some(node) = fact.event.node().filter(|_| nodes.are_several()) {
            for (key, value) in &mut fact.data {
                match value {
                    Json::String(pid) if Role::of_key(key).is_some() => {
                        *pid = home::at_node(&canon::pid(pid.as_str().into()), Some(node)).into_owned();
                    }
                    value => at_node(value, node),
                }
            }
            let pid = home::at_node(fact.event.pid().unwrap_or_default(), Some(node)).into_owned();
            fact.told = Some((pid, node.to_owned()));
        }
        fact
    }

    /// An event by itself.
    pub(crate) fn new(event: StoredEvent) -> Self {
        let data = match serde_json::from_str(event.data()) {
            Ok(Json::Object(data)) => data,
            // Nested deeper than the parser goes: its fields are not known.
            _ => Map::new(),
        };
        Self { event, data, told: None }
    }

    pub(crate) fn id(&self) -> &str {
        self.event.event_id()
    }

    pub(crate) const fn at(&self) -> i64 {
        self.event.timestamp()
    }

    /// Place in the total order.
    pub(crate) const fn key(&self) -> (i64, u64) {
        (self.event.timestamp(), self.event.seq())
    }

    /// The process it happened in, as answers tell it.
    pub(crate) fn pid(&self) -> &str {
        match &self.told {
            Some((pid, _)) => pid,
            None => self.event.pid().unwrap_or_default(),
        }
    }

    /// A process in one of its values and the node it is on, where several were recorded: of `{name, node}` both parts.
    pub(crate) fn name_in(&self, text: &str) -> (String, Option<String>) {
        let Some((_, own)) = &self.told else { return (text.to_owned(), None) };
        if let Some([name, node]) = Value::read(text).tuple() {
            return (name.text.to_owned(), node.atom().map(str::to_owned));
        }
        let pid = self.pid_in(text);
        let node = home::node_of(&pid).unwrap_or(own).to_owned();
        (pid, Some(node))
    }

    /// A pid in one of its values, as answers tell it.
    pub(crate) fn pid_in(&self, text: &str) -> String {
        let node = self.told.as_ref().map(|(_, node)| node.as_str());
        home::at_node(&canon::pid(text.into()), node).into_owned()
    }

    pub(crate) fn event_type(&self) -> &str {
        self.event.event_type().unwrap_or_default()
    }

    pub(crate) fn is(&self, event_type: &str) -> bool {
        self.event.event_type() == Some(event_type)
    }

    /// A text of the payload.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.data.get(key)?.as_str()
    }

    /// A number of the payload.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        self.data.get(key)?.as_i64()
    }

    /// Whether a flag of the payload is set.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.data.get(key).and_then(Json::as_bool).unwrap_or_default()
    }

    /// The texts of a list of the payload; an Elixir list in one text is taken apart.
    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        match self.data.get(key) {
            Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).take(MAX_ARGS).collect(),
            Some(Json::String(text)) => {
                let value = Value::read(text);
                value
                    .list()
                    .map(|items| items.iter().map(|item| item.text).take(MAX_ARGS).collect())
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// `Module.function`, as Elixir writes it; of a span, what it is called.
    pub(crate) fn function(&self) -> Option<String> {
        let function = self.event.function()?;
        Some(self.event.module().map_or_else(|| function.to_owned(), |module| format!("{module}.{function}")))
    }

    /// `Module.function/arity`.
    pub(crate) fn mfa(&self) -> Option<String> {
        let function = self.function()?;
        Some(match self.event.arity() {
            Some(arity) => format!("{function}/{arity}"),
            None => function,
        })
    }

    /// Where the call was made: `s3_badstate.exs:13`, else the node of the source.
    pub(crate) fn call_site(&self) -> Option<&str> {
        self.text("call_site").or_else(|| self.event.ast_node_id())
    }

    /// Whether it is the end of a call that raised, threw or exited.
    pub(crate) fn is_failed_exit(&self) -> bool {
        self.is("function_exit") && is_failed_call(self.text("exit_reason"), self.text("reason"))
    }

    /// Whether it is the end of a call that was left with the error of another call, told with its stack: one of another
    /// process, whose exit signal it was, unless a call inside of it had failed with that.
    pub(crate) fn carries_error(&self) -> bool {
        self.is("function_exit") && carries_error(self.text("exit_reason"), self.text("reason"))
    }

    /// Whether it is the end of a call of which is not recorded how: a return and a raise look alike there, or the end may
    /// be another call's.
    pub(crate) fn is_untold_end(&self) -> bool {
        let is_told = self.text("exit_reason").is_some() || self.text("closed_by").is_none();
        self.is("function_exit") && (!is_told || self.flag("spans_gap"))
    }

    /// Who called, of the start of a call.
    pub(crate) fn by(&self) -> By {
        By::of_function(self.text("caller"), self.text("extra"))
    }

    fn function_and_arity(&self) -> (&str, u8) {
        (self.event.function().unwrap_or_default(), self.event.arity().unwrap_or_default())
    }

    /// Whether it is the start or the end of a callback that handles a message. Of an end who called is not told, nor whether
    /// it only has the name of one.
    pub(crate) fn is_callback(&self) -> bool {
        let (name, arity) = self.function_and_arity();
        match self.by() {
            By::Loop(Loop::Statem) if behaviour::is_state_function(name, arity) => true,
            By::Other if self.text("message_id").is_none() => false,
            _ => behaviour::named(name, arity).is_some_and(Callback::is_handler),
        }
    }

    /// Whether it is the start of a callback that took a message out of the mailbox.
    pub(crate) fn takes_message(&self) -> bool {
        let (name, arity) = self.function_and_arity();
        behaviour::takes_message(name, arity, self.by(), self.text("message_id").is_some())
    }

    /// What a callback was called for, where it is recorded.
    pub(crate) fn handled(&self) -> Option<&str> {
        let args = self.list("args");
        if self.by() == By::Loop(Loop::Statem) || self.function_and_arity() == ("handle_event", 4) {
            return args.get(1).copied().filter(|_| args[0] != ":enter");
        }
        args.first().copied()
    }

    /// Whether it is a call of a callback through which a state may change.
    pub(crate) fn may_change_state(&self) -> bool {
        let (name, arity) = self.function_and_arity();
        behaviour::may_change(name, arity, self.by())
    }
}
