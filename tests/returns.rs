//! Calls traced without `return_trace` end where `return_to` says, as long as they really took, and are told below the call
//! that made them: generated programs with tail calls, recursion and exceptions are run, and their trace messages are what
//! the VM (tried on OTP 25) sends, in each of the ways calls are told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may stop at the first surprise")]

#[path = "support/terms.rs"]
mod terms;

use std::collections::{HashMap, HashSet};

use elixir_scope_storage::etf::Term;
use elixir_scope_storage::trace::{Recorder, Session};
use elixir_scope_storage::{EventStore, Filter, Query, Settings};
use proptest::prelude::*;
use serde_json::Value;
use terms::{Bytes, atom, int, list, mfa, mfa_arity, pid, site, traced, tuple};

/// One run of a function.
#[derive(Clone, Debug)]
struct Run {
    function: u8,
    /// What it calls before it ends, on which of its lines, and whether it catches what is raised there.
    calls: Vec<(Run, u8, bool)>,
    end: End,
}

#[derive(Clone, Debug)]
enum End {
    Returns,
    Raises,
    Tail(Box<Run>),
}

/// Functions from here on are not traced, but by fprof, which traces all.
const UNTRACED: u8 = 4;

/// How calls are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Style {
    /// `{caller_line}`.
    #[default]
    Line,
    /// `{caller}`.
    Caller,
    /// Nothing is told of the caller.
    Bare,
    /// As fprof does: `{cp, Caller}`, times in microseconds, and what the scheduler and the collector did in between.
    Fprof,
}

impl Style {
    const fn traces(self, function: u8) -> bool {
        function < UNTRACED || matches!(self, Self::Fprof)
    }
}

/// Where a run returns to: a function and its line.
type Address = Option<(u8, u8)>;

/// What is sent, and when each traced call really began and ended, by the number of its message.
#[derive(Default)]
struct Node {
    now: i64,
    sent: Vec<Bytes>,
    began: HashMap<usize, i64>,
    ended: HashMap<usize, i64>,
    /// Those that an exception left.
    raised: HashSet<usize>,
    /// The calls each was made in, from the outside.
    around: HashMap<usize, Vec<usize>>,
    /// The traced calls that are running, from the outside.
    running: Vec<usize>,
    /// Whether exceptions are raised by `erlang:error/1`, which is traced with its argument.
    is_explicit: bool,
    style: Style,
}

fn name(function: u8) -> String {
    format!("f{function}")
}

impl Node {
    fn send(&mut self, kind: &str, rest: &[Bytes]) {
        if self.style != Style::Fprof {
            return self.sent.push(traced(1, kind, rest, self.now));
        }
        self.sent.push(stamped(kind, rest, self.now));
        // Between two messages about calls anything may happen to a process that is none.
        let info = list(&[tuple(&[atom("heap_size"), int(233)])]);
        let at = mfa_arity("m", "f0", 0);
        match self.sent.len() % 5 {
            0 => self.sent.extend(["out", "in"].map(|kind| stamped(kind, std::slice::from_ref(&at), self.now))),
            1 => self.sent.extend([
                stamped("gc_minor_start", std::slice::from_ref(&info), self.now),
                stamped("gc_minor_end", &[info], self.now),
            ]),
            2 => {
                self.sent.extend([
                    stamped("gc_start", std::slice::from_ref(&info), self.now),
                    stamped("gc_end", &[info], self.now),
                ]);
            }
            _ => {}
        }
    }

    /// A traced call is made: it is told with who called it.
    fn call(&mut self, called: Bytes, (by, line): (Option<u8>, u8), open: &mut Vec<usize>) {
        let by = match (self.style, by) {
            (Style::Bare, _) => None,
            (Style::Line, Some(function)) => Some(site("m", &name(function), 0, "m.ex", line.into())),
            (_, Some(function)) => Some(mfa_arity("m", &name(function), 0)),
            (_, None) => Some(atom("undefined")),
        };
        let by = if self.style == Style::Fprof { by.map(|it| tuple(&[atom("cp"), it])) } else { by };
        let number = self.sent.len() + 1;
        self.send("call", &[Some(called), by].into_iter().flatten().collect::<Vec<_>>());
        self.began.insert(number, self.now);
        self.around.insert(number, self.running.clone());
        self.running.push(number);
        open.push(number);
    }

    /// These calls are over.
    fn over(&mut self, calls: &[usize]) {
        self.ended.extend(calls.iter().map(|call| (*call, self.now)));
        self.running.retain(|call| !calls.contains(call));
    }

    /// Runs; whether it raised. `open` are the traced calls to end with the return to `address`.
    fn run(&mut self, run: &Run, address: Address, open: &mut Vec<usize>) -> bool {
        self.now += 10;
        if self.style.traces(run.function) {
            let caller = (address.map(|(function, _)| function), address.map_or(0, |(_, line)| line));
            self.call(mfa_arity("m", &name(run.function), 0), caller, open);
        }
        for (call, line, catches) in &run.calls {
            // A function that is not traced calls one function from one line.
            let line = if run.function < UNTRACED { *line } else { 10 + call.function };
            let mut within = Vec::new();
            let raised = self.run(call, Some((run.function, line)), &mut within);
            if raised && !catches {
                open.append(&mut within);
                return true;
            }
            self.back(Some(run.function), &within);
            if raised {
                self.raised.extend(within);
            }
        }
        match &run.end {
            End::Returns => false,
            End::Raises => {
                if self.is_explicit {
                    self.now += 10;
                    self.call(mfa("erlang", "error", &[atom("boom")]), (Some(run.function), 20), open);
                }
                true
            }
            End::Tail(next) => self.run(next, address, open),
        }
    }

    fn back(&mut self, to: Option<u8>, over: &[usize]) {
        self.now += 10;
        if over.is_empty() {
            return;
        }
        let to = to.map_or_else(|| atom("undefined"), |to| mfa_arity("m", &name(to), 0));
        self.send("return_to", &[to]);
        self.over(over);
    }
}

/// With the time of `erlang:now()`; `at` are microseconds.
fn stamped(kind: &str, rest: &[Bytes], at: i64) -> Bytes {
    let now = tuple(&[int(1_700), int(5 + at / 1_000_000), int(at % 1_000_000)]);
    tuple(&[&[atom("trace_ts"), pid(1), atom(kind)], rest, &[now]].concat())
}

fn recorded(sent: &[Bytes]) -> Vec<Value> {
    let store = EventStore::open(Settings::default()).unwrap();
    let session = Session { id: "s".to_owned(), prefix: "e".to_owned(), ..Session::default() };
    let mut recorder = Recorder::new(session);
    for message in sent {
        recorder.take(Term::parse(&[&[131], &**message].concat()).unwrap());
    }
    recorder.finish();
    let report = recorder.hand_over(|events| store.store_events(events));
    assert_eq!(report.stored, recorder.counters().events, "{report:?}");
    let page = store.query_events(&Query { limit: 10_000, ..Query::new(Filter::default()) }).unwrap();
    page.events.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect()
}

/// Runs a program and compares what is told with what happened. How many ends have a duration, and how many calls ended.
fn check(program: &Run, style: Style) -> (usize, usize) {
    check_raising(program, style, true, false);
    check_raising(program, style, false, false)
}

/// `tells_all`: that a call raised is told of each that did, not only of such as did.
fn check_raising(program: &Run, style: Style, is_explicit: bool, tells_all: bool) -> (usize, usize) {
    let mut node = Node { is_explicit, style, ..Node::default() };
    let mut open = Vec::new();
    if !node.run(program, None, &mut open) {
        node.back(None, &open);
    }
    let (unit, start) = if style == Style::Fprof { (1000, 1_700_000_005_000_000_000) } else { (1, 0) };
    let mut timed = 0;
    let mut told = HashSet::new();
    let events = recorded(&node.sent);
    for event in events.iter().filter(|event| event["event_type"] == "function_entry") {
        let id = |id: &str| id[1..].parse::<usize>().unwrap();
        let (call, parent) = (id(event["event_id"].as_str().unwrap()), event["parent_id"].as_str().map(id));
        let parent_unknown = event["data"]["parent_unknown"] == true;
        let around = &node.around[&call];
        if parent_unknown {
            assert!(parent.is_none_or(|parent| around.contains(&parent)), "{parent:?} of {around:?}: {event}");
            assert!(!tells_all, "{event}");
        } else {
            assert_eq!(parent, around.last().copied(), "{around:?}: {event}");
        }
    }
    for event in events.iter().filter(|event| event["event_type"] == "function_exit") {
        let call: usize = event["call_id"].as_str().unwrap()[1..].parse().unwrap();
        assert!(told.insert(call), "told twice: {event}");
        let ended = *node.ended.get(&call).unwrap_or(&i64::MAX);
        let at = (event["timestamp"].as_i64().unwrap() - start) / unit;
        assert!(at >= ended, "it had not ended: {event}");
        if let Some(reason) = event["data"].get("exit_reason") {
            assert!(is_explicit && node.raised.contains(&call), "it returned, or it is not known: {event}");
            assert_eq!((reason.as_str(), event["data"]["reason"].as_str()), (Some("error"), Some(":boom")), "{event}");
        } else if tells_all && event["duration_ns"].is_i64() {
            assert!(!node.raised.contains(&call), "it raised: {event}");
        }
        if let Some(duration) = event["duration_ns"].as_i64() {
            assert_eq!((at, duration), (ended, (ended - node.began[&call]) * unit), "{event}");
            timed += 1;
        } else {
            assert_eq!(event["data"]["end_unknown"], true, "{event}");
        }
    }
    (timed, node.ended.len())
}

/// A program; each function calls only greater ones where nothing is called again.
fn program(again: bool) -> impl Strategy<Value = Run> {
    let leaf = (0..6_u8, any::<bool>()).prop_map(|(function, raises)| Run {
        function,
        calls: Vec::new(),
        end: if raises { End::Raises } else { End::Returns },
    });
    let grown = leaf.prop_recursive(6, 40, 4, |inner| {
        let calls = prop::collection::vec((inner.clone(), 0..2_u8, any::<bool>()), 0..4);
        let end = prop_oneof![
            3 => Just(End::Returns),
            1 => Just(End::Raises),
            2 => inner.prop_map(|run| End::Tail(Box::new(run))),
        ];
        (0..6_u8, calls, end).prop_map(|(function, calls, end)| Run { function, calls, end })
    });
    grown.prop_map(move |run| if again { run } else { once(run, 0) })
}

/// The same with functions that only call greater ones, all of them traced.
fn once(run: Run, least: u8) -> Run {
    let function = least.min(UNTRACED - 1);
    let is_last = function == UNTRACED - 1;
    let calls = if is_last { Vec::new() } else { run.calls };
    let calls = calls.into_iter().map(|(call, line, catches)| (once(call, function + 1), line, catches)).collect();
    let end = match run.end {
        End::Tail(next) if !is_last => End::Tail(Box::new(once(*next, function + 1))),
        End::Tail(_) => End::Returns,
        end => end,
    };
    Run { function, calls, end }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn no_duration_and_no_caller_is_told_that_is_not_so(run in program(true)) {
        for style in [Style::Line, Style::Caller, Style::Bare, Style::Fprof] {
            check(&run, style);
        }
    }

    #[test]
    fn where_nothing_calls_itself_every_end_is_told_exactly(run in program(false)) {
        for style in [Style::Line, Style::Caller, Style::Fprof] {
            check_raising(&run, style, true, true);
            let (timed, ended) = check(&run, style);
            prop_assert_eq!(timed, ended, "{:?}", style);
        }
    }
}

fn run(function: u8, calls: Vec<(Run, u8, bool)>, end: End) -> Run {
    Run { function, calls, end }
}

#[test]
fn a_recursion_tells_its_first_and_its_last_call_exactly() {
    let innermost = run(1, vec![], End::Returns);
    let middle = run(1, vec![(innermost, 0, false)], End::Returns);
    let outermost = run(1, vec![(middle, 0, false)], End::Returns);
    assert_eq!(check(&run(0, vec![(outermost, 0, false)], End::Returns), Style::Line), (3, 4));
}

#[test]
fn what_another_run_of_a_function_called_has_not_ended_with_its_own() {
    let run = |function, called| run(function, vec![(called, 0, false)], End::Returns);
    let inner = run(3, run(0, Run { function: 0, calls: vec![], end: End::Returns }));
    let program = run(3, run(0, inner));
    for style in [Style::Line, Style::Caller, Style::Bare, Style::Fprof] {
        check(&program, style);
    }
}

#[test]
fn tail_calls_end_together() {
    let last = run(3, vec![], End::Returns);
    let second = run(2, vec![], End::Tail(Box::new(last)));
    let first = run(1, vec![], End::Tail(Box::new(second)));
    assert_eq!(check(&run(0, vec![(first, 0, false)], End::Returns), Style::Line), (4, 4));
}

#[test]
fn a_return_that_was_told_with_its_value_is_not_told_again() {
    let call = |function: &str, caller: &str, at| {
        traced(1, "call", &[mfa_arity("m", function, 0), site("m", caller, 0, "m.ex", 1)], at)
    };
    let sent = [
        call("outer", "root", 1),
        call("inner", "outer", 2),
        traced(1, "return_from", &[mfa_arity("m", "inner", 0), atom("ok")], 3),
        traced(1, "return_to", &[mfa_arity("m", "outer", 0)], 4),
        traced(1, "exception_from", &[mfa_arity("m", "outer", 0), tuple(&[atom("error"), atom("badarg")])], 5),
        traced(1, "return_to", &[mfa_arity("m", "root", 0)], 6),
    ];
    let events = recorded(&sent);
    let kinds: Vec<_> = events.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    let exits = kinds.iter().filter(|kind| **kind == "function_exit").count();
    assert_eq!((exits, kinds.iter().filter(|kind| **kind == "function_return_to").count()), (2, 2));
    assert_eq!(events[2]["data"]["exit_reason"], "normal");
}
