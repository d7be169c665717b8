//! Are these arguments what the schema promises?
//!
//! The published schema is the only list of names, types, choices and bounds: what it does not say is refused with the
//! closest name it knows. Harmless spelling variants are put right on the way: `"5"` for 5, one value for a list of
//! one, the text of a JSON object for the object. Objects are not entered: events are judged one by one by the store.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

use super::closest::did_you_mean;
use crate::{Error, Result};

/// Most problems told at once.
const TOLD: usize = 10;

/// Arguments as the schema writes them, or everything that is wrong with them.
pub(crate) fn arguments(schema: &JsonObject, arguments: JsonObject) -> Result<JsonObject> {
    let none = JsonObject::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let mut checked = JsonObject::new();
    let mut problems = Vec::new();
    let mut is_any_unknown = false;
    for (name, value) in arguments {
        // A client that fills in every argument sends null for "not given".
        match properties.get(&name) {
            None => {
                is_any_unknown = true;
                problems.push(unknown_argument(&name, properties));
            }
            Some(_) if value.is_null() => {}
            Some(schema) => match conform(&name, schema, value) {
                Ok(value) => _ = checked.insert(name, value),
                Err(problem) => problems.push(problem),
            },
        }
    }
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !checked.contains_key(*name)) {
        if !problems.iter().any(|problem| problem.starts_with(&format!("{name}:"))) {
            let expected = properties.get(name).map_or_else(|| "a value".to_owned(), expected);
            problems.push(format!("{name}: missing; expected {expected}"));
        }
    }
    if problems.is_empty() {
        return Ok(checked);
    }
    let more = problems.len().saturating_sub(TOLD);
    problems.truncate(TOLD);
    if more > 0 {
        problems.push(format!("... and {more} more"));
    }
    if is_any_unknown && !properties.is_empty() {
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        problems.push(format!("Known arguments: {}", known.join(", ")));
    }
    Err(Error::invalid(problems.join("\n")))
}

fn unknown_argument(name: &str, properties: &JsonObject) -> String {
    if properties.is_empty() {
        return format!("{name}: unknown argument; this tool takes none");
    }
    let closest = did_you_mean(name, properties.keys().map(String::as_str));
    format!("{name}: unknown argument.{closest}")
}

/// The value as the schema writes it.
fn conform(path: &str, schema: &Value, value: Value) -> std::result::Result<Value, String> {
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let literal = choices.iter().find(|choice| has_type(choice, &value));
        if let Some(choice) = literal {
            return conform(path, choice, value);
        }
        let fits = choices.iter().find_map(|choice| conform(path, choice, value.clone()).ok());
        return fits.ok_or_else(|| refused(path, schema, &value));
    }
    let Some(fitting) = coerce(schema, &value) else { return Err(refused(path, schema, &value)) };
    match fitting {
        Value::String(text) => chosen(path, schema, text),
        Value::Number(number) if !within(schema, &number) => Err(refused(path, schema, &value)),
        Value::Array(items) => {
            let Some(schema) = schema.get("items").filter(|items| items.get("type") != Some(&"object".into())) else {
                return Ok(Value::Array(items));
            };
            let item = |(at, item)| conform(&format!("{path}[{at}]"), schema, item);
            items.into_iter().enumerate().map(item).collect::<std::result::Result<_, _>>().map(Value::Array)
        }
        fitting => Ok(fitting),
    }
}

fn type_of(schema: &Value) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn has_type(schema: &Value, value: &Value) -> bool {
    match value {
        Value::String(_) => type_of(schema) == "string",
        Value::Number(number) => type_of(schema) == "integer" && !number.is_f64(),
        Value::Bool(_) => type_of(schema) == "boolean",
        Value::Array(_) => type_of(schema) == "array",
        Value::Object(_) => type_of(schema) == "object",
        Value::Null => false,
    }
}

/// The value in the schema's type, if it is one of its spellings.
fn coerce(schema: &Value, value: &Value) -> Option<Value> {
    if has_type(schema, value) {
        return Some(value.clone());
    }
    match (type_of(schema), value) {
        ("integer", Value::String(text)) => {
            let text = text.trim();
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
        }
        ("integer", Value::Number(number)) => whole(number).map(Value::from),
        ("string", Value::Number(number)) => {
            Some(Value::from(whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string())))
        }
        ("boolean", Value::String(text)) => text.parse::<bool>().ok().map(Value::from),
        ("array", Value::String(text)) if text.trim_start().starts_with('[') => {
            let one = || schema.get("items").is_some_and(|items| type_of(items) == "string").then(|| json!([text]));
            serde_json::from_str(text).ok().or_else(one)
        }
        ("object", Value::String(text)) if text.trim_start().starts_with('{') => serde_json::from_str(text).ok(),
        ("array", Value::String(_) | Value::Number(_) | Value::Object(_)) => Some(Value::Array(vec![value.clone()])),
        _ => None,
    }
}

/// A number such as `7.0` as an integer.
fn whole(number: &serde_json::Number) -> Option<i64> {
    let is_whole = |float: &f64| float.fract() == 0.0 && float.abs() < 9e15;
    number.is_f64().then(|| number.as_f64()).flatten().filter(is_whole).map(|float| float as i64)
}

/// A text, in the spelling of the choices where there are any.
fn chosen(path: &str, schema: &Value, text: String) -> std::result::Result<Value, String> {
    let Some(choices) = schema.get("enum").and_then(Value::as_array) else { return Ok(Value::String(text)) };
    let names = || choices.iter().filter_map(Value::as_str);
    if let Some(choice) = names().find(|choice| choice.eq_ignore_ascii_case(text.trim())) {
        return Ok(Value::from(choice));
    }
    let closest = did_you_mean(&text, names());
    Err(format!("{path}: got {text:?}; expected {}.{closest}", expected(schema)))
}

fn within(schema: &Value, number: &serde_json::Number) -> bool {
    let Some(number) = number.as_i128() else { return true };
    let bound = |name: &str| schema.get(name).and_then(Value::as_number).and_then(serde_json::Number::as_i128);
    bound("minimum").is_none_or(|min| min <= number) && bound("maximum").is_none_or(|max| number <= max)
}

fn refused(path: &str, schema: &Value, value: &Value) -> String {
    format!("{path}: got {}; expected {}", shortened(value), expected(schema))
}

/// What a schema allows, in words.
fn expected(schema: &Value) -> String {
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        return choices.iter().map(expected).collect::<Vec<_>>().join(" or ");
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<String> = choices.iter().map(Value::to_string).collect();
        return format!("one of {}", names.join(", "));
    }
    match type_of(schema) {
        "integer" => match (schema.get("minimum"), schema.get("maximum")) {
            (Some(min), Some(max)) => format!("an integer from {min} to {max}"),
            (Some(min), None) => format!("an integer, {min} or more"),
            _ => "an integer".to_owned(),
        },
        "boolean" => "true or false".to_owned(),
        "array" => match schema.get("items").map(type_of) {
            Some("object") => "an array of objects".to_owned(),
            Some("string") => "an array of strings".to_owned(),
            _ => "an array".to_owned(),
        },
        "object" => "an object".to_owned(),
        _ => "a string".to_owned(),
    }
}

/// A value cut to fit a message.
fn shortened(value: &Value) -> String {
    const SHOWN: usize = 80;
    let json = value.to_string();
    match json.char_indices().nth(SHOWN) {
        None => json,
        Some((cut, _)) => format!("{}...", &json[..cut]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> JsonObject {
        let schema = json!({
            "properties": {
                "pid": {"type": "string"},
                "limit": {"type": "integer", "minimum": 0, "maximum": 10},
                "order": {"type": "string", "enum": ["asc", "desc"]},
                "since": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "types": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                "names": {"type": "array", "items": {"type": "string"}},
                "fields": {"type": "array", "items": {"type": "string", "enum": ["pid", "data"]}},
                "events": {"type": "array", "items": {"type": "object"}},
                "all": {"type": "boolean"},
            },
            "required": ["pid"],
        });
        schema.as_object().unwrap().clone()
    }

    fn checked(given: Value) -> std::result::Result<Value, String> {
        let Value::Object(mut given) = given else { panic!("arguments are an object") };
        given.entry("pid").or_insert_with(|| json!("<0.1.0>"));
        arguments(&schema(), given).map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn harmless_variants_are_put_right() {
        let right = |given: Value, name: &str, read: Value| assert_eq!(checked(given).unwrap()[name], read);
        right(json!({"limit": "7"}), "limit", json!(7));
        right(json!({"limit": 7.0}), "limit", json!(7));
        right(json!({"order": "DESC"}), "order", json!("desc"));
        right(json!({"fields": "pid"}), "fields", json!(["pid"]));
        right(json!({"fields": "[\"pid\",\"data\"]"}), "fields", json!(["pid", "data"]));
        right(json!({"all": "true"}), "all", json!(true));
        right(json!({"pid": 5}), "pid", json!("5"));
        right(json!({"since": -576_460_751_564_576_952_i64}), "since", json!(-576_460_751_564_576_952_i64));
        right(json!({"since": "-5s"}), "since", json!("-5s"));
        right(json!({"types": "a"}), "types", json!("a"));
        right(json!({"names": "a"}), "names", json!(["a"]));
        right(json!({"names": "[a"}), "names", json!(["[a"]));
        right(json!({"pid": 5.0}), "pid", json!("5"));
        right(json!({"types": ["a", "b"]}), "types", json!(["a", "b"]));
        right(json!({"events": [5, {}]}), "events", json!([5, {}]));
        assert_eq!(checked(json!({"limit": null})).unwrap(), json!({"pid": "<0.1.0>"}), "null is not given");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path_and_what_is_allowed() {
        let wrong = |given: Value, told: &str| {
            let refusal = checked(given).unwrap_err();
            assert!(refusal.contains(told), "{refusal}");
        };
        wrong(json!({"limit": 11}), "limit: got 11; expected an integer from 0 to 10");
        wrong(json!({"limit": "many"}), "limit: got \"many\"; expected an integer from 0 to 10");
        wrong(json!({"order": "dsc"}), "expected one of \"asc\", \"desc\". Did you mean \"desc\"?");
        wrong(json!({"fields": ["pid", "daat"]}), "fields[1]: got \"daat\"");
        wrong(json!({"since": true}), "since: got true; expected an integer or a string");
        wrong(json!({"limt": 5}), "limt: unknown argument. Did you mean \"limit\"?");
        wrong(json!({"pid": null}), "pid: missing; expected a string");
        let all = checked(json!({"limit": 11, "order": 5, "x": 1})).unwrap_err();
        assert_eq!(all.lines().count(), 4, "every problem is told at once: {all}");
    }
}
