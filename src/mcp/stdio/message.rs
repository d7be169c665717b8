//! What does one message say? Only its envelope is taken apart here, borrowed from the line.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientJsonRpcMessage, ClientNotification, ClientRequest, GetMeta,
    JsonObject, JsonRpcMessage, RequestId, RequestMetaObject,
};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::Refusal;
use super::said::{Asked, Said};
use super::surrogates;
use crate::mcp::carried::ArgumentsText;
use crate::mcp::tools;

pub(super) fn parse_error(error: &serde_json::Error) -> Refusal {
    Refusal::unreadable(format!("Parse error: {error}"))
}

/// The members of a message. Each is there or not; `null` is there.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<Params<'a>>,
    is_reply: bool,
}

/// The members of `params` that a call has, so that its arguments are passed over once and not twice.
#[derive(Default)]
struct Params<'a> {
    name: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    meta: Option<&'a RawValue>,
    /// It is an object in which none of these stands twice.
    is_plain: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Params<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParamsVisitor;
        impl<'de> Visitor<'de> for ParamsVisitor {
            type Value = Params<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Params<'de>, M::Error> {
                let mut params = Params { is_plain: true, ..Params::default() };
                while let Some(key) = map.next_key::<ParamsKey>()? {
                    let member = match key {
                        ParamsKey::Name => &mut params.name,
                        ParamsKey::Arguments => &mut params.arguments,
                        ParamsKey::Meta => &mut params.meta,
                        ParamsKey::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    params.is_plain &= member.replace(map.next_value()?).is_none();
                }
                Ok(params)
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Params<'de>, S::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Params::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
            fn visit_str<E>(self, _: &str) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
            fn visit_unit<E>(self) -> Result<Params<'de>, E> {
                Ok(Params::default())
            }
        }
        deserializer.deserialize_any(ParamsVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum ParamsKey {
    Name,
    Arguments,
    #[serde(rename = "_meta")]
    Meta,
    #[serde(other)]
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Envelope<'de>, M::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        Key::Jsonrpc => envelope.jsonrpc = Some(map.next_value()?),
                        Key::Id => envelope.id = Some(map.next_value()?),
                        Key::Method => envelope.method = Some(map.next_value()?),
                        Key::Params => envelope.params = Some(map.next_value()?),
                        Key::Result | Key::Error => {
                            envelope.is_reply = true;
                            map.next_value::<IgnoredAny>()?;
                        }
                        Key::Other => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

/// The call of a tool that a message is, if it is a well-formed one whose arguments are the `null` at this place.
pub(super) fn call_with_null_at(json: &str, place: usize) -> Option<Asked> {
    let envelope: Envelope<'_> = serde_json::from_str(json).ok()?;
    let params = envelope.params?;
    let arguments = params.arguments?.get();
    let is_there = arguments == "null" && arguments.as_ptr().addr() - json.as_ptr().addr() == place;
    let method = serde_json::from_str::<String>(envelope.method?.get()).ok()?;
    let is_call = method == "tools/call" && envelope.jsonrpc?.get() == r#""2.0""#;
    if !is_there || !is_call {
        return None;
    }
    let id = request_id(envelope.id?)?;
    // There is no text of arguments for it to point into.
    Some(Asked { id, request: call(&params, &Arc::default())? })
}

/// Where the arguments of a call stand in the text of a message; none: it is no call that can be read, or has none.
/// An error says why it is no JSON.
pub(crate) fn arguments_of_call(text: &str) -> Result<Option<Range<usize>>, String> {
    let json = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(column) = surrogates::first_lone(json) {
        return Err(format!("lone surrogate at line 1 column {column}"));
    }
    if !json.starts_with('{') {
        return serde_json::from_str::<IgnoredAny>(json).map(|_| None).map_err(|error| error.to_string());
    }
    let envelope: Envelope<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let is_call = envelope.method.is_some_and(|method| method.get() == r#""tools/call""#);
    let arguments = match envelope.params {
        Some(Params { arguments: Some(arguments), is_plain: true, .. }) if is_call => arguments.get(),
        _ => return Ok(None),
    };
    let start = arguments.as_ptr().addr() - text.as_ptr().addr();
    Ok(arguments.starts_with('{').then(|| start..start + arguments.len()))
}

/// An id that a request may have.
fn request_id(raw: &RawValue) -> Option<RequestId> {
    serde_json::from_str(raw.get()).ok().filter(|_| raw.get() != "null")
}

/// Reads one message; an error is the refusal of the whole line, because it is not JSON.
pub(super) fn message(json: &str, line: &Arc<String>) -> Result<Said, Refusal> {
    if !json.starts_with('{') {
        strictly(json)?;
        let what = "Invalid Request: expected a JSON-RPC message, an object";
        return Ok(Said::Refused(Refusal::no_request(None, what)));
    }
    let envelope: Envelope<'_> = serde_json::from_str(json).map_err(|error| parse_error(&error))?;
    let Some(method) = envelope.method.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok()) else {
        strictly(json)?;
        if envelope.is_reply && envelope.method.is_none() {
            return Ok(Said::Ignored);
        }
        return Ok(Said::Refused(no_method(&envelope)));
    };
    let Some(raw_id) = envelope.id else { return notification(json) };
    if envelope.jsonrpc.is_none_or(|version| version.get() != r#""2.0""#) {
        strictly(json)?;
        let what = r#"Invalid Request: jsonrpc has to be "2.0""#;
        return Ok(Said::Refused(Refusal::no_request(Some(raw_id), what)));
    }
    let Some(id) = request_id(raw_id) else {
        strictly(json)?;
        let what = "Invalid Request: id has to be a string or an integer of 64 bits";
        return Ok(Said::Refused(Refusal::no_request(Some(raw_id), what)));
    };
    if method == "tools/call" {
        if let Some(request) = envelope.params.as_ref().and_then(|params| call(params, line)) {
            return Ok(Said::Request(Box::new(Asked { id, request })));
        }
    }
    match serde_json::from_str::<ClientJsonRpcMessage>(json) {
        Ok(JsonRpcMessage::Request(request)) => {
            Ok(Said::Request(Box::new(Asked { id: request.id, request: request.request })))
        }
        Err(error) if error.is_syntax() || error.is_eof() => Err(parse_error(&error)),
        _ => {
            strictly(json)?;
            let what = format!("Invalid Request: {method} with params that are not an object");
            Ok(Said::Refused(Refusal::no_request(Some(raw_id), what)))
        }
    }
}

fn no_method(envelope: &Envelope<'_>) -> Refusal {
    let what = match envelope.method {
        None => "Invalid Request: method is missing",
        Some(_) => "Invalid Request: method has to be a string",
    };
    Refusal::no_request(envelope.id, what)
}

/// A line that is not what it should be may be no JSON at all: then that is what its sender must hear.
fn strictly(json: &str) -> Result<(), Refusal> {
    serde_json::from_str::<serde_json::Value>(json).map(drop).map_err(|error| parse_error(&error))
}

/// A notification is never answered; one that cannot be read has no effect.
fn notification(json: &str) -> Result<Said, Refusal> {
    strictly(json)?;
    Ok(match serde_json::from_str::<ClientJsonRpcMessage>(json) {
        Ok(JsonRpcMessage::Notification(said)) => match said.notification {
            ClientNotification::CancelledNotification(cancelled) => {
                cancelled.params.request_id.map_or(Said::Ignored, Said::Cancel)
            }
            notification => Said::Notification(Box::new(notification)),
        },
        _ => Said::Ignored,
    })
}

/// A call of a tool, if it is a well-formed one.
fn call(params: &Params<'_>, line: &Arc<String>) -> Option<ClientRequest> {
    let Params { name: Some(name), arguments, meta, is_plain: true } = params else { return None };
    let name: String = serde_json::from_str(name.get()).ok()?;
    let meta = match meta {
        Some(meta) => serde_json::from_str::<Option<RequestMetaObject>>(meta.get()).ok()?,
        None => None,
    };
    let entry = tools::find(&name);
    let mut request = CallToolRequest::new(match entry {
        Some(entry) => CallToolRequestParams::new(entry.tool.name.clone()),
        None => CallToolRequestParams::new(name),
    });
    if let Some(arguments) = arguments.filter(|arguments| arguments.get() != "null") {
        if entry.is_some_and(|entry| entry.takes_text) && arguments.get().starts_with('{') {
            request.extensions.insert(ArgumentsText::new(line, arguments.get()));
        } else {
            request.params.arguments = Some(serde_json::from_str::<JsonObject>(arguments.get()).ok()?);
        }
    }
    let mut request = ClientRequest::CallToolRequest(request);
    if let Some(meta) = meta {
        *request.get_meta_mut() = meta;
    }
    Some(request)
}
