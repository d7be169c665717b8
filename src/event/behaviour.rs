//! Which functions are callbacks of a behaviour, which argument is a state, and what do their results say of it?
//!
//! The one table for the recorder, which sees terms, and for the analyses, which see them written out. Who calls a function
//! decides whether it is a callback: a function that merely has the name of one tells no state.

/// A value, as far as the table looks into it.
pub(crate) trait Shape: Clone {
    /// The elements of a tuple.
    fn parts(&self) -> Option<Vec<Self>>;
    /// Whether it is this atom; modules of Elixir without `Elixir.`.
    fn is_atom(&self, name: &str) -> bool;
    /// Whether it is a whole number.
    fn is_integer(&self) -> bool;
    /// Whether it is a list.
    fn is_list(&self) -> bool;
    /// Whether it is a struct of this module.
    fn is_struct(&self, module: &str) -> bool;
    /// What a map has under an atom.
    fn field(&self, key: &str) -> Option<Self>;
}

/// A loop that calls callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loop {
    /// `gen_server` and those with its callbacks.
    Server,
    /// `gen_statem`.
    Statem,
    /// `gen_event`: each handler has a state of its own.
    Handlers,
    /// `GenStage`.
    Stage,
    /// `Phoenix.Channel`.
    Channel,
    /// `Phoenix.LiveView`.
    View,
    /// One whose state is not what a callback's `init/1` returns: a supervisor.
    Manager,
}

/// Who called a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Loop(Loop),
    /// A function that is no loop of a behaviour.
    Other,
    /// The recording does not say.
    Untold,
}

impl By {
    /// A caller, by its module as Elixir writes it.
    pub(crate) fn of(module: &str) -> Self {
        Self::Loop(match module {
            ":gen_server" | ":gen_server2" | ":p1_server" | ":proc_lib" | ":gen" | "Connection" => Loop::Server,
            ":gen_statem" => Loop::Statem,
            ":gen_event" => Loop::Handlers,
            "GenStage" => Loop::Stage,
            "Phoenix.Channel.Server" => Loop::Channel,
            ":supervisor"
            | ":supervisor_bridge"
            | "DynamicSupervisor"
            | "PartitionSupervisor"
            | "ConsumerSupervisor" => Loop::Manager,
            view if view.starts_with("Phoenix.LiveView.") => Loop::View,
            _ => return Self::Other,
        })
    }

    /// A caller, as `Module.function/arity`, or what stands in its place: `:undefined` where the function is its process's
    /// first.
    pub(crate) fn of_function(caller: Option<&str>, instead: Option<&str>) -> Self {
        if instead == Some(":undefined") {
            return Self::Other;
        }
        caller.map_or(Self::Untold, |caller| Self::of(caller.rsplit_once('.').map_or(caller, |(module, _)| module)))
    }
}

/// A callback.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) name: &'static str,
    pub(crate) arity: u8,
    /// The argument that is the state.
    pub(crate) state: Option<u8>,
    /// Loops that call it.
    loops: &'static [Loop],
}

impl Callback {
    /// Whether a result may hold an answer beside the state.
    fn answers(&self) -> bool {
        matches!((self.name, self.arity), ("handle_call" | "handle_in" | "handle_event", 3))
    }

    /// Whether it handles a message, or an event made of one.
    pub(crate) fn is_handler(&self) -> bool {
        self.name.starts_with("handle_")
    }

    /// Whether a loop calls it.
    pub(crate) fn is_called_by(&self, of: Loop) -> bool {
        self.loops.contains(&of)
    }
}

const ALL: &[Loop] = &[Loop::Server, Loop::Stage, Loop::Channel, Loop::View];

const fn callback(name: &'static str, arity: u8, state: Option<u8>, loops: &'static [Loop]) -> Callback {
    Callback { name, arity, state, loops }
}

/// Every callback but the state functions of a `gen_statem`, whose names are states.
pub(crate) static CALLBACKS: [Callback; 21] = [
    callback("init", 1, None, &[Loop::Server, Loop::Statem, Loop::Handlers, Loop::Stage]),
    callback("handle_call", 3, Some(2), ALL),
    callback("handle_cast", 2, Some(1), ALL),
    callback("handle_info", 2, Some(1), &[Loop::Server, Loop::Handlers, Loop::Stage, Loop::Channel, Loop::View]),
    callback("handle_continue", 2, Some(1), &[Loop::Server, Loop::Stage]),
    callback("handle_event", 2, Some(1), &[Loop::Handlers]),
    callback("handle_call", 2, Some(1), &[Loop::Handlers]),
    callback("terminate", 2, Some(1), &[Loop::Handlers]),
    callback("code_change", 3, Some(1), &[Loop::Server, Loop::Handlers]),
    callback("handle_demand", 2, Some(1), &[Loop::Stage]),
    callback("handle_events", 3, Some(2), &[Loop::Stage]),
    callback("handle_subscribe", 4, Some(3), &[Loop::Stage]),
    callback("handle_cancel", 3, Some(2), &[Loop::Stage]),
    callback("join", 3, None, &[Loop::Channel]),
    callback("handle_in", 3, Some(2), &[Loop::Channel]),
    callback("handle_out", 3, Some(2), &[Loop::Channel]),
    callback("mount", 3, None, &[Loop::View]),
    callback("handle_params", 3, Some(2), &[Loop::View]),
    callback("handle_event", 3, Some(2), &[Loop::View]),
    callback("handle_async", 3, Some(2), &[Loop::View]),
    callback("handle_event", 4, None, &[Loop::Statem]),
];

/// The callback that a function would be.
pub(crate) fn named(name: &str, arity: u8) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|callback| callback.arity == arity && callback.name == name)
}

/// Whether a function may be a state function of a `gen_statem`, by its name and arity.
pub(crate) fn is_state_function(name: &str, arity: u8) -> bool {
    arity == 3 && name != "terminate"
}

/// Whether a function so called is a callback through which a state may change.
pub(crate) fn may_change(name: &str, arity: u8, by: By) -> bool {
    match (named(name, arity), by) {
        (_, By::Loop(Loop::Statem)) if is_state_function(name, arity) => true,
        (Some(callback), By::Loop(of)) => callback.is_called_by(of),
        (Some(callback), By::Untold) => callback.is_handler(),
        (None, _) | (_, By::Other) => false,
    }
}

/// Whether a function so called takes a message out of its process's mailbox, one each.
///
/// Other loops take messages that no callback sees, or call several callbacks with one; what is no loop that is known has
/// taken the message it was joined to.
pub(crate) fn takes_message(name: &str, arity: u8, by: By, is_joined: bool) -> bool {
    matches!((name, arity), ("handle_call", 3) | ("handle_cast" | "handle_info", 2))
        && match by {
            By::Loop(of) => of == Loop::Server,
            By::Untold => true,
            By::Other => is_joined,
        }
}

/// Which loop it is that calls a callback; `None`: it is no callback, or which one it is cannot be told.
///
/// Where the caller is not told, only what is a callback of nothing else counts as one: `gen_event`'s have their names in
/// common with too many.
pub(crate) fn loop_of<T: Shape>(callback: &Callback, by: By, socket: Option<&T>) -> Option<Loop> {
    match by {
        By::Loop(of) => Some(of).filter(|of| callback.is_called_by(*of)),
        By::Other => None,
        By::Untold => {
            if let Some(of) = socket.and_then(of_socket) {
                return Some(of).filter(|of| callback.is_called_by(*of));
            }
            [Loop::Server, Loop::Stage].into_iter().find(|of| callback.is_called_by(*of))
        }
    }
}

fn of_socket<T: Shape>(state: &T) -> Option<Loop> {
    if state.is_struct("Phoenix.Socket") {
        Some(Loop::Channel)
    } else if state.is_struct("Phoenix.LiveView.Socket") {
        Some(Loop::View)
    } else {
        None
    }
}

/// Whether this may be the state of a process in which such a loop calls callbacks of a module.
///
/// A component has a socket of its own, and a page that is only rendered has no process.
pub(crate) fn may_be_state<T: Shape>(of: Loop, module: &str, state: &T) -> bool {
    match of {
        Loop::Channel => of_socket(state) == Some(of),
        Loop::View => {
            let is_nil = |field: T| field.is_atom("nil");
            of_socket(state) == Some(of)
                && state.field("view").is_none_or(|view| view.is_atom(module))
                && !state.field("transport_pid").is_some_and(is_nil)
                && state.field("assigns").and_then(|assigns| assigns.field("myself")).is_none_or(is_nil)
        }
        _ => true,
    }
}

/// What a callback's result says of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum After<T> {
    /// Nothing: it is as it was, or the result is none that is known.
    Nothing,
    State(T),
    /// The name of the state, and the data, of a `gen_statem`.
    Named(T, T),
    /// The handler of an event manager is no more.
    Gone,
}

/// Results that hold the state: their tag, their sizes, its place, and whether they answer.
type Rule = (&'static str, &'static [usize], usize, bool);

const SERVER: &[Rule] =
    &[("noreply", &[2, 3], 1, false), ("reply", &[3, 4], 2, true), ("stop", &[3], 2, false), ("stop", &[4], 3, true)];
const STAGE: &[Rule] =
    &[("noreply", &[3, 4], 2, false), ("reply", &[4, 5], 3, true), ("stop", &[3], 2, false), ("stop", &[4], 3, true)];
const START: &[Rule] = &[("ok", &[2, 3], 1, false)];
const JOIN: &[Rule] = &[("ok", &[2], 1, false), ("ok", &[3], 2, false)];
const ASKED: &[Rule] = &[("ok", &[3, 4], 2, false)];
const SUBSCRIBE: &[Rule] = &[("automatic", &[2], 1, false), ("manual", &[2], 1, false), ("stop", &[3], 2, false)];
const KIND: &[Rule] =
    &[("producer", &[2, 3], 1, false), ("consumer", &[2, 3], 1, false), ("producer_consumer", &[2, 3], 1, false)];

fn rules(callback: &Callback, of: Loop) -> &'static [Rule] {
    match (of, callback.name, callback.arity) {
        (Loop::Manager | Loop::Statem, ..) => &[],
        (Loop::Stage, "init", _) => KIND,
        (Loop::Stage, "handle_subscribe", _) => SUBSCRIBE,
        (Loop::Stage, ..) => STAGE,
        (Loop::Handlers, "handle_call", _) => ASKED,
        (Loop::Channel, "join", _) => JOIN,
        (Loop::Handlers, ..) | (_, "init" | "mount" | "code_change", _) => START,
        _ => SERVER,
    }
}

/// The state that a callback's result holds. `is_told`: whether the loop is known by who called, and not by the names alone.
pub(crate) fn after<T: Shape>(callback: &Callback, of: Loop, is_told: bool, result: &T) -> After<T> {
    if callback.name == "terminate" {
        return After::Gone;
    }
    let parts = result.parts().unwrap_or_default();
    if callback.name == "init" {
        if let Some(after) = started(of, is_told, &parts) {
            return after;
        }
    }
    let of = if is_told { Some(of) } else { guessed(callback, of, &parts) };
    let place = of.and_then(|of| {
        let fits = |(tag, sizes, _, answers): &&Rule| {
            (!answers || callback.answers()) && sizes.contains(&parts.len()) && parts[0].is_atom(tag)
        };
        rules(callback, of).iter().find(fits).map(|(_, _, place, _)| *place)
    });
    match (place, of) {
        (Some(place), _) => After::State(parts[place].clone()),
        // Every other result ends a handler.
        (None, Some(Loop::Handlers)) if callback.is_handler() => After::Gone,
        _ => After::Nothing,
    }
}

/// `{ok, Name, Data}` of a state machine, which a server's `{ok, State, Option}` looks like.
fn started<T: Shape>(of: Loop, is_told: bool, parts: &[T]) -> Option<After<T>> {
    let is_ok = parts.first().is_some_and(|tag| tag.is_atom("ok")) && matches!(parts.len(), 3 | 4);
    let is_statem = of == Loop::Statem || !is_told && is_ok && (parts.len() == 4 || !is_option(&parts[2]));
    is_statem.then(|| if is_ok { After::Named(parts[1].clone(), parts[2].clone()) } else { After::Nothing })
}

/// A server's result or a stage's? `{noreply, State, Option}` and `{noreply, Events, State}` have the same shape.
fn guessed<T: Shape>(callback: &Callback, of: Loop, parts: &[T]) -> Option<Loop> {
    if of != Loop::Server
        || callback.name == "init" && !KIND.iter().any(|rule| parts.first().is_some_and(|tag| tag.is_atom(rule.0)))
    {
        return Some(of);
    }
    if callback.name == "init" {
        return Some(Loop::Stage);
    }
    let tag = |name: &str| parts.first().is_some_and(|tag| tag.is_atom(name));
    let first = match parts.len() {
        3 | 4 if tag("noreply") => 1,
        4 | 5 if tag("reply") => 2,
        _ => return Some(of),
    };
    if parts.len() == first + 3 {
        return Some(Loop::Stage);
    }
    match (parts[first].is_list(), is_option(&parts[first + 1])) {
        (true, false) => Some(Loop::Stage),
        (false, true) => Some(Loop::Server),
        _ => None,
    }
}

/// What may follow a server's state: a timeout, `hibernate`, `{continue, Term}`.
fn is_option<T: Shape>(term: &T) -> bool {
    let is_continue = |pair: Vec<T>| pair.len() == 2 && pair[0].is_atom("continue");
    term.is_integer() || term.is_atom("infinity") || term.is_atom("hibernate") || term.parts().is_some_and(is_continue)
}
