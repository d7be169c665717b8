//! What do the attributes of a span say, shortly and without loss?

use serde_json::value::RawValue;

use crate::ingest::object::{Members, Object, scalar};

/// A list of `{"key": ..., "value": {"stringValue": ...}}`, as an object: texts, numbers, booleans, arrays and objects
/// as themselves, whatever has no form of its own in JSON (bytes, NaN) with its type. A list that is no such thing, or
/// has a key twice, stays as it is.
pub(super) fn attributes(raw: &RawValue) -> String {
    flat(raw).map_or_else(
        || raw.get().to_owned(),
        |list| {
            let mut object = Object::new();
            for (key, value) in list {
                object.raw(&key, &value);
            }
            object.close()
        },
    )
}

/// The text of one attribute.
pub(super) fn text(raw: Option<&RawValue>, key: &str) -> Option<String> {
    let list: Vec<Members<'_>> = serde_json::from_str(raw?.get()).ok()?;
    let of_key = list.iter().find(|attribute| attribute.text("key").as_deref() == Some(key))?;
    let value: Members<'_> = serde_json::from_str(of_key.get("value")?.get()).ok()?;
    let (_, value) = value.0.first()?;
    scalar(value)
}

fn flat(raw: &RawValue) -> Option<Vec<(String, String)>> {
    let list: Vec<Members<'_>> = serde_json::from_str(raw.get()).ok()?;
    let mut flat: Vec<(String, String)> = Vec::with_capacity(list.len());
    for attribute in &list {
        let [(_, _), (_, _)] = attribute.0.as_slice() else { return None };
        let key = attribute.text("key")?;
        if flat.iter().any(|(before, _)| *before == key) {
            return None;
        }
        flat.push((key, value(attribute.get("value")?)));
    }
    Some(flat)
}

/// One value without its type, where JSON tells the type.
fn value(raw: &RawValue) -> String {
    plain(raw).unwrap_or_else(|| raw.get().to_owned())
}

fn plain(raw: &RawValue) -> Option<String> {
    let typed: Members<'_> = serde_json::from_str(raw.get()).ok()?;
    let [(kind, of_kind)] = typed.0.as_slice() else { return None };
    match &**kind {
        "stringValue" | "boolValue" => Some(of_kind.get().to_owned()),
        // 64-bit integers are strings in OTLP/JSON.
        "intValue" => scalar(of_kind)?.parse().ok().map(|number: i64| number.to_string()),
        "doubleValue" => {
            of_kind.get().starts_with(|c: char| c == '-' || c.is_ascii_digit()).then(|| of_kind.get().to_owned())
        }
        "arrayValue" => {
            let array: Members<'_> = serde_json::from_str(of_kind.get()).ok()?;
            let values: Vec<&RawValue> = match array.get("values") {
                Some(values) => serde_json::from_str(values.get()).ok()?,
                None => Vec::new(),
            };
            let values: Vec<String> = values.into_iter().map(value).collect();
            Some(format!("[{}]", values.join(",")))
        }
        "kvlistValue" => {
            let list: Members<'_> = serde_json::from_str(of_kind.get()).ok()?;
            list.get("values").map_or_else(|| Some("{}".to_owned()), |values| Some(attributes(values)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let raw: &RawValue = serde_json::from_str(given).unwrap();
        assert_eq!(attributes(raw), expected);
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
}
