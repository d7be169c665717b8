//! Calls of callbacks, recorded: what states do they tell?

#![allow(dead_code, reason = "every test uses a part of it")]

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use serde_json::Value;

use crate::terms::{Bytes, atom, int, map, mfa, mfa_arity, site, traced, tuple};

/// The events these messages make.
pub(crate) fn told(messages: &[Bytes]) -> Vec<Value> {
    let store = EventStore::open(Settings::default()).unwrap();
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() };
    let mut recorder = Recorder::new(session);
    for message in messages {
        recorder.take(Term::parse(&[&[131], &**message].concat()).unwrap());
    }
    recorder.finish();
    recorder.hand_over(|events| store.store_events(events));
    let page = store.query_events(&Query { limit: 1000, ..Query::new(Filter::default()) }).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

/// Who calls a callback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum By {
    /// The module of a behaviour.
    Module(&'static str),
    /// The match specification did not ask.
    Unknown,
    /// It is the first of its process.
    Nothing,
}

/// One call of a callback of the module `M`, and what it returns.
pub(crate) type Call = (&'static str, Vec<Bytes>, Bytes);

/// The states that these callbacks tell one after the other.
pub(crate) fn states(by: By, calls: &[Call]) -> Vec<String> {
    let mut at = 0;
    let mut messages = Vec::new();
    for (function, args, result) in calls {
        at += 10;
        let mut call = vec![mfa("Elixir.M", function, args)];
        match by {
            By::Module(module) => call.push(site(module, "loop", 9, "b.erl", 7)),
            By::Nothing => call.push(atom("undefined")),
            By::Unknown => {}
        }
        messages.push(traced(1, "call", &call, at));
        let back = [mfa_arity("Elixir.M", function, args.len() as i64), result.clone()];
        messages.push(traced(1, "return_from", &back, at + 5));
    }
    let events = told(&messages);
    let changes = events.iter().filter(|event| event["event_type"] == "state_change");
    changes.map(|change| change["data"]["new_state"].as_str().unwrap().to_owned()).collect()
}

/// `%{n: 1}`.
pub(crate) fn n(n: i64) -> Bytes {
    map(&[(atom("n"), int(n))])
}

/// A tuple.
pub(crate) fn t(parts: &[Bytes]) -> Bytes {
    tuple(parts)
}
