//! What `scope.exs` adds to the trace: who it is, names known before, samples of mailboxes, and why it stopped.

use super::functions::bytes_text;
use super::message::pid as pid_of;
use super::object::{Object, escaped, number};
use super::recorder::{At, Recorder};
use super::{Ending, Hello};
use crate::etf::show::Show;
use crate::etf::{Atom, Term, View};
use crate::redact::Hidden;

/// Bytes of a reason or a note that are told of a source.
const MAX_SHOWN: usize = 400;

/// Maps within maps that are written as such.
const MAX_DEPTH: usize = 4;

impl Recorder {
    pub(super) fn on_scope(&mut self, at: At, name: Atom<'_>, parts: [Option<Term<'_>>; 3]) -> Option<()> {
        // What a source says of itself is shown in pieces: it is looked at whole first.
        let hidden = parts.map(|part| part.map(|part| self.session().redact.term(part)));
        self.counters.redacted += hidden.iter().flatten().map(Hidden::count).sum::<u64>();
        let shown = hidden.each_ref().map(|part| part.as_ref().map(Hidden::shown));
        let parts = shown.each_ref().map(|part| part.as_ref().map(|bytes| Term::checked(bytes)));
        match name.bytes() {
            b"hello" => self.on_hello(at, parts[0]?),
            b"names" => self.on_names(at, parts[0]?),
            b"sample" => self.on_sample(at, parts[0]?, parts[2]?),
            b"bye" => {
                self.on_bye(at, parts[0]?, parts[2]);
                Some(())
            }
            b"note" => self.on_note(at, parts[0]?),
            _ => None,
        }
    }

    fn on_hello(&mut self, at: At, about: Term<'_>) -> Option<()> {
        let View::Map(mut entries) = about.view() else { return None };
        let mut hello = Hello::default();
        let mut names = None;
        while let Some((key, value)) = entries.next().zip(entries.next()) {
            match key.atom()?.bytes() {
                b"node" => {
                    let node = value.atom()?;
                    hello.node = Some(node.text().into_owned());
                    self.set_home(node);
                }
                b"os_pid" => hello.os_pid = bytes_text(value),
                b"otp" => hello.otp = bytes_text(value),
                b"time_offset_ns" => hello.time_offset_ns = value.integer(),
                b"names" => names = Some(value),
                _ => {}
            }
        }
        self.hello = Some(hello);
        let draft = self.draft(at, "capture_start", None);
        self.emit(draft, |object, _| object.term("source", about));
        if let Some(names) = names {
            self.on_names(at, names);
        }
        Some(())
    }

    /// `{scope, bye, Reason, Stamp}`, with a map of what else is to be known since version 2.
    fn on_bye(&mut self, at: At, reason: Term<'_>, about: Option<Term<'_>>) {
        let details = about.map(|about| self.shown(about));
        self.ending = Some(Ending { at_ns: at.ns, because: self.shown(reason), details });
        let draft = self.draft(at, "capture_end", None);
        self.emit(draft, |object, _| {
            object.term("reason", reason);
            if let Some(about) = about {
                members(object, about, &["reason"]);
            }
        });
    }

    /// `{scope, note, Map, Stamp}`: something is to be known about the trace, such as what is left out from now on.
    fn on_note(&mut self, at: At, about: Term<'_>) -> Option<()> {
        let View::Map(_) = about.view() else { return None };
        let shown = self.shown(about);
        self.notes.push(shown);
        let draft = self.draft(at, "capture_note", None);
        self.emit(draft, |object, _| members(object, about, &[]));
        Some(())
    }

    /// A value as it is told of a source.
    fn shown(&self, term: Term<'_>) -> String {
        let mut shown = String::new();
        Show { max_bytes: MAX_SHOWN, home: self.home() }.elixir(term, &mut shown);
        shown
    }

    /// Names registered before the capture began.
    fn on_names(&mut self, at: At, names: Term<'_>) -> Option<()> {
        for (place, pair) in names.items().into_iter().flatten().enumerate() {
            let mut pair = pair.tuple()?;
            let (name, pid) = (pair.next()?.atom()?, pid_of(pair.next()?)?);
            let Some(key) = self.key(pid) else { continue };
            let shown = self.named(at, key, name);
            let draft = self.draft_with(at, &format!("n{place}"), "process_register", Some(key));
            self.emit(draft, |object, _| {
                object.str("registered_name", &shown);
                object.bool("before_capture", true);
            });
        }
        Some(())
    }

    /// `{scope, sample, Pid, Stamp, Info}`.
    fn on_sample(&mut self, at: At, pid: Term<'_>, info: Term<'_>) -> Option<()> {
        let key = self.key(pid_of(pid)?)?;
        let draft = self.draft(at, "process_sample", Some(key));
        self.emit(draft, |object, _| {
            for mut pair in info.items().into_iter().flatten().filter_map(Term::tuple) {
                let (Some(key), Some(value)) = (pair.next().and_then(Term::atom), pair.next()) else { continue };
                object.quoted_key(&key.text());
                match value.integer() {
                    Some(number) => super::object::number(number, object.text),
                    None => object.value(value),
                }
            }
        });
        Some(())
    }
}

/// Writes the entries of a map as members, but for some; a value that is no map has none.
fn members(object: &mut Object<'_>, map: Term<'_>, except: &[&str]) {
    let View::Map(mut entries) = map.view() else { return };
    while let Some((key, value)) = entries.next().zip(entries.next()) {
        let Some(name) = key.atom().map(|name| name.text().into_owned()).or_else(|| bytes_text(key)) else { continue };
        if !except.contains(&&*name) {
            object.quoted_key(&name);
            member(object, value, 0);
        }
    }
}

/// A value as JSON where it has a JSON of its own; else in Elixir syntax.
fn member(object: &mut Object<'_>, value: Term<'_>, depth: usize) {
    match value.view() {
        View::Binary(bytes) if str::from_utf8(bytes).is_ok() => {
            object.text.push('"');
            escaped(&String::from_utf8_lossy(bytes), object.text);
            object.text.push('"');
        }
        View::Map(mut entries) if depth < MAX_DEPTH => {
            object.text.push('{');
            let mut is_first = true;
            while let Some((key, value)) = entries.next().zip(entries.next()) {
                object.text.push_str(if is_first { "\"" } else { ",\"" });
                is_first = false;
                let name = key.atom().map(|name| name.text().into_owned());
                escaped(&name.unwrap_or_else(|| shown_key(key, object)), object.text);
                object.text.push_str("\":");
                member(object, value, depth + 1);
            }
            object.text.push('}');
        }
        _ => match value.integer() {
            Some(value) => number(value, object.text),
            None => object.value(value),
        },
    }
}

fn shown_key(key: Term<'_>, object: &Object<'_>) -> String {
    let mut shown = String::new();
    Show { max_bytes: MAX_SHOWN, home: object.context.home }.elixir(key, &mut shown);
    shown
}
