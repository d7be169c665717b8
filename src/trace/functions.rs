//! Which function is it, and from where was it called?
//!
//! A program calls the same few functions from the same few places: each is written out once and known by a number.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

use super::message::Mfa;
use super::object::{escaped, number};
use crate::etf::{Atom, Term, View, show};
use crate::event::behaviour::{self, By, Callback};
use crate::redact::{Asked, Rules};

/// A function that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FunctionId(u32);

/// A place in the source that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteId(u32);

/// A function, written out.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
pub(super) struct Function {
    /// Module and function as sent: what it is compared by.
    key: Box<[u8]>,
    pub(super) arity: u8,
    pub(super) module: Box<str>,
    pub(super) name: Box<str>,
    /// `Cart.handle_cast/2`.
    pub(super) shown: Box<str>,
    /// The callback it would be, by its name.
    pub(super) callback: Option<&'static Callback>,
    /// What its calls of others are, as far as those are callbacks.
    pub(super) calls_as: By,
    /// Whether it works on secrets: the texts it is given and returns are hidden.
    pub(super) is_about_secrets: bool,
    /// Whether nothing is shown of what it is given and returns.
    pub(super) is_silent: bool,
    /// What a call of it asked for by the name of a secret: so much for a return whose call is not known any more.
    pub(super) asked: Option<Asked>,
    /// Whether a call of it was traced.
    pub(super) is_traced: bool,
    /// What is known of how it calls others.
    pub(super) kind: Kind,
    /// Whether it may take an event of a state machine, by its name and arity.
    pub(super) may_take_events: bool,
    /// Whether only the module of a state machine has it.
    pub(super) is_callback_mode: bool,
}

/// How a function calls others, as far as it matters to tell a tail call from a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The loop of an OTP behaviour: what it calls never calls it.
    Loop,
    /// That of a state machine: its state is a name and data.
    Statem,
    /// That of a behaviour whose state is not what its callback's `init/1` returns.
    Manager,
    /// It calls what it is given: that may call it again.
    HigherOrder,
    Plain,
}

impl Kind {
    fn of(module: &str) -> Self {
        match module {
            ":gen_server" | ":proc_lib" | ":gen" => Self::Loop,
            ":gen_statem" => Self::Statem,
            ":gen_event" | ":supervisor" | ":supervisor_bridge" | "DynamicSupervisor" | "PartitionSupervisor" => {
                Self::Manager
            }
            "Enum" | "Stream" | "List" | "Map" | "MapSet" | "Keyword" | "Range" | "Access" | "Task.Supervised"
            | ":lists" | ":maps" | ":sets" | ":dict" | ":orddict" | ":gb_trees" | ":array" | ":timer" => {
                Self::HigherOrder
            }
            _ => Self::Plain,
        }
    }
}

/// A place in the source, written out.
#[derive(Debug)]
pub(super) struct Site {
    /// As sent: what it is compared by.
    key: Box<[u8]>,
    /// Who calls.
    pub(super) caller: FunctionId,
    /// `Checkout.shop/3:line_26`; absent where the line is not known.
    pub(super) node_id: Option<Box<str>>,
    /// Members of a payload: who calls, and in which line, where that is known.
    pub(super) members: Box<str>,
    /// `Checkout.shop/3 (s3_badstate.exs:26)`, as it stands inside a JSON string.
    pub(super) sent_from: Box<str>,
}

/// Every function and place seen.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// Which functions work on secrets.
    rules: Rules,
    hasher: FixedState,
    by_name: HashTable<u32>,
    functions: Vec<Function>,
    by_site: HashTable<u32>,
    sites: Vec<Site>,
    /// Whether all there are, loaded later or not, are traced, as fprof does.
    all_are_traced: bool,
}

impl Functions {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    pub(super) fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.0 as usize]
    }

    /// A call of it was traced.
    pub(super) fn called(&mut self, id: FunctionId) {
        self.functions[id.0 as usize].is_traced = true;
    }

    /// Every function is traced.
    pub(super) const fn all_are_traced(&mut self) {
        self.all_are_traced = true;
    }

    /// Whether its calls are traced, as far as is known. `None`: of every function.
    pub(super) fn is_traced(&self, id: Option<FunctionId>) -> bool {
        self.all_are_traced || id.is_some_and(|id| self.function(id).is_traced)
    }

    /// A call of it asked for a secret.
    pub(super) fn asks(&mut self, id: FunctionId, asked: Asked) {
        self.functions[id.0 as usize].asked = Some(asked);
    }

    pub(super) fn site(&self, id: SiteId) -> &Site {
        &self.sites[id.0 as usize]
    }

    /// The number of a function.
    pub(super) fn function_id(&mut self, mfa: &Mfa<'_>) -> FunctionId {
        let Self { hasher, by_name, functions, rules, .. } = self;
        let hash = hasher.hash_one((mfa.name, mfa.arity));
        let same = |id: &u32| {
            let known = &functions[*id as usize];
            known.arity == mfa.arity && *known.key == *mfa.name
        };
        if let Some(id) = by_name.find(hash, same) {
            return FunctionId(*id);
        }
        let id = functions.len() as u32;
        functions.push(Function::new(mfa, rules));
        by_name.insert_unique(hash, id, |id| {
            let known = &functions[*id as usize];
            hasher.hash_one((&*known.key, known.arity))
        });
        FunctionId(id)
    }

    /// The number of a place: `{Module, Function, Arity}` or `{Module, Function, Arity, {File, Line}}`. Anything else a
    /// match specification puts there is none.
    pub(super) fn site_id(&mut self, extra: Term<'_>) -> Option<SiteId> {
        let key = extra.as_bytes();
        let hash = self.hasher.hash_one(key);
        if let Some(id) = self.by_site.find(hash, |id| *self.sites[*id as usize].key == *key) {
            return Some(SiteId(*id));
        }
        let caller = self.function_id(&Mfa::of_caller(extra)?);
        let Self { hasher, by_site, sites, .. } = self;
        let site = Site::new(extra, caller)?;
        let id = sites.len() as u32;
        sites.push(site);
        by_site.insert_unique(hash, id, |id| hasher.hash_one(&*sites[*id as usize].key));
        Some(SiteId(id))
    }
}

impl Function {
    fn new(mfa: &Mfa<'_>, rules: &Rules) -> Self {
        let mut module = String::new();
        show::atom(mfa.module, &mut module);
        let name = mfa.function.text().into_owned();
        let callback = behaviour::named(&name, mfa.arity);
        let shown = shown(mfa.module, mfa.function, i64::from(mfa.arity)).into();
        let (key, kind) = (mfa.name.into(), Kind::of(&module));
        let is_callback_mode = &*name == "callback_mode" && mfa.arity == 0;
        let may_take_events =
            behaviour::is_state_function(&name, mfa.arity) || &*name == "handle_event" && mfa.arity == 4;
        let calls_as = By::of(&module);
        Self {
            key,
            arity: mfa.arity,
            module: module.into(),
            name: name.into(),
            shown,
            callback,
            calls_as,
            is_traced: false,
            kind,
            may_take_events,
            is_callback_mode,
            is_silent: rules.is_silent(mfa.module.bytes(), mfa.function.bytes()),
            asked: None,
            is_about_secrets: rules.is_about_secrets(mfa.function.bytes()),
        }
    }
}

impl Site {
    /// Whether the line is known.
    pub(super) const fn has_line(&self) -> bool {
        self.node_id.is_some()
    }

    fn new(extra: Term<'_>, caller_id: FunctionId) -> Option<Self> {
        let mut parts = extra.tuple().filter(|parts| matches!(parts.len(), 3 | 4))?;
        let (module, function) = (parts.next()?.atom()?, parts.next()?.atom()?);
        let caller = shown(module, function, parts.next()?.integer()?);
        let place = parts.next().and_then(Term::tuple).and_then(|mut place| {
            let file = bytes_text(place.next()?)?;
            let line = place.next()?.integer()?;
            Some((file, line))
        });
        let node_id = place.as_ref().map(|(_, line)| {
            let mut node_id = format!("{caller}:line_");
            number(*line, &mut node_id);
            node_id.into()
        });
        let caller = in_json(&caller);
        let (mut members, mut sent_from) = (format!("\"caller\":\"{caller}\""), caller);
        if let Some((file, line)) = place {
            let place = in_json(&format!("{file}:{line}"));
            members = format!("{members},\"call_site\":\"{place}\"");
            sent_from = format!("{sent_from} ({place})");
        }
        let key = extra.as_bytes().into();
        Some(Self { key, caller: caller_id, node_id, members: members.into(), sent_from: sent_from.into() })
    }
}

fn in_json(text: &str) -> String {
    let mut json = String::with_capacity(text.len());
    escaped(text, &mut json);
    json
}

/// `Cart.handle_cast/2`.
pub(super) fn shown(module: Atom<'_>, function: Atom<'_>, arity: i64) -> String {
    let mut shown = String::new();
    show::atom(module, &mut shown);
    shown.push('.');
    shown.push_str(&function.text());
    shown.push('/');
    number(arity, &mut shown);
    shown
}

/// The text of a charlist or a binary.
pub(super) fn bytes_text(term: Term<'_>) -> Option<String> {
    match term.view() {
        View::Bytes(bytes) | View::Binary(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        View::Nil => Some(String::new()),
        // A name with characters beyond Latin-1 comes as a list of code points.
        View::List { items, tail: None } => {
            items.map(|item| char::from_u32(u32::try_from(item.integer()?).ok()?)).collect()
        }
        _ => None,
    }
}
