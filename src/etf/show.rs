//! How is a term written in Elixir?
//!
//! As `inspect(term, limit: :infinity, printable_limit: :infinity)` writes it, with two additions: what a function
//! closes over is told, and what is longer than allowed is cut by a visible marker.

mod text;
mod write;

use super::{Atom, Pid, Term};
use text::Plain;
use write::Writer;

/// Appends a term in Elixir syntax; true if it was cut because it is longer than `max_bytes`. Pids of the node called
/// `home` are written without its name; where it is not known, all are.
pub fn elixir(term: Term<'_>, home: Option<&[u8]>, out: &mut String, max_bytes: usize) -> bool {
    Writer::<Plain>::write(term, home, out, max_bytes)
}

/// Appends the same as a JSON string, with its quotes.
pub fn elixir_json(term: Term<'_>, home: Option<&[u8]>, out: &mut String, max_bytes: usize) -> bool {
    out.push('"');
    let is_cut = Writer::<text::Json>::write(term, home, out, max_bytes);
    out.push('"');
    is_cut
}

/// Appends an atom as Elixir writes it: `Foo.Bar`, `:lists`, `nil`, `:"hello world"`.
pub fn atom(atom: Atom<'_>, out: &mut String) {
    text::atom::<Plain>(&atom.text(), out);
}

/// Appends a pid: `<0.1.0>`, or with its node's name if that is not `home`.
pub fn pid(pid: Pid<'_>, home: Option<&[u8]>, out: &mut String) {
    text::pid::<Plain>(pid, home, out);
}
