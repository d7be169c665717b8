//! Recordings of traced programs as JSON events, and a server that holds one.

#![allow(dead_code, reason = "every test uses a part of it")]

use std::io::Read;
use std::path::Path;

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::client::Client;

/// Events of one `store_events` call.
const BATCH: usize = 500;

/// The events of a recording (a path below the project). `drop_after` so many records, the source drops some.
pub(crate) fn events(path: &str, drop_after: Option<usize>) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut bytes = Vec::new();
    GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let store = EventStore::open(Settings::default()).unwrap();
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() };
    let mut recorder = Recorder::new(session);
    let mut rest = &*bytes;
    let mut n = 0;
    while let Some((head, after)) = rest.split_at_checked(5) {
        assert_eq!(head[0], 0, "these recordings drop nothing");
        let len = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        let (term, after) = after.split_at(len);
        rest = after;
        if drop_after == Some(n) {
            recorder.dropped(17);
        }
        n += 1;
        recorder.take(Term::parse(term).unwrap());
    }
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    let query = Query { limit: 10_000, ..Query::new(Filter::default()) };
    let page = store.query_events(&query).unwrap();
    assert_eq!(page.next_cursor, None);
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

/// A server that holds these events.
pub(crate) fn serve(events: &[Value]) -> Client {
    let mut client = Client::start();
    for batch in events.chunks(BATCH) {
        let stored = client.call("store_events", json!({"events": batch}));
        assert_eq!(stored["stored"], batch.len(), "{stored}");
    }
    client
}

/// A server that holds a recording.
pub(crate) fn recorded(path: &str) -> Client {
    serve(&events(path, None))
}

/// Calls a tool that must work: both channels.
pub(crate) fn ask(client: &mut Client, tool: &str, arguments: Value) -> Value {
    let reply = client.request("tools/call", json!({"name": tool, "arguments": arguments}));
    let answer = reply["result"].clone();
    assert_eq!(answer["isError"], false, "{tool}: {reply}");
    answer
}

/// The text of an answer.
pub(crate) fn text(answer: &Value) -> &str {
    answer["content"][0]["text"].as_str().unwrap()
}
