//! The filters: as arguments, and as they were applied.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::time::{TimeArg, written};
use crate::mcp::page::cell::{cut, quoted};
use crate::{Error, Filter, Result, Role};

/// Which events; everything given must hold.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct FilterArgs {
    /// Pid or name. <0.120.0>, 0.120.0, Account, :cart_4; <app@host.120.0> where several nodes were recorded.
    pid: Option<String>,
    /// Of pid.
    #[serde(default)]
    #[schemars(schema_with = "role_schema")]
    role: Option<String>,
    /// Erlang node. app@host; says whose pid or name is meant where several have it.
    node: Option<String>,
    /// Any of these. function_entry, message_send, process_exit; get_stats lists them.
    event_type: Option<Vec<String>>,
    /// From. Nanoseconds, RFC 3339, or relative to the newest event: -5s, -250ms. Inclusive, as the end is.
    since_timestamp: Option<TimeArg>,
    /// To.
    until_timestamp: Option<TimeArg>,
    /// One exchange.
    correlation_id: Option<String>,
    /// Source place.
    ast_node_id: Option<String>,
    /// Its start. Such as Bank.Teller:transfer:
    ast_node_prefix: Option<String>,
    /// Full name. Bank.Account, :httpd_request.
    module: Option<String>,
    /// Name alone. handle_call.
    function: Option<String>,
    /// Of function.
    #[schemars(range(min = 0, max = 255))]
    arity: Option<u8>,
    /// Recording.
    session_id: Option<String>,
    /// One call. Its entry and its exit.
    call_id: Option<String>,
    /// At least.
    #[schemars(range(min = 0))]
    min_duration_ns: Option<i64>,
    /// Part of its JSON. Case matters.
    text: Option<String>,
}

fn role_schema(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    json_schema!({ "type": "string", "enum": names })
}

impl FilterArgs {
    /// The filter they stand for.
    pub(crate) fn read(self) -> Result<Filter> {
        let role = self.role.map(|name| {
            let known = || Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
            name.parse::<Role>()
                .map_err(|()| Error::invalid(format!("role: got {name:?}; expected one of {}", known())))
        });
        Ok(Filter {
            pid: self.pid,
            named: Vec::new(),
            role: role.transpose()?,
            node: self.node,
            event_types: match self.event_type {
                None => Vec::new(),
                Some(types) if types.is_empty() => {
                    return Err(Error::invalid("event_type: got []; name at least one type, or leave it out for all"));
                }
                Some(types) => types,
            },
            since: self.since_timestamp.map(|time| time.read("since_timestamp")).transpose()?,
            until: self.until_timestamp.map(|time| time.read("until_timestamp")).transpose()?,
            correlation_id: self.correlation_id,
            ast_node_id: self.ast_node_id,
            ast_node_prefix: self.ast_node_prefix,
            module: self.module,
            function: self.function,
            arity: self.arity,
            session_id: self.session_id,
            call_id: self.call_id,
            min_duration_ns: self.min_duration_ns,
            text: self.text,
        })
    }
}

/// The filters as they were applied, by argument name; only those set.
pub(crate) fn effective(filter: &Filter) -> Map<String, Value> {
    let mut set = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            set.insert(name.to_owned(), value);
        }
    };
    let text = |value: &Option<String>| value.as_deref().map(Value::from);
    put("pid", text(&filter.pid));
    put("role", filter.role.map(|role| role.name().into()));
    put("node", text(&filter.node));
    put(
        "event_type",
        match filter.event_types.as_slice() {
            [] => None,
            [one] => Some(one.as_str().into()),
            many => Some(many.into()),
        },
    );
    put("since_timestamp", filter.since.map(written));
    put("until_timestamp", filter.until.map(written));
    put("correlation_id", text(&filter.correlation_id));
    put("ast_node_id", text(&filter.ast_node_id));
    put("ast_node_prefix", text(&filter.ast_node_prefix));
    put("module", text(&filter.module));
    put("function", text(&filter.function));
    put("arity", filter.arity.map(Value::from));
    put("session_id", text(&filter.session_id));
    put("call_id", text(&filter.call_id));
    put("min_duration_ns", filter.min_duration_ns.map(Value::from));
    put("text", text(&filter.text));
    set
}

/// Processes shown of those that had a name.
const SHOWN_PROCESSES: usize = 8;

/// [`effective`], and the processes that had the name that pid is.
pub(crate) fn applied_to(filter: &Filter) -> Map<String, Value> {
    let mut set = effective(filter);
    if !filter.named.is_empty() {
        let mut processes: Vec<String> = filter.named.iter().take(SHOWN_PROCESSES).cloned().collect();
        if filter.named.len() > SHOWN_PROCESSES {
            processes.push(format!("and {} more", filter.named.len() - SHOWN_PROCESSES));
        }
        set.insert("processes".to_owned(), processes.into());
    }
    set
}

/// Schema of [`applied_to`].
pub(crate) fn effective_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// The filters on one line: `pid=<0.1.0> event_type=call,return`.
pub(crate) fn filter_line(filters: &Map<String, Value>) -> String {
    if filters.is_empty() {
        return "none".to_owned();
    }
    let value = |value: &Value| match value {
        Value::String(text) => quoted(&cut(text)),
        Value::Array(many) => {
            many.iter().filter_map(Value::as_str).map(|text| quoted(&cut(text))).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    filters.iter().map(|(name, set)| format!("{name}={}", value(set))).collect::<Vec<_>>().join(" ")
}
