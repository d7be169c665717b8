//! What does a tool's JSON schema say? Derived from its types, then made plain enough for every client.
//!
//! Clients stumble over bare `true` subschemas, integer formats, unions with `null` and remote references; none is
//! left. Optional members are simply not required.

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Value, json};

/// Schema of arguments: an object that takes no other member.
pub(crate) fn input<T: JsonSchema>() -> JsonObject {
    let mut schema = generate::<T>(Contract::Deserialize);
    schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    schema
}

/// Schema of a reply.
pub(crate) fn output<T: JsonSchema>() -> JsonObject {
    generate::<T>(Contract::Serialize)
}

fn generate<T: JsonSchema>(contract: Contract) -> JsonObject {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
        settings.contract = contract;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    // The type's own documentation speaks to who reads the code; the tool's description speaks to the caller.
    if let Value::Object(root) = &mut schema {
        root.remove("description");
        root.entry("type").or_insert_with(|| json!("object"));
        root.entry("properties").or_insert_with(|| json!({}));
    }
    tidy(&mut schema);
    match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    }
}

/// Takes out what clients stumble over, here and in every subschema.
fn tidy(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    for noise in ["$schema", "title", "format", "default"] {
        schema.remove(noise);
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({"type": "null"}));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.entry(key).or_insert(value);
            }
        }
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().for_each(tidy);
    }
    for one in ["items", "additionalProperties"] {
        schema.get_mut(one).into_iter().for_each(tidy);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.iter_mut().for_each(tidy);
    }
}
