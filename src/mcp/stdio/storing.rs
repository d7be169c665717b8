//! Is a line a call that stores a batch? Then its events are read in the walk that finds where its arguments end.
//!
//! A line is such a call if its start is one up to the value of `arguments`, its last two characters end `params` and
//! the message, and what lies between is, when it is read, one JSON object with events. Anything else is read as every
//! other line.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use memchr::memmem;
use rmcp::model::{ClientRequest, GetExtensions, RequestId};

use super::message::{call_with_null_at, message};
use super::said::{Said, Unread};
use crate::mcp::args::batch::HeldBatch;
use crate::mcp::tools;

/// What the value of the arguments comes after.
const ARGUMENTS: &[u8] = br#""arguments":"#;

/// Longest message whose events are read between two requests: a few milliseconds of work.
const LONGEST_MESSAGE: usize = 1 << 20;

/// So far into a line its arguments are looked for.
const LONGEST_START: usize = 1_024;

/// Looks at the start and the end of a message, which is a part of `line`.
pub(super) fn start(message: &str, line: &Arc<String>) -> Option<Unread> {
    if message.len() > LONGEST_MESSAGE {
        return None;
    }
    let start = &message.as_bytes()[..message.len().min(LONGEST_START)];
    let start = memmem::find(start, ARGUMENTS)? + ARGUMENTS.len();
    let arguments = message[start..].strip_suffix("}}")?;
    // With another value in place of the arguments it is a message with all else unchanged.
    let asked = call_with_null_at(&format!("{}null}}}}", &message[..start]), start)?;
    let ClientRequest::CallToolRequest(call) = &asked.request else { return None };
    if !tools::find(&call.params.name)?.takes_batch {
        return None;
    }
    let offset = message.as_ptr().addr() - line.as_ptr().addr();
    let arguments = offset + start..offset + start + arguments.len();
    Some(Unread { asked, line: Arc::clone(line), message: offset..offset + message.len(), arguments })
}

impl Unread {
    pub(crate) const fn id(&self) -> &RequestId {
        &self.asked.id
    }

    /// Reads the events: a request with its batch, or whatever else the line turns out to be.
    pub(crate) fn read(self) -> Said {
        let Self { mut asked, line, message, arguments } = self;
        // Of a panic the client hears when the tool reads the same text.
        let batch = catch_unwind(AssertUnwindSafe(|| HeldBatch::read(&line, arguments)));
        match batch.ok().flatten() {
            Some(batch) => {
                asked.request.extensions_mut().insert(batch);
                Said::Request(Box::new(asked))
            }
            None => self::message(&line[message], &line).unwrap_or_else(Said::Refused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Said> {
        let line = Arc::new(line.to_owned());
        start(&line, &line).map(Unread::read)
    }

    fn batch(line: &str) -> Option<usize> {
        let Some(Said::Request(asked)) = read(line) else { return None };
        let ClientRequest::CallToolRequest(call) = asked.request else { return None };
        call.extensions.get::<HeldBatch>().map(|batch| batch.take(|args| args.events.len()))
    }

    #[test]
    fn events_are_read_where_the_arguments_come_last() {
        let call = |arguments: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"store_events","arguments":{arguments}}}}}"#
            )
        };
        assert_eq!(batch(&call(r#"{"events":[{"ts":1},5]}"#)), Some(2));
        assert_eq!(batch(&call(r#" { "atomic" : true, "events" : [ ] } "#)), Some(0));
        for (arguments, what) in [
            (r#"{"events":[{"ts":1}]},"_meta":{}"#, "more members follow"),
            (r#"{"events":"[]"}"#, "events are a string"),
            (r#"{"events":[],"other":1}"#, "an unknown argument"),
            (r#"{"events":[],"events":[]}"#, "events twice"),
            ("null", "no object"),
        ] {
            assert_eq!(batch(&call(arguments)), None, "{what}");
            assert!(matches!(read(&call(arguments)), Some(Said::Request(_))), "{what}: the tool has to answer");
        }
        for (arguments, what) in
            [(r#"{"events":[{"ts":1}}"#, "no array"), (r#"{"events":[]}}"#, "a brace too many"), ("", "nothing")]
        {
            let Some(Said::Refused(refusal)) = read(&call(arguments)) else { panic!("{what}") };
            assert!(refusal.to_json().contains("-32700"), "{what}");
        }
    }

    #[test]
    fn what_only_looks_like_such_a_call_is_read_as_every_line() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_events"},"x":{"arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_events","arguments" :{},"arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"store_events","x":{"arguments":{"events":[]}}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query_events","arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"name":"store_events","arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"store_events","arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"store_events","arguments":{"events":[]}}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"store_events","arguments":{"events":[]}}}"#,
            r#"{"params":{"name":"store_events","arguments":{"events":[]}},"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            r#"["arguments":{"events":[]}}"#,
            r#""arguments":}}"#,
        ] {
            assert!(read(line).is_none(), "{line}");
        }
    }
}
