//! The store without MCP: keep events, ask for them, see the plan.

use elixir_scope_storage::{Event, EventStore, Filter, Order, Query, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = EventStore::open(Settings { max_events: Some(100_000), ..Settings::default() })?;

    // Events as producers send them: one JSON object each, in any of the accepted spellings.
    let report = store.store_json_events(
        &[
            r##"{"id": "a", "ts": -300, "type": "MESSAGE_SEND", "pid": "#PID<0.1.0>", "receiver_pid": "<0.2.0>"}"##,
            r#"{"id": "b", "ts": -200, "type": "CALL", "pid": "<0.2.0>", "module": "Elixir.Bank", "function": "pay"}"#,
        ],
        false,
    );
    // Or built by hand.
    let event = Event::new("process_exit").timestamp(-100).pid("0.2.0").data(r#"{"reason": "normal"}"#)?;
    let stored = store.store_event(&event)?;
    eprintln!("stored {} and {}", report.stored, stored.event_id);

    let filter = Filter { pid: Some("<0.2.0>".into()), ..Filter::default() };
    let query = Query { order: Order::Desc, limit: 2, ..Query::new(filter) };
    let page = store.query_events(&query)?;
    eprintln!("{} of {:?}, by {}", page.events.len(), page.total_matched, page.plan);
    for event in &page.events {
        eprintln!("{}", event.to_json());
    }
    Ok(())
}
