//! What does one trace message tell?

use super::stamp::Stamp;
use crate::etf::{Atom, Pid, Term, View};

/// Most elements of a trace message that is known.
pub(super) const MAX_PARTS: usize = 7;

/// The elements of a trace message; of a term that cannot be one, none.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts<'a> {
    pub(super) all: [Option<Term<'a>>; MAX_PARTS],
    pub(super) n: usize,
}

impl<'a> Parts<'a> {
    /// Passes over all of the term but its last element.
    pub(super) fn of(term: Term<'a>) -> Self {
        let mut parts = Self::default();
        let Some(all) = term.tuple().filter(|all| (2..=MAX_PARTS).contains(&all.len())) else { return parts };
        for part in all {
            parts.all[parts.n] = Some(part);
            parts.n += 1;
        }
        parts
    }

    /// How many messages it says were dropped, if it says that.
    pub(super) fn dropped(&self) -> Option<u64> {
        let messages = self.all[1].filter(|_| self.n == 2)?.integer()?;
        self.all[0]?.atom()?.is("drop").then(|| u64::try_from(messages).ok())?
    }

    /// When it happened.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match self.all[0]?.atom()?.bytes() {
            b"trace_ts" => Stamp::read(self.all[self.n - 1]?),
            b"seq_trace" if self.n == 4 => Stamp::read(self.all[3]?),
            b"scope" => {
                let parts = || self.all[2..].iter().flatten();
                parts().find_map(|part| Stamp::read_tuple(*part)).or_else(|| begun(*parts().next()?))
            }
            _ => None,
        }
    }
}

/// What a producer says of itself tells its clock at that moment, outside of the order of messages.
fn begun(about: Term<'_>) -> Option<Stamp> {
    let View::Map(mut entries) = about.view() else { return None };
    while let Some((key, value)) = entries.next().zip(entries.next()) {
        if key.atom().is_some_and(|key| key.is("mono_ns")) {
            return Some(Stamp { ns: value.integer()?, unique: None, is_wall: false });
        }
    }
    None
}

/// One trace message, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    /// The traced process; none where a port or nobody is traced.
    pub(super) pid: Option<Pid<'a>>,
    /// What is traced: a process or a port.
    pub(super) subject: Option<Term<'a>>,
    pub(super) told: Told<'a>,
}

/// `{Module, Function, ArgumentsOrArity}`.
#[derive(Clone, Copy)]
pub(super) struct Mfa<'a> {
    pub(super) module: Atom<'a>,
    pub(super) function: Atom<'a>,
    /// The bytes of module and function, one after the other.
    pub(super) name: &'a [u8],
    /// Where in them the function begins.
    pub(super) split: usize,
    pub(super) arity: u8,
    /// The arguments, where they were traced.
    pub(super) args: Option<Term<'a>>,
}

/// What happened.
#[derive(Clone, Copy)]
pub(super) enum Told<'a> {
    Call {
        mfa: Mfa<'a>,
        extra: Option<Term<'a>>,
    },
    ReturnFrom {
        mfa: Mfa<'a>,
        value: Term<'a>,
    },
    ExceptionFrom {
        mfa: Mfa<'a>,
        class: Atom<'a>,
        reason: Term<'a>,
    },
    ReturnTo {
        mfa: Option<Mfa<'a>>,
    },
    Send {
        message: Term<'a>,
        to: Term<'a>,
        delivered: bool,
    },
    Receive {
        message: Term<'a>,
    },
    /// `what` is `{Module, Function, Arguments}`, any part of it may be cut.
    Spawn {
        child: Pid<'a>,
        what: Term<'a>,
    },
    Spawned {
        parent: Pid<'a>,
        what: Term<'a>,
    },
    Exit {
        reason: Term<'a>,
    },
    Link {
        kind: &'static str,
        other: Term<'a>,
    },
    Register {
        name: Atom<'a>,
    },
    Unregister {
        name: Atom<'a>,
    },
    Gc {
        /// Empty: not told.
        kind: &'static str,
        phase: Phase,
        info: Term<'a>,
    },
    Schedule {
        kind: &'static str,
        is_in: bool,
        mfa: Option<Mfa<'a>>,
    },
    PortOpen {
        owner: Term<'a>,
        driver: Term<'a>,
    },
    PortClosed {
        reason: Term<'a>,
    },
    Sequence {
        label: Term<'a>,
        kind: Sequence,
        serial: Term<'a>,
        from: Term<'a>,
        to: Term<'a>,
        message: Term<'a>,
    },
    /// What only `scope.exs` sends: a name, and the rest of it.
    Scope {
        name: Atom<'a>,
        parts: [Option<Term<'a>>; 3],
    },
}

/// Where in its pair a message of the garbage collector stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Start,
    End,
    Alone,
}

/// What a sequential trace saw.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequence {
    Send,
    Receive,
    Print,
}

impl<'a> Mfa<'a> {
    pub(super) fn read(term: Term<'a>) -> Option<Self> {
        let mut parts = term.tuple().filter(|parts| parts.len() == 3)?;
        let (module, function, last) = (parts.next()?, parts.next()?, parts.next()?);
        let names = module.as_bytes().len() + function.as_bytes().len();
        let all = term.as_bytes();
        let start = all.len() - last.as_bytes().len() - names;
        let (arity, args) = match last.integer() {
            Some(arity) => (u8::try_from(arity).ok()?, None),
            None => (u8::try_from(count(last)?).ok()?, Some(last)),
        };
        let (name, split) = (&all[start..start + names], module.as_bytes().len());
        Some(Self { module: module.atom()?, function: function.atom()?, name, split, arity, args })
    }

    /// What `{caller}` and `{caller_line}` of a match specification give: `{Module, Function, Arity}`, and perhaps where.
    pub(super) fn of_caller(term: Term<'a>) -> Option<Self> {
        let mut parts = term.tuple().filter(|parts| matches!(parts.len(), 3 | 4))?;
        let (module, function, arity) = (parts.next()?, parts.next()?, parts.next()?);
        let rest = arity.as_bytes().len() + parts.next().map_or(0, |place| place.as_bytes().len());
        let all = term.as_bytes();
        let end = all.len().checked_sub(rest)?;
        let start = end.checked_sub(module.as_bytes().len() + function.as_bytes().len())?;
        let (name, split) = (&all[start..end], module.as_bytes().len());
        let arity = u8::try_from(arity.integer()?).ok()?;
        Some(Self { module: module.atom()?, function: function.atom()?, name, split, arity, args: None })
    }
}

/// Who called, where a call is told as fprof does: `{cp, Caller}`.
pub(super) fn fprof_caller(extra: Term<'_>) -> Option<Term<'_>> {
    let mut pair = extra.tuple().filter(|pair| pair.len() == 2)?;
    pair.next()?.atom()?.is("cp").then(|| pair.next())?
}

/// Elements of a list.
fn count(list: Term<'_>) -> Option<usize> {
    match list.elements() {
        Some(elements) => Some(elements.len()),
        None => match list.view() {
            View::Bytes(bytes) => Some(bytes.len()),
            _ => None,
        },
    }
}

pub(super) fn pid(term: Term<'_>) -> Option<Pid<'_>> {
    match term.view() {
        View::Pid(pid) => Some(pid),
        _ => None,
    }
}

impl<'a> Message<'a> {
    /// Takes a message apart; `stamp` is what [`Parts::stamp`] says. `None`: it is of no kind that is known.
    pub(super) fn read(parts: &Parts<'a>, stamp: Option<Stamp>) -> Option<Self> {
        let Parts { all, n } = parts;
        let of_nobody = |told| Some(Self { pid: None, subject: None, told });
        let n = match (all[0]?.atom()?.bytes(), stamp) {
            (b"trace_ts", Some(_)) => n - 1,
            (b"trace", _) => *n,
            (b"seq_trace", stamp) if *n != 4 || stamp.is_some() => return of_nobody(sequence(all[1]?, all[2]?)?),
            (b"scope", _) => {
                return of_nobody(Told::Scope { name: all[1]?.atom()?, parts: [all[2], all[3], all[4]] });
            }
            _ => return None,
        };
        if n < 3 {
            return None;
        }
        let told = traced(all[2]?.atom()?, &all[3..n])?;
        Some(Self { pid: pid(all[1]?), subject: all[1], told })
    }
}

fn traced<'a>(kind: Atom<'a>, rest: &[Option<Term<'a>>]) -> Option<Told<'a>> {
    let part = |at: usize| rest.get(at).copied().flatten();
    let mfa = |at| Mfa::read(part(at)?);
    // Before it stands the scheduler, where the source traces with `scheduler_id`.
    let scheduled = || mfa(rest.len() - 1);
    let told = match (kind.bytes(), rest.len()) {
        (b"call", 1 | 2) => Told::Call { mfa: mfa(0)?, extra: part(1) },
        (b"return_from", 2) => Told::ReturnFrom { mfa: mfa(0)?, value: part(1)? },
        (b"exception_from", 2) => {
            let mut pair = part(1)?.tuple().filter(|pair| pair.len() == 2)?;
            Told::ExceptionFrom { mfa: mfa(0)?, class: pair.next()?.atom()?, reason: pair.next()? }
        }
        (b"return_to", 1) => Told::ReturnTo { mfa: mfa(0) },
        (b"send", 2) => Told::Send { message: part(0)?, to: part(1)?, delivered: true },
        (b"send_to_non_existing_process", 2) => Told::Send { message: part(0)?, to: part(1)?, delivered: false },
        (b"receive", 1) => Told::Receive { message: part(0)? },
        (b"spawn", 2) => Told::Spawn { child: pid(part(0)?)?, what: part(1)? },
        (b"spawned", 2) => Told::Spawned { parent: pid(part(0)?)?, what: part(1)? },
        (b"exit", 1) => Told::Exit { reason: part(0)? },
        (b"link", 1) => Told::Link { kind: "process_link", other: part(0)? },
        (b"unlink", 1) => Told::Link { kind: "process_unlink", other: part(0)? },
        (b"getting_linked", 1) => Told::Link { kind: "process_getting_linked", other: part(0)? },
        (b"getting_unlinked", 1) => Told::Link { kind: "process_getting_unlinked", other: part(0)? },
        (b"register", 1) => Told::Register { name: part(0)?.atom()? },
        (b"unregister", 1) => Told::Unregister { name: part(0)?.atom()? },
        (b"in", 1 | 2) => Told::Schedule { kind: "schedule_in", is_in: true, mfa: scheduled() },
        (b"out", 1 | 2) => Told::Schedule { kind: "schedule_out", is_in: false, mfa: scheduled() },
        (b"in_exiting", 1 | 2) => Told::Schedule { kind: "schedule_in_exiting", is_in: true, mfa: scheduled() },
        (b"out_exiting", 1 | 2) => Told::Schedule { kind: "schedule_out_exiting", is_in: false, mfa: scheduled() },
        (b"out_exited", 1 | 2) => Told::Schedule { kind: "schedule_out_exited", is_in: false, mfa: scheduled() },
        (b"open", 2) => Told::PortOpen { owner: part(0)?, driver: part(1)? },
        (b"closed", 1) => Told::PortClosed { reason: part(0)? },
        // Before OTP 19 it was not told which of the two it is.
        (b"gc_start", 1) => gc("", Phase::Start, part(0)?),
        (b"gc_end", 1) => gc("", Phase::End, part(0)?),
        (b"gc_minor_start", 1) => gc("minor", Phase::Start, part(0)?),
        (b"gc_minor_end", 1) => gc("minor", Phase::End, part(0)?),
        (b"gc_major_start", 1) => gc("major", Phase::Start, part(0)?),
        (b"gc_major_end", 1) => gc("major", Phase::End, part(0)?),
        (b"gc_max_heap_size", 1) => gc("max_heap_size", Phase::Alone, part(0)?),
        _ => return None,
    };
    Some(told)
}

const fn gc<'a>(kind: &'static str, phase: Phase, info: Term<'a>) -> Told<'a> {
    Told::Gc { kind, phase, info }
}

/// `{send | 'receive' | print, Serial, From, To, Message}`.
fn sequence<'a>(label: Term<'a>, info: Term<'a>) -> Option<Told<'a>> {
    let mut parts = info.tuple().filter(|parts| parts.len() == 5)?;
    let kind = match parts.next()?.atom()?.bytes() {
        b"send" => Sequence::Send,
        b"receive" => Sequence::Receive,
        b"print" => Sequence::Print,
        _ => return None,
    };
    let (serial, from, to, message) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Told::Sequence { label, kind, serial, from, to, message })
}
