//! What does the suite expect to find? The tables of `fixtures.json`, with names that stand for values filled in.

use std::sync::LazyLock;

use rmcp::model::{JsonObject, Tool};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

static FIXTURES: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("fixtures.json")).unwrap());

/// One table by name: an object or an array.
pub(crate) fn table(name: &str) -> &'static Value {
    &FIXTURES[name]
}

/// An entry of a table of objects.
pub(crate) fn entry(table_name: &str, name: &str) -> Option<&'static Value> {
    table(table_name).get(name)
}

/// The names of everything that can be called.
pub(crate) fn tool_names() -> impl Iterator<Item = &'static String> {
    let acts = ["answers", "asks", "rounds", "acts"];
    let names = acts.into_iter().flat_map(|name| table(name).as_object().unwrap().keys());
    names.filter(|name| !name.ends_with("_prompt"))
}

/// A tool as it is listed; most take no arguments.
pub(crate) fn tool(name: &str) -> Tool {
    let schema = entry("schemas", name).cloned();
    let schema: JsonObject = read(schema.unwrap_or_else(|| json!({"type": "object", "properties": {}})));
    Tool::new(name.to_owned(), "A fixture of the suite", schema)
}

/// A whole answer, as the newest protocol marks it; older ones get it without the mark.
pub(crate) fn result<T: DeserializeOwned>(mut value: Value) -> T {
    value["resultType"] = json!("complete");
    read(value)
}

/// A value of a type of the protocol.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// `template` with every `$name` in its texts replaced: by an argument, or by a piece of data of the fixtures.
pub(crate) fn filled(template: &Value, arguments: &JsonObject) -> Value {
    match template {
        Value::String(text) => Value::String(filled_text(text, arguments)),
        Value::Array(items) => items.iter().map(|item| filled(item, arguments)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), filled(value, arguments)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn filled_text(text: &str, arguments: &JsonObject) -> String {
    let data = table("data").as_object().unwrap().iter().map(|(name, value)| (name.clone(), value));
    let given = arguments.iter().map(|(name, value)| (format!("${name}"), value));
    data.chain(given).fold(text.to_owned(), |text, (name, value)| text.replace(&name, value.as_str().unwrap_or("")))
}
