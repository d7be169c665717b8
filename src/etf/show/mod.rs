//! How does a term read in Elixir?
//!
//! As `inspect(term, limit: :infinity, printable_limit: :infinity)` of Elixir 1.15 and later prints it, with two
//! differences that keep what was sent: a function shows the values it closes over, and a struct shows all its fields
//! in the order sent, its own `Inspect` unknown.

mod atom;
mod number;
mod out;
mod scan;
mod text;
mod walk;

use super::atom::Atom;
use super::cursor::Cursor;
use super::identity::Pid;
use super::term::Term;
use out::Out;

/// How terms are shown.
#[derive(Clone, Copy, Debug)]
pub struct Show<'a> {
    /// Bytes after which the text is cut; the mark of the cut and closing brackets come on top.
    pub max_bytes: usize,
    /// The name of the recorded node: its pids, ports and references are local (`#PID<0.1.0>`), others carry the name of their
    /// node (`#PID<other@host.1.0>`). Without it all are local.
    pub home: Option<&'a [u8]>,
}

impl Show<'_> {
    /// Appends the term in Elixir syntax; whether it was cut.
    ///
    /// A cut is made at an element's edge, or inside a text, and marked `‹cut: 10240 bytes›` with the bytes of the
    /// whole term; brackets around it are closed.
    pub fn elixir(self, term: Term<'_>, out: &mut String) -> bool {
        self.write::<false>(term, out)
    }

    /// Appends a JSON string, quotes included, that holds the term in Elixir syntax; whether it was cut.
    /// Escapes count against the limit, the quotes do not.
    pub fn elixir_json(self, term: Term<'_>, out: &mut String) -> bool {
        out.push('"');
        let cut = self.write::<true>(term, out);
        out.push('"');
        cut
    }

    fn write<const JSON: bool>(self, term: Term<'_>, out: &mut String) -> bool {
        let mut out = Out::<JSON>::new(out, self, term.len());
        out.term(&mut Cursor { rest: term.as_bytes() });
        out.cut
    }
}

/// Appends the term in Elixir syntax, all pids local; whether it was cut. See [`Show::elixir`].
pub fn elixir(term: Term<'_>, out: &mut String, max_bytes: usize) -> bool {
    Show { max_bytes, home: None }.elixir(term, out)
}

/// Appends a JSON string that holds the term in Elixir syntax, all pids local; whether it was cut.
/// See [`Show::elixir_json`].
pub fn elixir_json(term: Term<'_>, out: &mut String, max_bytes: usize) -> bool {
    Show { max_bytes, home: None }.elixir_json(term, out)
}

/// Appends `<0.1.0>`, or `<name@host.1.0>` where it is not a pid of the recorded node (`home`).
pub fn pid(pid: Pid<'_>, home: Option<&[u8]>, out: &mut String) {
    Out::<false>::new(out, Show { max_bytes: usize::MAX, home }, 0).pid(pid);
}

/// Appends an atom as Elixir prints it: `Foo.Bar`, `:lists`, `nil`, `:"hello world"`.
pub fn atom(atom: Atom<'_>, out: &mut String) {
    Out::<false>::new(out, Show { max_bytes: usize::MAX, home: None }, 0).atom(atom);
}

/// Appends an atom's text alone, a module's without its prefix: `Foo.Bar`, `lists`, `hello world`.
pub fn atom_plain(atom: Atom<'_>, out: &mut String) {
    let text = atom.text();
    out.push_str(text.strip_prefix("Elixir.").filter(|rest| !rest.is_empty()).unwrap_or(&text));
}
