//! Did a supervisor give up, because it had to start its children again more often than it may?
//!
//! A supervisor takes the exits of its children one by one and starts each again; once too often in its period it ends
//! every child and itself, with `:shutdown`. A permanent child counts however it ended, so ends on purpose use up what
//! is meant for crashes. What ended with the supervisor did nothing wrong.

use super::ask::{Ask, inside, of};
use super::ends;
use super::fact::Fact;
use super::found::{self, Child, ChildEnd, Limit, Restarted};
use super::started::reply;
use super::value::Value;
use super::value::brief::brief;
use super::who::{Names, exit_of};
use crate::error::Result;
use crate::event::Role;
use crate::event::exit_reason::ExitReason;
use crate::query::Filter;

/// What OTP's supervisors are called as callback modules.
const SUPERVISORS: [&str; 7] = [
    ":supervisor",
    "supervisor",
    "Supervisor.Default",
    "DynamicSupervisor",
    "ConsumerSupervisor",
    ":supervisor2",
    "supervisor2",
];

/// Newest children, and newest ends of children, that are looked at.
const MAX_CHILDREN: usize = 300;

/// Restarts count together within so long where the supervisor's own period is not recorded: it is the usual one.
const USUAL_PERIOD_NS: i64 = 5_000_000_000;

/// A supervisor reckons in whole seconds.
const SECOND_NS: i64 = 1_000_000_000;

/// Children told of that ended with it.
const SHOWN: usize = 6;

/// Ends that are told one by one.
const LAST_ENDS: usize = 4;

/// The end of a child as its supervisor was told of it.
pub(crate) struct End {
    child: String,
    reason: String,
    /// The receive.
    told: Fact,
    /// Its own exit, where that was recorded.
    exit: Option<Fact>,
    /// The spawn of the child.
    spawn: Fact,
    /// The spawn that took its place.
    again: Option<Fact>,
}

impl End {
    /// The event that shows it.
    pub(crate) fn event(&self) -> &Fact {
        self.exit.as_ref().unwrap_or(&self.told)
    }

    fn is_abnormal(&self) -> bool {
        ExitReason::read(&self.reason).is_abnormal()
    }

    fn found(&self, names: &Names<'_>) -> Result<ChildEnd> {
        let again = self.again.as_ref().and_then(|again| Some((again.text("spawned_pid")?, again.id())));
        Ok(ChildEnd {
            child: names.who(&self.child)?.process(),
            reason: brief(&self.reason, 60),
            event: self.event().id().to_owned(),
            again: again.map(|(pid, event)| Restarted { pid: pid.to_owned(), event: event.to_owned() }),
        })
    }
}

/// A supervisor that gave up.
pub(crate) struct GaveUp {
    pid: String,
    /// Its own.
    pub(crate) exit: Fact,
    /// Ends it answered with a start, and at last the one it did not.
    pub(crate) ends: Vec<End>,
    /// Restarts it may make, within so many seconds.
    limit: Option<(usize, i64)>,
    /// Exits of the children that ended with it.
    pub(crate) took: Vec<Fact>,
}

/// Whether a callback module is a supervisor's.
pub(crate) fn is_supervisor(module: &str) -> bool {
    SUPERVISORS.contains(&module)
}

/// Why a supervisor ended, if it gave up. `None` too where that is not sure: its spawn or what it received was not
/// recorded, it was told to end, or no child was seen to be started again.
///
/// # Errors
/// Those of the store.
pub(crate) fn gave_up(ask: &Ask<'_>, pid: &str, exit: &Fact) -> Result<Option<GaveUp>> {
    if ends::reason(exit) != ":shutdown" && ends::reason(exit) != "shutdown" {
        return Ok(None);
    }
    let Some(spawn) = ask.last(of(pid, Role::Child, &["process_spawn"]), (i64::MIN, exit.at()))? else {
        return Ok(None);
    };
    if !module(&spawn).is_some_and(is_supervisor) {
        return Ok(None);
    }
    let life = (spawn.at(), exit.at());
    let limit = match flags(ask, &spawn, life)? {
        // A child that ends on purpose may end it so.
        Some(Flags { is_ended_by_child: true, .. }) => return Ok(None),
        flags => flags.map(|flags| flags.limit),
    };
    let mut children = ask.newest(of(pid, Role::Parent, &["process_spawn"]), life, MAX_CHILDREN)?;
    children.reverse();
    let starter = spawn.text("parent_pid").unwrap_or_else(|| spawn.pid());
    let Some(mut told) = told(ask, pid, starter, &children, life)? else { return Ok(None) };
    restarts(ask, pid, &children, &mut told)?;
    let Some(mut ends) = last_ones(told, limit) else { return Ok(None) };
    for end in &mut ends {
        end.exit = exit_of(ask, &end.child)?;
    }
    let since = ends.last().map_or(exit.at(), |last| last.told.at());
    let mut took = Vec::new();
    for child in &children {
        let Some(child) = child.text("spawned_pid") else { continue };
        let ended = exit_of(ask, child)?.filter(|ended| since <= ended.at() && ended.key() < exit.key());
        took.extend(ended.filter(|ended| matches!(ends::read(ended, None), ExitReason::Shutdown | ExitReason::Killed)));
    }
    took.retain(|ended| !ends.iter().any(|end| end.event().id() == ended.id()));
    Ok(Some(GaveUp { pid: pid.to_owned(), exit: exit.clone(), ends, limit, took }))
}

/// The ends of its children that a supervisor was told of, in that order; `None` when it was itself told to end.
fn told(ask: &Ask<'_>, pid: &str, starter: &str, children: &[Fact], life: (i64, i64)) -> Result<Option<Vec<End>>> {
    let received = |text: &str| Filter { text: Some(text.to_owned()), ..inside(pid, &["message_receive"]) };
    if ask
        .last(received(", {:terminate, "), life)?
        .is_some_and(|wish| wish.text("message").is_some_and(|message| message.starts_with("{:system, ")))
    {
        return Ok(None);
    }
    let mut told = Vec::new();
    for receive in ask.newest(received("{:EXIT, "), life, MAX_CHILDREN)? {
        let message = Value::read(receive.text("message").unwrap_or_default());
        let Some([kind, from, reason]) = message.tuple() else { continue };
        if kind.atom() != Some("EXIT") {
            continue;
        }
        let child = receive.pid_in(from.text);
        if child == starter {
            return Ok(None);
        }
        let Some(spawn) = children.iter().find(|spawn| spawn.text("spawned_pid") == Some(&child)) else { continue };
        let reason = reason.text.to_owned();
        told.push(End { child, reason, spawn: spawn.clone(), told: receive, exit: None, again: None });
    }
    told.sort_by_key(|end| end.told.key());
    Ok(Some(told))
}

/// Joins each end to the start that answered it: the next of the same that nobody else had asked for.
fn restarts(ask: &Ask<'_>, pid: &str, children: &[Fact], told: &mut [End]) -> Result<()> {
    for start in children {
        let answers = |end: &End| end.again.is_none() && end.told.key() < start.key() && is_same(&end.spawn, start);
        if let Some(at) = told.iter().position(answers)
            && reply(ask, pid, start)?.is_none()
        {
            told[at].again = Some(start.clone());
        }
    }
    Ok(())
}

/// Whether two spawns are of one child specification.
fn is_same(one: &Fact, other: &Fact) -> bool {
    let key = |spawn: &Fact, key: &str| spawn.text(key).map(str::to_owned);
    match (one.text("registered_name"), other.text("registered_name")) {
        (None, None) => {
            ["spawn_module", "spawn_function", "spawn_args"].iter().all(|of| key(one, of) == key(other, of))
        }
        (a, b) => a == b,
    }
}

fn module(spawn: &Fact) -> Option<&str> {
    spawn.text("callback_module").or_else(|| Some(ends::spawned(spawn).behaviour()?.1))
}

/// The ends that used up what a supervisor may do, with the one it did not answer; `None` when they do not explain it.
fn last_ones(told: Vec<End>, limit: Option<(usize, i64)>) -> Option<Vec<End>> {
    let last_answered = told.iter().rposition(|end| end.again.is_some());
    let kind = |end: &End| (module(&end.spawn).map(str::to_owned), end.is_abnormal());
    let mut answered: Vec<End> = Vec::new();
    let (mut ignored, mut last, mut first) = (Vec::new(), None, None);
    for (at, end) in told.into_iter().enumerate() {
        if end.again.is_some() {
            answered.push(end);
        } else if Some(at) < last_answered {
            // Of a kind that is not started again.
            ignored.push(kind(&end));
        } else if !ignored.contains(&kind(&end)) {
            // One that ended on purpose has to be of a kind that is started again all the same; of an abnormal end of
            // another kind nobody knows whether that is.
            let is_known = answered.iter().any(|before| kind(before) == kind(&end));
            if is_known && end.is_abnormal() {
                last = last.or(Some(end));
            } else if first.is_none() {
                first = Some(Some(end).filter(|end| is_known || end.is_abnormal()));
            }
        }
    }
    let last = last.or(first.flatten())?;
    let period =
        limit.map_or(USUAL_PERIOD_NS, |(_, seconds)| seconds.saturating_mul(SECOND_NS).saturating_add(SECOND_NS));
    answered.retain(|end| last.told.at().saturating_sub(end.told.at()) <= period);
    let needed = limit.map_or(1, |(most, _)| most);
    let is_explained = answered.len() >= needed;
    if let Some((most, _)) = limit.filter(|(most, _)| answered.len() > *most) {
        answered.drain(..answered.len() - most);
    }
    answered.push(last);
    is_explained.then_some(answered)
}

struct Flags {
    limit: (usize, i64),
    /// Whether the end of a significant child ends it.
    is_ended_by_child: bool,
}

/// What a supervisor was told it may do: as it was started, or as its `init/1` returned.
fn flags(ask: &Ask<'_>, spawn: &Fact, life: (i64, i64)) -> Result<Option<Flags>> {
    let args = spawn.text("spawn_args").unwrap_or_default();
    if let Some((_, rest)) = args.split_once("{:ok, {%{")
        && let Some((inner, _)) = rest.split_once('}')
        && let Some(flags) = read(&Value::read(&format!("%{{{inner}}}")))
    {
        return Ok(Some(flags));
    }
    let pid = spawn.text("spawned_pid").unwrap_or_default();
    let filter = Filter { function: Some("init".to_owned()), arity: Some(1), ..inside(pid, &["function_exit"]) };
    let Some(end) = ask.first(filter, life)? else { return Ok(None) };
    let result = Value::read(end.text("result").unwrap_or_default());
    let Some([ok, told]) = result.tuple() else { return Ok(None) };
    let flags = told.tuple().and_then(|parts| parts.first()).unwrap_or(told);
    Ok(read(flags).filter(|_| ok.atom() == Some("ok")))
}

/// `%{intensity: 3, period: 5, ...}` or `{:one_for_one, 3, 5}`.
fn read(flags: &Value<'_>) -> Option<Flags> {
    use super::value::Kind;
    let number = |value: &Value<'_>| value.text.parse::<i64>().ok();
    let (most, seconds, ends) = match &flags.kind {
        Kind::Map(_, entries) => {
            let get = |name| entries.iter().find(|(key, _)| key.atom() == Some(name)).map(|(_, value)| value);
            // What is left out is one restart in five seconds.
            let or = |name, usual| get(name).map_or(Some(usual), number);
            let ends = get("auto_shutdown").is_some_and(|how| how.atom() != Some("never"));
            (or("intensity", 1)?, or("period", 5)?, ends)
        }
        Kind::Tuple(parts) => match parts.as_slice() {
            [_, most, seconds] => (number(most)?, number(seconds)?, false),
            _ => return None,
        },
        _ => return None,
    };
    Some(Flags { limit: (usize::try_from(most).ok()?, seconds), is_ended_by_child: ends })
}

impl GaveUp {
    /// What a finding says of it.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn found(&self, names: &Names<'_>) -> Result<found::GaveUp> {
        let (first, last) = (&self.ends[0], &self.ends[self.ends.len() - 1]);
        let process = |pid: &str| Ok(names.who(pid)?.process());
        let mut children: Vec<Child> = Vec::new();
        for end in &self.ends {
            let child = Child { process: process(&end.child)?, ends: 1 };
            match children.iter_mut().find(|known| known.called() == child.called()) {
                Some(known) => known.ends += 1,
                None => children.push(child),
            }
        }
        Ok(found::GaveUp {
            supervisor: process(&self.pid)?,
            ends: self.ends.len(),
            within_ns: last.event().at().saturating_sub(first.event().at()),
            children,
            reason: brief(&last.reason, 60),
            is_same: self.ends.iter().all(|end| end.reason == last.reason),
            is_of_ends_on_purpose: !self.ends.iter().any(End::is_abnormal),
            limit: self.limit.map(|(restarts, within_s)| Limit { restarts, within_s }),
            took: self.took.iter().take(SHOWN).map(|exit| process(ended(exit))).collect::<Result<_>>()?,
            took_in_all: self.took.len(),
            last_ends: self
                .ends
                .iter()
                .skip(self.ends.len().saturating_sub(LAST_ENDS))
                .map(|end| end.found(names))
                .collect::<Result<_>>()?,
            first_end: first.event().id().to_owned(),
        })
    }

    /// Whether it took this process with it.
    pub(crate) fn has_taken(&self, pid: &str) -> bool {
        self.took.iter().any(|exit| ended(exit) == pid)
    }
}

/// The process that an exit is of.
fn ended(exit: &Fact) -> &str {
    exit.text("exited_pid").unwrap_or_else(|| exit.pid())
}
