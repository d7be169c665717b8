//! What must hold for any bytes at the entry points of the library? The fuzzers of `fuzz/` and
//! `tests/fuzz_entry_points.rs` ask the same here; a panic is a finding.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use elixir_scope_storage::etf::{Inflated, MAX_DEPTH, Term, View, show};
use elixir_scope_storage::ingest;
use elixir_scope_storage::store::Outcome;
use elixir_scope_storage::{Event, EventStore, Filter, Order, Query, Settings, StoredEvent, mcp};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A store whose segments are full after a few events.
fn open() -> EventStore {
    EventStore::open(Settings { segment_rows: 4, ..Settings::UNBOUNDED }).unwrap()
}

/// Any text as an event: it is refused with a reason, or found whole by everything it says, and what is shown of it is
/// the same event.
pub(crate) fn event(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let store = open();
    // It does not stand alone.
    store.store_json_event(r#"{"id":"before","ts":0,"type":"before","pid":"<0.1.0>"}"#).unwrap();
    let stored = Event::parse(text).and_then(|event| store.store_event(&event));
    store.verify().unwrap();
    let stored = match stored {
        Ok(stored) => stored,
        Err(refusal) => return assert!(!refusal.to_string().is_empty()),
    };
    let found = store.get_event_by_id(&stored.event_id).unwrap();
    assert_eq!(found.event_id(), stored.event_id);

    let shown = found.to_json();
    serde_json::from_str::<BTreeMap<String, &RawValue>>(&shown).unwrap();
    assert_eq!(store.store_json_event(&shown).unwrap().outcome, Outcome::Duplicate, "{text} is shown as {shown}");
    let reply = mcp::call(&store, "get_event_by_id", &json!({"event_id": stored.event_id}).to_string()).unwrap();
    assert_eq!(reply.structured.expect(&reply.text)["event_id"], stored.event_id);
    let again = store.store_json_event(text).unwrap();
    if again.event_id == stored.event_id {
        assert_eq!(again.outcome, Outcome::Duplicate, "{text}");
    }
    for filter in filters_of(&found) {
        let page = store.query_events(&Query::new(filter.clone())).unwrap();
        assert!(page.events.contains(&found), "{text} is not found by {filter:?}");
    }
    store.verify().unwrap();
}

/// A filter for every key of an event.
fn filters_of(event: &StoredEvent) -> Vec<Filter> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let none = Filter::default;
    let mut filters = vec![
        Filter { pid: owned(event.pid()), ..none() },
        Filter { event_types: owned(event.event_type()).into_iter().collect(), ..none() },
        Filter { node: owned(event.node()), ..none() },
        Filter { module: owned(event.module()), ..none() },
        Filter { function: owned(event.function()), ..none() },
        Filter { arity: event.arity(), module: owned(event.module()), ..none() },
        Filter { correlation_id: owned(event.correlation_id()), ..none() },
        Filter { call_id: owned(event.call_id()), ..none() },
        Filter { session_id: owned(event.session_id()), ..none() },
        Filter { ast_node_id: owned(event.ast_node_id()), ..none() },
        Filter { ast_node_prefix: owned(event.ast_node_id()), ..none() },
        Filter { min_duration_ns: event.duration_ns(), ..none() },
    ];
    filters.extend(event.roles().map(|(_, pid)| Filter { pid: Some(pid.to_owned()), ..none() }));
    filters
}

/// The tools, each with the validator of its answers.
static TOOLS: LazyLock<Vec<(String, jsonschema::Validator)>> = LazyLock::new(|| {
    let list: Value = serde_json::from_str(&mcp::tools_json(false)).unwrap();
    let tools = list["tools"].as_array().unwrap().iter();
    let tools = tools.map(|tool| (tool["name"].as_str().unwrap(), jsonschema::validator_for(&tool["outputSchema"])));
    tools.map(|(name, validator)| (name.to_owned(), validator.unwrap())).collect()
});

const EVENTS: [&str; 6] = [
    r##"{"id":"e1","ts":-900,"type":"CALL","pid":"#PID<0.1.0>","node":"a@b","data":{"module":"Elixir.Bank","function":"pay","arity":2,"call_id":7}}"##,
    r#"{"id":"e2","ts":-900,"type":"message_send","pid":"<0.1.0>","data":{"receiver_pid":"<0.2.0>","message":":ping"},"correlation_id":"tx-1"}"#,
    r#"{"id":"e3","ts":-100,"type":"expression_value","ast_node_id":"Bank:pay:2:line_1","data":{"value":"héllo ✓"},"session_id":"s1"}"#,
    r#"{"id":"e4","ts":5,"type":"function_exit","pid":"<0.2.0>","module":"Bank","function":"pay","arity":2,"duration_ns":1000,"data":{"call_id":7}}"#,
    r#"{"id":"e5","ts":9223372036854775807,"type":"late","pid":":registered"}"#,
    r#"{"id":"e6","type":"process_exit","pid":"<0.2.0>","data":{"exit_reason":":normal","nested":{"list":[1,2.5,null]}}}"#,
];

/// Any bytes as a call: the first chooses a tool, the rest is the text of its arguments. It is answered as the tool's
/// schema promises or refused with a text, and the store is whole.
pub(crate) fn filter(bytes: &[u8]) {
    let Some((tool, arguments)) = bytes.split_first() else { return };
    let Ok(arguments) = std::str::from_utf8(arguments) else { return };
    let (tool, validator) = &TOOLS[usize::from(*tool) % TOOLS.len()];
    let store = open();
    assert_eq!(store.store_json_events(&EVENTS, false).stored, EVENTS.len() as u64);

    let reply = mcp::call(&store, tool, arguments).unwrap();
    assert!(!reply.text.is_empty(), "{tool} {arguments}");
    assert!(!reply.text.contains("the server failed"), "{tool} {arguments}: {}", reply.text);
    if let Some(answer) = &reply.structured {
        if let Err(wrong) = validator.validate(answer) {
            panic!("{tool} {arguments} answers {answer}: {wrong}");
        }
        if let Some(cursor) = answer.get("next_cursor") {
            let mut next: BTreeMap<String, Value> = serde_json::from_str(arguments).unwrap();
            next.insert("cursor".to_owned(), cursor.clone());
            let next = serde_json::to_string(&next).unwrap();
            let page = mcp::call(&store, tool, &next).unwrap();
            assert!(page.structured.is_some(), "{tool} {next}: {}", page.text);
        }
    }
    store.verify().unwrap();
}

/// Any bytes as a cursor, as they are and as changes to a real one: what is accepted is what was given out.
pub(crate) fn cursor(bytes: &[u8]) {
    let store = open();
    assert_eq!(store.store_json_events(&EVENTS, false).stored, EVENTS.len() as u64);
    let order = if bytes.first().is_some_and(|first| first % 2 == 1) { Order::Desc } else { Order::Asc };
    let query = |limit, cursor| Query { limit, cursor, order, ..Query::new(Filter::default()) };
    let whole = store.query_events(&query(100, None)).unwrap();
    let first = store.query_events(&query(2, None)).unwrap();
    let real = first.next_cursor.unwrap();

    // Pairs of a place and of what is changed there.
    let mut changed = real.clone().into_bytes();
    for pair in bytes.get(1..).unwrap_or_default().chunks_exact(2) {
        let place = usize::from(pair[0]) % changed.len();
        changed[place] ^= pair[1];
    }
    for text in [std::str::from_utf8(bytes), std::str::from_utf8(&changed)].into_iter().flatten() {
        match store.query_events(&query(100, Some(text.to_owned()))) {
            Ok(page) => {
                assert_eq!(text, real, "a cursor that was never given out is accepted");
                assert_eq!(page.events, whole.events[2..]);
            }
            Err(refusal) => {
                assert_ne!(text, real);
                assert!(refusal.to_string().starts_with("cursor: "), "{refusal}");
            }
        }
    }
}

/// Any bytes as a line of stdin: each message in it is a request, a notification or refused, and a refusal is a reply
/// that says why.
pub(crate) fn line(bytes: &[u8]) {
    let report = mcp::read_line(bytes);
    let refusals: Vec<Value> = report.refusals.iter().map(|refusal| serde_json::from_str(refusal).unwrap()).collect();
    for (text, refusal) in report.refusals.iter().zip(&refusals) {
        assert!(!text.contains('\n'), "{text}");
        assert_eq!(refusal["jsonrpc"], "2.0", "{text}");
        assert!(matches!(refusal["error"]["code"].as_i64(), Some(-32700 | -32600 | -32602)), "{text}");
        assert!(refusal["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{text}");
        assert!(refusal.get("id").is_some(), "{text}");
    }
    let messages = report.requests + report.notifications + refusals.len();
    let text = std::str::from_utf8(bytes).map(|text| text.strip_prefix('\u{feff}').unwrap_or(text).trim());
    match text.map(serde_json::from_str::<Value>) {
        Ok(Ok(Value::Array(items))) => assert_eq!(messages, items.len().max(1), "{report:?}"),
        Ok(Ok(message)) => {
            assert_eq!(messages, 1, "{report:?}");
            // The reply goes to who asked, where that can be told.
            let id = message.get("id").filter(|id| id.is_string() || id.is_i64());
            let is_once = text.is_ok_and(|text| text.matches("id").count() == 1 && !text.contains('\\'));
            if let (Some(id), [refusal], true) = (id, &*refusals, is_once) {
                assert_eq!(refusal["id"], *id, "{report:?}");
            }
        }
        _ if text == Ok("") => assert_eq!(messages, 0, "{report:?}"),
        // What a value cannot hold may still be read: numbers out of range.
        _ => assert!(messages >= 1, "{report:?}"),
    }
}

/// Any bytes as an Erlang term: refused at a place within them, or written whole and cut, the same way in JSON.
pub(crate) fn etf(bytes: &[u8]) {
    let inflated;
    let term = if Inflated::is(bytes) {
        match Inflated::bounded(bytes, 1 << 20) {
            Ok(term) => {
                inflated = term;
                inflated.term()
            }
            Err(error) => return assert!(error.offset <= bytes.len() && !error.message.is_empty()),
        }
    } else {
        match Term::parse(bytes) {
            Ok(term) => term,
            Err(error) => return assert!(error.offset <= bytes.len() && !error.message.is_empty()),
        }
    };
    let (mut text, mut in_json) = (String::new(), String::new());
    assert!(!show::elixir(term, &mut text, usize::MAX));
    assert!(!show::elixir_json(term, &mut in_json, usize::MAX));
    assert_eq!(serde_json::from_str::<String>(&in_json).unwrap(), text);
    for max_bytes in [0, 1, 10, 100, text.len() / 2] {
        let (mut part, mut in_json) = (String::new(), String::new());
        let cut = show::elixir(term, &mut part, max_bytes);
        assert!(cut || part == text);
        // The mark, a separator, and the brackets that close, two bytes each at most.
        assert!(part.len() <= max_bytes + 48 + 2 * MAX_DEPTH, "{part}");
        show::elixir_json(term, &mut in_json, max_bytes);
        serde_json::from_str::<String>(&in_json).unwrap();
    }
    // Every level decodes as well, and its parts are terms of their own.
    let mut open = vec![term];
    while let Some(term) = open.pop() {
        let again = [&[131], term.as_bytes()].concat();
        assert_eq!(Term::parse(&again).map(Term::as_bytes), Ok(term.as_bytes()));
        match term.view() {
            View::Tuple(terms) | View::Map(terms) => open.extend(terms.take(8)),
            View::List { items, tail } => open.extend(items.take(8).chain(tail)),
            View::Fun(fun) => open.extend(fun.free.take(8)),
            _ => {}
        }
    }
}

/// Any bytes as a file: it is refused with a reason, or what is read of it is counted and stored, and shown as the events
/// it is.
pub(crate) fn import(bytes: &[u8]) {
    let store = open();
    let report = match ingest::import_bytes(&store, "fuzz", bytes.to_vec()) {
        Ok(report) => report,
        Err(refusal) => return assert!(!refusal.to_string().is_empty()),
    };
    store.verify().unwrap();
    assert_eq!(report.events, report.stored + report.replaced + report.duplicates + report.rejected, "{report:?}");
    let complaints = report.first_errors.iter().chain(&report.broken).map(|complaint| &complaint.message);
    assert!(complaints.chain(report.notes.iter().map(|note| &note.text)).all(|text| !text.is_empty()), "{report:?}");
    let page = store.query_events(&Query { limit: 1000, ..Query::new(Filter::default()) }).unwrap();
    assert_eq!(page.events.len() as u64, report.stored.min(1000), "{report:?}");
    for event in &page.events {
        let shown = event.to_json();
        assert_eq!(store.store_json_event(&shown).unwrap().outcome, Outcome::Duplicate, "{shown}");
    }
}

/// Any bytes as the rest of a crash dump.
pub(crate) fn crash_dump(bytes: &[u8]) {
    import(&[b"=erl_crash_dump:0.5\nSun Nov 29 16:12:31 2026\nSlogan: x\n", bytes].concat());
}

/// Any bytes as what comes after the first entry of a log.
pub(crate) fn log(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let start: &[u8] = match first % 3 {
        0 => b"12:00:00.000 [error] x\n",
        1 => b"{\"level\":30,\"time\":1531171074631,\"msg\":\"a\"}\n",
        _ => b"=ERROR REPORT==== 29-Nov-2026::16:12:31.123456 ===\n",
    };
    import(&[start, rest].concat());
}

/// Any bytes as the records of a binary trace: before each its length, as a byte.
pub(crate) fn trace_file(bytes: &[u8]) {
    let (mut file, mut rest) = (Vec::new(), bytes);
    while let Some((length, after)) = rest.split_first() {
        let (record, after) = after.split_at(usize::from(*length).min(after.len()));
        // None is too small to be a term.
        file.extend([&[0][..], &(record.len() as u32 + 1).to_be_bytes(), &[131], record].concat());
        rest = after;
    }
    if !file.is_empty() {
        import(&file);
    }
}
