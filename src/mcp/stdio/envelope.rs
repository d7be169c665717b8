//! What does a line say? Pure: bytes in, requests, notifications and refusals out.
//!
//! Only the envelope is taken apart here, borrowed from the line. A call of a storing tool carries the text of its
//! arguments on, because taking them apart twice would cost more than storing them; everything else becomes the
//! protocol's own types.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequest, CallToolRequestParams, ClientJsonRpcMessage, ClientNotification, ClientRequest, GetMeta,
    JsonObject, JsonRpcMessage, RequestId, RequestMetaObject,
};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::refusal::{INTERNAL_ERROR, Refusal};
use super::storing::{self, Unread};
use super::surrogates;
use crate::mcp::call::ArgumentsText;
use crate::mcp::tools;

/// What a line says.
#[derive(Debug)]
pub(crate) enum Line {
    /// Nothing.
    Blank,
    One(Said),
    /// An array of messages, at least one.
    Batch(Vec<Said>),
}

/// One message.
#[derive(Debug)]
pub(crate) enum Said {
    Request(Box<Asked>),
    /// A request whose events are still to be read.
    Storing(Box<Unread>),
    /// Nobody waits for the reply to this request any more.
    Cancel(RequestId),
    Notification(Box<ClientNotification>),
    /// It has to be answered with this.
    Refused(Refusal),
    /// An answer, though this server asks nothing; or a notification nobody knows.
    Ignored,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    pub(crate) request: ClientRequest,
}

/// Reads one line.
pub(crate) fn read(line: Vec<u8>) -> Line {
    let text = match String::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            let column = error.utf8_error().valid_up_to() + 1;
            return refused(Refusal::unreadable(format!("Parse error: invalid UTF-8 at line 1 column {column}")));
        }
    };
    let text = Arc::new(text);
    let json = text.strip_prefix('\u{feff}').unwrap_or(&text).trim();
    if json.is_empty() {
        return Line::Blank;
    }
    match read_json(json, &text) {
        Ok(line) => line,
        Err(refusal) => refused(refusal),
    }
}

impl Line {
    /// The server failed on it.
    pub(super) fn failed() -> Self {
        let what = "Internal error: the server failed on this line; it is up and other lines work";
        refused(Refusal::of(None, INTERNAL_ERROR, what))
    }
}

fn refused(refusal: Refusal) -> Line {
    Line::One(Said::Refused(refusal))
}

/// Reads a line's text; an error is the refusal of the whole line.
fn read_json(json: &str, line: &Arc<String>) -> Result<Line, Refusal> {
    if let Some(column) = surrogates::first_lone(json) {
        return Err(Refusal::unreadable(format!("Parse error: lone surrogate at line 1 column {column}")));
    }
    if let Some(unread) = storing::start(json, line) {
        return Ok(Line::One(Said::Storing(Box::new(unread))));
    }
    if !json.starts_with('[') {
        return message(json, line).map(Line::One);
    }
    let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| parse_error(&error))?;
    if items.is_empty() {
        return Err(Refusal::no_request(None, "Invalid Request: the batch is empty"));
    }
    items.into_iter().map(|item| message(item.get(), line)).collect::<Result<_, _>>().map(Line::Batch)
}

fn parse_error(error: &serde_json::Error) -> Refusal {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line is answered with before any handler sees it, as `code id`.
    fn refusals(line: &[u8]) -> Vec<String> {
        let of = |said: &Said| match said {
            Said::Refused(refusal) => {
                let reply: serde_json::Value = serde_json::from_str(&refusal.to_json()).unwrap();
                format!("{} {}", reply["error"]["code"], reply["id"])
            }
            Said::Request(asked) => format!("request {}", asked.id),
            Said::Storing(unread) => format!("request {}", unread.id()),
            Said::Cancel(id) => format!("cancel {id}"),
            Said::Notification(_) => "notification".to_owned(),
            Said::Ignored => "ignored".to_owned(),
        };
        match read(line.to_vec()) {
            Line::Blank => Vec::new(),
            Line::One(said) => vec![of(&said)],
            Line::Batch(all) => all.iter().map(of).collect(),
        }
    }

    #[test]
    fn every_line_is_one_of_the_documented_kinds() {
        let deep = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{}", "[".repeat(200));
        let deep_call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"query_events","arguments":{{"a":{}{}}}}}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        );
        let cases: &[(&[u8], &[&str])] = &[
            (b"", &[]),
            (b"  \r", &[]),
            (b"\xef\xbb\xbf\r", &[]),
            (b"nonsense", &["-32700 null"]),
            (br#"{"jsonrpc":"2.0","id":1,"#, &["-32700 null"]),
            (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", &["-32700 null"]),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud800"}}"#, &["-32700 null"]),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\ud83d\ude00"}}"#, &["request 1"]),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":NaN}}"#, &["-32700 null"]),
            (br#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#, &["-32700 null"]),
            (deep.as_bytes(), &["-32700 null"]),
            (deep_call.as_bytes(), &["-32700 null"]),
            (b"5", &["-32600 null"]),
            (b"null", &["-32600 null"]),
            (b"{}", &["-32600 null"]),
            (br#"{"jsonrpc":"2.0","id":7}"#, &["-32600 7"]),
            (br#"{"jsonrpc":"2.0","id":7,"method":5}"#, &["-32600 7"]),
            (br#"{"id":"a","method":"ping"}"#, &["-32600 \"a\""]),
            (br#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, &["-32600 7"]),
            (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, &["-32600 null"]),
            (br#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, &["-32600 1.5"]),
            (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, &["-32600 null"]),
            (br#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"ping"}"#, &["-32600 9223372036854775808"]),
            (br#"{"jsonrpc":"2.0","id":7,"method":"initialize","params":[]}"#, &["-32600 7"]),
            (br#"{"jsonrpc":"2.0","id":7,"result":{}}"#, &["ignored"]),
            (br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, &["notification"]),
            (br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}"#, &["cancel 4"]),
            (b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":-7,\"method\":\"ping\"}\r", &["request -7"]),
            (br#"{"params":{"name":"x"},"id":"s","method":"tools/call","jsonrpc":"2.0"}"#, &["request s"]),
            (b"[]", &["-32600 null"]),
            (
                br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},5,[],{"id":2}]"#,
                &["request 1", "-32600 null", "-32600 null", "-32600 2"],
            ),
            (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},x]"#, &["-32700 null"]),
        ];
        for (line, expected) in cases {
            assert_eq!(refusals(line), *expected, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn a_parse_error_says_where() {
        let Line::One(Said::Refused(refusal)) = read(br#"{"jsonrpc": "2.0", "id": 1, oops}"#.to_vec()) else {
            panic!("it is no JSON");
        };
        assert!(refusal.to_json().contains("line 1 column 29"), "{}", refusal.to_json());
    }

    #[test]
    fn a_storing_call_carries_the_text_of_its_arguments() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"events":[ 1 ]},"name":"store_events"}}"#,
            r#"{"params":{"arguments":{"events":[ 1 ]},"name":"store_events"},"method":"tools/call","id":1,"jsonrpc":"2.0"}"#,
        ] {
            let Line::One(Said::Request(asked)) = read(line.as_bytes().to_vec()) else { panic!("{line}") };
            let ClientRequest::CallToolRequest(request) = asked.request else { panic!("{line}") };
            let text = request.extensions.get::<ArgumentsText>().unwrap();
            assert_eq!(text.get(), r#"{"events":[ 1 ]}"#);
            assert_eq!(request.params.arguments, None);
        }
    }
}
