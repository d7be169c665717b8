//! What does a line say? Pure: bytes in, requests, notifications and refusals out.
//!
//! Only the envelope is taken apart here, borrowed from the line. A call of a storing tool carries the text of its
//! arguments on, because taking them apart twice would cost more than storing them; everything else becomes the
//! protocol's own types.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::message::{message, parse_error};
use super::refusal::{INTERNAL_ERROR, Refusal};
use super::said::Said;
use super::{storing, surrogates};

/// What a line says.
#[derive(Debug)]
pub(crate) enum Line {
    /// Nothing.
    Blank,
    One(Said),
    /// An array of messages, at least one.
    Batch(Vec<Said>),
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

#[cfg(test)]
mod tests {
    use rmcp::model::ClientRequest;

    use super::*;
    use crate::mcp::carried::ArgumentsText;

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
