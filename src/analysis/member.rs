//! What does a payload say under one key?

use std::borrow::Cow;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The raw JSON of a member of an object's text. Cost: one pass up to it.
pub(super) fn raw<'a>(json: &'a str, key: &str) -> Option<&'a RawValue> {
    struct Find<'k>(&'k str);
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut found = None;
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                if key == self.0 && found.is_none() {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Find(key)).ok().flatten()
}

/// A member as text: a string without its quotes, anything else as it is written; null is none.
pub(super) fn text<'a>(json: &'a str, key: &str) -> Option<Cow<'a, str>> {
    as_text(raw(json, key)?)
}

/// The first item of a member that is an array, as text.
pub(super) fn first<'a>(json: &'a str, key: &str) -> Option<Cow<'a, str>> {
    let items: Vec<&'a RawValue> = serde_json::from_str(raw(json, key)?.get()).ok()?;
    as_text(items.first()?)
}

/// The items of a member that is an array, as texts; those that are null are left out.
pub(super) fn texts<'a>(json: &'a str, key: &str) -> Vec<Cow<'a, str>> {
    let items: Option<Vec<&'a RawValue>> = raw(json, key).and_then(|raw| serde_json::from_str(raw.get()).ok());
    items.into_iter().flatten().filter_map(as_text).collect()
}

fn as_text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let json = raw.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<Cow<'_, str>>(json).ok(),
        b'n' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_at_the_top_only() {
        let json = r#"{"a": {"reason": "inner"}, "reason": "nor\"mal", "n": 12, "args": ["{:x, 1}", 2], "no": null}"#;
        assert_eq!(text(json, "reason").as_deref(), Some("nor\"mal"));
        assert_eq!(text(json, "a").as_deref(), Some(r#"{"reason": "inner"}"#));
        assert_eq!((text(json, "no"), text(json, "inner")), (None, None));
        assert_eq!(first(json, "args").as_deref(), Some("{:x, 1}"));
        assert_eq!((first(json, "n"), first("{}", "args")), (None, None));
    }
}
