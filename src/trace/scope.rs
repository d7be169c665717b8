//! What `scope.exs` adds to the trace: who it is, names known before, samples of mailboxes, and why it stopped.

use super::Hello;
use super::functions::bytes_text;
use super::message::pid as pid_of;
use super::recorder::{At, Recorder};
use crate::etf::{Atom, Term, View};

impl Recorder {
    pub(super) fn on_scope(&mut self, at: At, name: Atom<'_>, parts: [Option<Term<'_>>; 3]) -> Option<()> {
        match name.bytes() {
            b"hello" => self.on_hello(at, parts[0]?),
            b"names" => self.on_names(at, parts[0]?),
            b"sample" => self.on_sample(at, parts[0]?, parts[2]?),
            b"bye" => {
                let draft = self.draft(at, "capture_end", None);
                self.emit(draft, |object, _| {
                    if let Some(reason) = parts[0] {
                        object.term("reason", reason);
                    }
                });
                Some(())
            }
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
