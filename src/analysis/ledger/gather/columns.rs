//! What do the columns of an event say, as the ledger's texts? Each text is looked up once in a segment.

use crate::analysis::ledger::texts::{Map, Sym, Texts};
use crate::analysis::symbols::Codes;
use crate::query::{Field, Seen};

/// Module, name and arity.
type Mfa = (Option<Sym>, Option<Sym>, Option<u8>);

/// What stands for the texts of some columns.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) sessions: Codes<Sym>,
    pub(super) pids: Codes<Sym>,
    pub(super) nodes: Codes<Sym>,
    pub(super) modules: Codes<Sym>,
    pub(super) functions: Codes<Sym>,
    pub(super) sites: Codes<Sym>,
    pub(super) references: Codes<Sym>,
    /// Functions as they are written.
    pub(super) mfas: Map<Mfa, Sym>,
    /// A pid as answers tell it, and its node, by the pid as the event names it and the event's node.
    pub(super) told: Map<(Sym, Option<Sym>), (Sym, Option<Sym>)>,
}

/// What stands for the text of a column.
pub(super) fn column(codes: &mut Codes<Sym>, texts: &mut Texts, seen: &Seen<'_>, field: Field) -> Option<Sym> {
    let symbol = seen.symbol(field)?;
    Some(codes.get((seen.part(), symbol), || texts.intern(seen.text(field).unwrap_or_default())))
}
