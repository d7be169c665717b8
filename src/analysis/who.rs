//! Which process is meant by a name, and what is a process called?
//!
//! A name belongs to one process at a time and to several over time: a restarted server is a new process. Every one of
//! them is a life of the name.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::ask::{Ask, EVER, inside, of, types};
use super::ends;
use super::fact::Fact;
use super::found::Process;
use super::nodes::Nodes;
use super::spawn::owner;
use super::value::brief::cut;
use crate::error::{Error, Result};
use crate::event::exit_reason::ExitReason;
use crate::event::{Role, home};
use crate::query::Filter;

/// Names looked through for the one that was meant.
const MAX_NAMES: usize = 5_000;

/// Names offered where none was found.
const OFFERED: usize = 8;

/// A process as it is told about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) pid: String,
    /// Its registered name, as Elixir writes it.
    pub(crate) name: Option<String>,
    /// Its callback module, or the function it was spawned with.
    pub(crate) role: Option<String>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.role) {
            (Some(name), _) => write!(f, "{name} {}", self.pid),
            (None, Some(role)) => write!(f, "{} ({role})", self.pid),
            (None, None) => f.write_str(&self.pid),
        }
    }
}

impl Who {
    /// As findings have it: what it was spawned with stands for its module.
    pub(crate) fn process(&self) -> Process {
        Process { pid: self.pid.clone(), name: self.name.clone(), module: self.role.clone(), shares_name: false }
    }

    /// The name, else the pid: what a question takes. Of several nodes the pid, because names are each node's own.
    pub(crate) fn short(&self) -> &str {
        let name = self.name.as_deref().filter(|_| home::node_of(&self.pid).is_none());
        name.unwrap_or(&self.pid)
    }
}

/// A process, from its start to its end as far as they were recorded.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) pid: String,
    /// When it was spawned or got the name; `None`: before the recording.
    pub(crate) since: Option<i64>,
    /// Its end.
    pub(crate) exit: Option<Fact>,
    /// What that says.
    pub(crate) end: ExitReason,
}

/// What processes are called; each is looked up once.
pub(crate) struct Names<'a> {
    ask: &'a Ask<'a>,
    known: RefCell<BTreeMap<String, Who>>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(ask: &'a Ask<'a>) -> Self {
        Self { ask, known: RefCell::default() }
    }

    /// What a process is called. Cost: two look-ups the first time.
    pub(crate) fn who(&self, pid: &str) -> Result<Who> {
        if let Some(known) = self.known.borrow().get(pid) {
            return Ok(known.clone());
        }
        let registered = self.ask.last(inside(pid, &["process_register"]), EVER)?;
        let spawn = self.ask.last(of(pid, Role::Child, &["process_spawn"]), EVER)?;
        let name = [&registered, &spawn].into_iter().flatten().find_map(|fact| fact.text("registered_name"));
        let who =
            Who { pid: pid.to_owned(), name: name.map(str::to_owned), role: spawn.as_ref().and_then(started_with) };
        self.known.borrow_mut().insert(pid.to_owned(), who.clone());
        Ok(who)
    }

    /// [`Self::who`] of a process an event names, if it names one.
    pub(crate) fn maybe(&self, pid: Option<&str>) -> Result<Option<Who>> {
        pid.map(|pid| self.who(pid)).transpose()
    }
}

/// The callback module of a spawn, or what it runs.
fn started_with(spawn: &Fact) -> Option<String> {
    if let Some(module) = spawn.text("callback_module") {
        let is_supervisor = matches!(module, ":supervisor" | "Supervisor.Default");
        return Some(if is_supervisor { "supervisor" } else { module }.to_owned());
    }
    let (module, function) = (spawn.text("spawn_module")?, spawn.text("spawn_function")?);
    let args = spawn.text("spawn_args").unwrap_or_default();
    match (module, function) {
        (":proc_lib", _) if args.contains("Task.Supervised") => Some("Task".to_owned()),
        (":proc_lib", "init_p") => {
            let module = ends::spawned(spawn).behaviour().map(|(_, module)| module);
            Some(match module {
                Some(":supervisor" | "Supervisor.Default") => "supervisor".to_owned(),
                module => module.unwrap_or("a function").to_owned(),
            })
        }
        (":erlang", "apply") => Some(owner(args).map_or("a function".to_owned(), |owner| format!("fn in {owner}"))),
        _ => Some(format!("{module}.{function}")),
    }
}

/// Every process meant by a pid or a registered name, in the order of their starts; never empty. All are of one node: the
/// one that is asked for, or the only one there is.
///
/// # Errors
/// [`NotFound`](crate::ErrorKind::NotFound) when no event names it, with the names there are;
/// [`Invalid`](crate::ErrorKind::Invalid) when it is on several nodes and none is asked for.
pub(crate) fn lives(ask: &Ask<'_>, argument: &str, text: &str, node: Option<&str>) -> Result<Vec<Life>> {
    let pid = ask.nodes().meant(ask.store(), (argument, text), node, &Filter::default(), ask.watch())?;
    if is_pid(&pid) {
        if ask.first(Filter { pid: Some(pid.clone()), ..Filter::default() }, EVER)?.is_none() {
            return Err(Error::not_found(format!(
                "{argument}: no stored event names {pid}; overview lists the processes."
            )));
        }
        return Ok(vec![life(ask, pid, None)?]);
    }
    let found = named(ask, argument, text, node)?;
    if found.is_empty() {
        return Err(match node.filter(|_| ask.nodes().are_several()) {
            Some(node) => Error::not_found(format!("{argument}: nothing is called {:?} on {node}", cut(text, 80))),
            None => unknown(ask, argument, text)?,
        });
    }
    found.into_iter().map(|(pid, since)| life(ask, pid, Some(since))).collect()
}

/// Whether a text is written as a pid is.
pub(crate) fn is_pid(text: &str) -> bool {
    text.starts_with('<') || text.starts_with("#PID<")
}

/// The processes that had a registered name, each with the first time that is known; none, when nobody had it. All are
/// of one node: the one that is asked for, or the only one there is. Cost: a look at each event that registers, spawns or
/// ends a process of that name.
///
/// # Errors
/// [`Invalid`](crate::ErrorKind::Invalid) when it is on several nodes and none is asked for, or was given too often.
pub(crate) fn named(ask: &Ask<'_>, argument: &str, name: &str, node: Option<&str>) -> Result<Vec<(String, i64)>> {
    named_within(ask, argument, name, (node, None))
}

/// [`named`] in one session, if it is given.
///
/// # Errors
/// As [`named`].
pub(crate) fn named_within(
    ask: &Ask<'_>,
    argument: &str,
    name: &str,
    (node, session): (Option<&str>, Option<&str>),
) -> Result<Vec<(String, i64)>> {
    // The name is the end of a text, unless it is quoted itself.
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '?' | '!');
    let end = if bare(name).chars().all(is_plain) { "\"" } else { "" };
    let filter = Filter {
        text: Some(format!("{}{end}", bare(name))),
        session_id: session.map(str::to_owned),
        // Producers that tell no registrations may still name what they spawn.
        ..types(&["process_register", "process_spawn", "process_exit"])
    };
    let facts = ask.oldest(filter, EVER, MAX_NAMES)?;
    if facts.len() == MAX_NAMES {
        return Err(Error::invalid(format!(
            "{argument}: {MAX_NAMES} and more events tell of processes that may be called {:?}; give a pid",
            cut(name, 80)
        )));
    }
    let mut found = owners(facts.iter(), name);
    if ask.nodes().are_several() {
        found.retain(|(pid, _)| node.is_none() || home::node_of(pid) == node);
        let mut on: Vec<&str> = found.iter().filter_map(|(pid, _)| home::node_of(pid)).collect();
        on.sort_unstable();
        on.dedup();
        if on.len() > 1 {
            return Err(Nodes::ambiguous(argument, name, &on));
        }
    }
    Ok(found)
}

/// The process a value of an event calls: a pid, a name, or `{name, node}`; the last that had the name.
pub(crate) fn called(ask: &Ask<'_>, event: &Fact, target: &str) -> Option<String> {
    let (name, node) = event.name_in(target);
    Some(lives(ask, "target", &name, node.as_deref()).ok()?.pop()?.pid)
}

/// The processes that had the name, each with the first time that is known.
fn owners<'f>(facts: impl Iterator<Item = &'f Fact>, name: &str) -> Vec<(String, i64)> {
    let mut found: Vec<(String, i64)> = Vec::new();
    let mut known = HashSet::new();
    for fact in facts.filter(|fact| fact.text("registered_name").is_some_and(|known| bare(known) == bare(name))) {
        let pid = fact.text("spawned_pid").or_else(|| fact.text("exited_pid")).unwrap_or_else(|| fact.pid());
        if !pid.is_empty() && known.insert(pid.to_owned()) {
            found.push((pid.to_owned(), fact.at()));
        }
    }
    found
}

fn life(ask: &Ask<'_>, pid: String, named: Option<i64>) -> Result<Life> {
    let spawn = ask.last(of(&pid, Role::Child, &["process_spawn"]), EVER)?;
    // One before its start was that of another process with this pid.
    let is_its_own = |exit: &Fact| spawn.as_ref().is_none_or(|spawn| spawn.key() < exit.key());
    let exit = exit_of(ask, &pid)?.filter(is_its_own);
    let end = exit.as_ref().map_or(ExitReason::Unknown, |exit| ends::read(exit, spawn.as_ref()));
    let since = spawn.map(|spawn| spawn.at()).or(named);
    Ok(Life { pid, since, exit, end })
}

/// The end of a process.
pub(crate) fn exit_of(ask: &Ask<'_>, pid: &str) -> Result<Option<Fact>> {
    let filter = Filter { pid: Some(pid.to_owned()), ..types(&["process_exit"]) };
    let exits = ask.newest(filter, EVER, 4)?;
    Ok(exits.into_iter().find(|exit| exit.text("exited_pid").unwrap_or_else(|| exit.pid()) == pid))
}

/// The end, after an event of a process, of that process: not that of one of another recording.
pub(crate) fn exit_after(ask: &Ask<'_>, pid: &str, event: &Fact) -> Result<Option<Fact>> {
    let session_id = event.event.session_id().map(str::to_owned);
    let filter = Filter { pid: Some(pid.to_owned()), session_id, ..types(&["process_exit"]) };
    let exits = ask.oldest(filter, (event.at(), i64::MAX), 4)?;
    Ok(exits.into_iter().find(|exit| exit.text("exited_pid").unwrap_or_else(|| exit.pid()) == pid))
}

/// Whether a pid was another process's at a time than at a later one: that had ended, or was recorded elsewhere.
pub(crate) fn is_anothers(ask: &Ask<'_>, pid: &str, (since, at): (i64, i64)) -> Result<bool> {
    let spawns = of(pid, Role::Child, &["process_spawn"]);
    let Some(spawn) = ask.last(spawns, (since.saturating_add(1), at))? else { return Ok(false) };
    let exit = ask.first(inside(pid, &["process_exit"]), (since, spawn.at()))?;
    let before = ask.last(inside(pid, &[]), (i64::MIN, since))?;
    let is_elsewhere = before.is_some_and(|before| before.event.session_id() != spawn.event.session_id());
    Ok(exit.is_some() || is_elsewhere)
}

/// A name without what tells an atom from an alias.
fn bare(name: &str) -> &str {
    let name = name.trim();
    let name = name.strip_prefix(':').unwrap_or(name).trim_matches('"');
    name.strip_prefix("Elixir.").unwrap_or(name)
}

fn unknown(ask: &Ask<'_>, argument: &str, text: &str) -> Result<Error> {
    Ok(Error::not_found(format!("{argument}: nothing is called {:?}; {}", cut(text, 80), offered(ask, text)?)))
}

/// Where nothing has a name: what is called alike, what there is, and what runs a module of that name.
pub(crate) fn offered(ask: &Ask<'_>, text: &str) -> Result<String> {
    let named = ask.oldest(types(&["process_register"]), EVER, MAX_NAMES)?;
    let mut known: Vec<&str> = named.iter().filter_map(|fact| fact.text("registered_name")).collect();
    known.sort_unstable();
    known.dedup();
    let alike = |name: &&str| strsim::jaro_winkler(&bare(name).to_lowercase(), &bare(text).to_lowercase());
    let closest = known.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|name| alike(name) >= 0.75);
    let closest = closest.map_or_else(String::new, |name| format!(" Did you mean {name:?}?"));
    let offer = if known.is_empty() {
        "no name was registered in this recording; give a pid such as \"<0.120.0>\"".to_owned()
    } else {
        let more = if known.len() > OFFERED { format!(" and {} more", known.len() - OFFERED) } else { String::new() };
        format!("names there are: {}{more}", known.iter().take(OFFERED).copied().collect::<Vec<_>>().join(", "))
    };
    // The name of a module is a fair guess: offer the processes that run it.
    let of_module = Filter { text: Some(bare(text).to_owned()), ..types(&["process_spawn"]) };
    let running = ask.oldest(of_module, EVER, MAX_NAMES)?;
    let is_run = |spawn: &&Fact| spawn.text("callback_module").is_some_and(|module| bare(module) == bare(text));
    let pids: Vec<&str> = running.iter().filter(is_run).filter_map(|spawn| spawn.text("spawned_pid")).collect();
    let pids = match pids.as_slice() {
        [] => String::new(),
        pids => format!(
            " It is the callback module of {}{}.",
            pids.iter().take(OFFERED).copied().collect::<Vec<_>>().join(", "),
            if pids.len() > OFFERED { ", ..." } else { "" }
        ),
    };
    Ok(format!("{offer}.{closest}{pids}"))
}
