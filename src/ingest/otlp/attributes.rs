//! What do the attributes of a span say, shortly and without loss?

use std::borrow::Cow;
use std::collections::HashSet;

use super::names::camel;
use crate::ingest::object::quote;
use crate::ingest::tape::Value;

/// Levels of values in values that are told without their types; what lies deeper stays as it was written.
const MAX_DEPTH: usize = 200;

/// A list of `{"key": ..., "value": {"stringValue": ...}}`, as an object: texts, numbers, booleans, arrays and objects
/// as themselves, whatever has no form of its own in JSON (bytes, NaN) with its type. A list that is no such thing, or
/// has a key twice, stays as it is. Cost: one pass over the list, and none again over what is nested.
pub(super) fn attributes(list: Value<'_, '_>) -> String {
    let mut text = String::with_capacity(list.raw().len());
    write_attributes(list, MAX_DEPTH, &mut text);
    text
}

/// The text of one attribute.
pub(super) fn text<'a>(list: Value<'_, 'a>, key: &str) -> Option<Cow<'a, str>> {
    let is_it = |attribute: &Value<'_, 'a>| attribute.get("key").and_then(Value::text).as_deref() == Some(key);
    let value = list.list()?.find(is_it)?.get("value")?;
    let (_, value) = value.members()?.next()?;
    value.text()
}

/// The members of a list of attributes, where it is one.
fn pairs<'t, 'a>(list: Value<'t, 'a>) -> Option<Vec<(Cow<'a, str>, Value<'t, 'a>)>> {
    let mut seen = HashSet::new();
    list.list()?
        .map(|attribute| {
            let mut members = attribute.members()?;
            let (_, _) = (members.next()?, members.next()?);
            let key = attribute.get("key")?.text()?;
            let value = attribute.get("value")?;
            (members.next().is_none() && seen.insert(key.clone())).then_some((key, value))
        })
        .collect()
}

fn write_attributes(list: Value<'_, '_>, depth: usize, out: &mut String) {
    let Some(pairs) = pairs(list).filter(|_| depth > 0) else { return out.push_str(list.raw()) };
    out.push('{');
    for (at, (key, value)) in pairs.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quote(&key, out);
        out.push(':');
        write_value(value, depth - 1, out);
    }
    out.push('}');
}

/// One value without its type, where JSON tells the type.
fn write_value(typed: Value<'_, '_>, depth: usize, out: &mut String) {
    if plain(typed, depth, out).is_none() {
        out.push_str(typed.raw());
    }
}

/// Writes nothing where there is no form without a type.
fn plain(typed: Value<'_, '_>, depth: usize, out: &mut String) -> Option<()> {
    let mut members = typed.members()?;
    let (kind, value) = members.next()?;
    if members.next().is_some() || depth == 0 {
        return None;
    }
    match &*camel(&kind) {
        "stringValue" | "boolValue" => out.push_str(value.raw()),
        // 64-bit integers are strings in OTLP/JSON.
        "intValue" => out.push_str(&value.text()?.parse::<i64>().ok()?.to_string()),
        "doubleValue" => {
            let number = value.raw();
            if !number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
                return None;
            }
            out.push_str(number);
        }
        "arrayValue" => {
            let _members = value.members()?;
            let items = value.get("values");
            if items.is_some_and(|items| items.list().is_none()) {
                return None;
            }
            out.push('[');
            for (at, item) in items.and_then(Value::list).into_iter().flatten().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, depth - 1, out);
            }
            out.push(']');
        }
        "kvlistValue" => {
            let _members = value.members()?;
            match value.get("values") {
                None => out.push_str("{}"),
                Some(list) => write_attributes(list, depth - 1, out),
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::tape::Tape;

    fn check(given: &str, expected: &str) {
        assert_eq!(attributes(Tape::read(given).root()), expected);
    }

    #[test]
    fn attributes_are_an_object() {
        check(
            r#"[{"key": "a.b", "value": {"stringValue": "x\ny"}}, {"key": "n", "value": {"intValue": "9007199254740993"}},
                {"key": "d", "value": {"doubleValue": 1.50}}, {"key": "t", "value": {"boolValue": true}},
                {"key": "l", "value": {"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "2"}]}}},
                {"key": "m", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "3"}}]}}}]"#,
            r#"{"a.b":"x\ny","n":9007199254740993,"d":1.50,"t":true,"l":[1,"2"],"m":{"k":3}}"#,
        );
        check("[]", "{}");
        check(
            r#"[{"value": {"kvlist_value": {"values": null}}, "key": "m"}, {"key": "l", "value": {"array_value": {}}}]"#,
            r#"{"m":{},"l":[]}"#,
        );
    }

    #[test]
    fn what_has_no_form_of_its_own_keeps_its_type() {
        check(r#"[{"key": "b", "value": {"bytesValue": "AQI="}}]"#, r#"{"b":{"bytesValue": "AQI="}}"#);
        check(r#"[{"key": "d", "value": {"doubleValue": "NaN"}}]"#, r#"{"d":{"doubleValue": "NaN"}}"#);
        for kept in [
            r#"[{"key": "a", "value": {"intValue": 1}}, {"key": "a", "value": {"intValue": 2}}]"#,
            r#"[{"key": "a", "value": {"intValue": 1}, "more": 1}]"#,
            r"[1]",
            r#"{"a": 1}"#,
        ] {
            check(kept, kept);
        }
    }

    #[test]
    fn what_is_nested_too_deep_stays_as_it_was_written() {
        let deep = |levels: usize| {
            let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(levels), "]}}".repeat(levels));
            format!(r#"[{{"key":"a","value":{open}{{"intValue":1}}{close}}}]"#)
        };
        check(&deep(3), r#"{"a":[[[1]]]}"#);
        let text = deep(50_000);
        let told = attributes(Tape::read(&text).root());
        assert!(told.len() < text.len() && told.contains("arrayValue") && told.contains("[[[[{\"arrayValue\""));
    }
}
