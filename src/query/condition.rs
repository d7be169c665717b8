//! A filter as conditions, and what they are in one segment: codes to look up and columns to compare.

use foldhash::fast::RandomState;
use memchr::memmem::Finder;

use super::Filter;
use crate::event::{Role, home};
use crate::index::bitmap::Bitmap;
use crate::index::dictionary::hash_text;
use crate::index::{Field, Index};
use crate::segment::Rows;
use crate::segment::active::{mfa_key, pair_key};

/// A text with its hash: looked up in every segment's dictionary.
#[derive(Clone, Debug)]
struct Symbol {
    text: String,
    hash: u64,
}

#[derive(Clone, Debug)]
enum Keys {
    /// One of these symbols of the index's own field.
    Symbols(Vec<Symbol>),
    Prefix(String),
    Arity(u8),
    ModuleFunction(Symbol, Symbol),
    Mfa(Symbol, Symbol, u8),
    /// Processes: each as it is written, of events of its node where it says one.
    Processes(Vec<(Symbol, Option<Symbol>)>),
}

/// Keys of one index.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) index: Index,
    keys: Keys,
    /// The filters it stands for.
    pub(super) name: &'static str,
}

/// A filter taken apart.
#[derive(Debug)]
pub(crate) struct Conditions {
    pub(super) indexed: Vec<Condition>,
    pub(super) role: Option<Role>,
    pub(super) min_duration: Option<i64>,
    pub(super) text: Option<Finder<'static>>,
    /// Inclusive.
    pub(super) since: i64,
    /// Inclusive.
    pub(super) until: i64,
}

impl Conditions {
    /// Takes a canonical filter apart. `range` are its resolved time bounds.
    pub(crate) fn new(filter: &Filter, (since, until): (i64, i64), hasher: &RandomState) -> Self {
        let symbol = |text: &String| Symbol { text: text.clone(), hash: hash_text(hasher, text) };
        let one = |index, name, text: &String| Condition { index, keys: Keys::Symbols(vec![symbol(text)]), name };
        // A process of a node: as the node itself writes it, and with the node's name as others do.
        let mut processes = Vec::new();
        for pid in filter.pid.iter().chain(&filter.named) {
            if let Some((node, own)) = home::split(pid) {
                processes.push((symbol(&own), Some(symbol(&node.to_owned()))));
            }
            processes.push((symbol(pid), None));
        }
        let mut indexed: Vec<Condition> = Vec::new();
        match (&processes[..], &filter.pid) {
            ([], _) => {}
            ([_], Some(pid)) => indexed.push(one(Index::Process, "pid", pid)),
            _ => indexed.push(Condition { index: Index::Process, keys: Keys::Processes(processes), name: "pid" }),
        }
        let mut add = |index, name, text: &Option<String>| {
            if let Some(text) = text {
                indexed.push(one(index, name, text));
            }
        };
        add(Index::Node, "node", &filter.node);
        add(Index::Session, "session_id", &filter.session_id);
        add(Index::Correlation, "correlation_id", &filter.correlation_id);
        add(Index::AstNode, "ast_node_id", &filter.ast_node_id);
        add(Index::Call, "call_id", &filter.call_id);
        match (&filter.module, &filter.function) {
            (Some(module), Some(function)) => {
                let (module, function) = (symbol(module), symbol(function));
                indexed.push(match filter.arity {
                    Some(arity) => {
                        let name = "module + function + arity";
                        Condition { index: Index::Mfa, keys: Keys::Mfa(module, function, arity), name }
                    }
                    None => {
                        let (index, name) = (Index::ModuleFunction, "module + function");
                        Condition { index, keys: Keys::ModuleFunction(module, function), name }
                    }
                });
            }
            (module, function) => {
                add(Index::Module, "module", module);
                add(Index::Function, "function", function);
                if let Some(arity) = filter.arity {
                    indexed.push(Condition { index: Index::Arity, keys: Keys::Arity(arity), name: "arity" });
                }
            }
        }
        if !filter.event_types.is_empty() {
            let symbols = filter.event_types.iter().map(symbol).collect();
            indexed.push(Condition { index: Index::EventType, keys: Keys::Symbols(symbols), name: "event_type" });
        }
        // An exact node makes its prefix a check of one text; two conditions on one index would compete.
        if let Some(prefix) = filter.ast_node_prefix.as_ref().filter(|prefix| !prefix.is_empty()) {
            match &filter.ast_node_id {
                Some(node) if node.starts_with(prefix.as_str()) => {}
                Some(_) => indexed.push(Condition {
                    index: Index::AstNode,
                    keys: Keys::Symbols(Vec::new()),
                    name: "ast_node_prefix",
                }),
                None => indexed.push(Condition {
                    index: Index::AstNode,
                    keys: Keys::Prefix(prefix.clone()),
                    name: "ast_node_prefix",
                }),
            }
        } else if filter.ast_node_prefix.is_some() && filter.ast_node_id.is_none() {
            indexed.push(Condition {
                index: Index::AstNode,
                keys: Keys::Prefix(String::new()),
                name: "ast_node_prefix",
            });
        }
        Self {
            indexed,
            role: filter.role,
            min_duration: filter.min_duration_ns,
            text: filter.text.as_ref().filter(|text| !text.is_empty()).map(|text| Finder::new(text).into_owned()),
            since,
            until,
        }
    }

    /// The conditions in one segment. `None`: one of them has a key the segment has not.
    pub(super) fn in_segment(&self, rows: &impl Rows) -> Option<Vec<Local>> {
        self.indexed.iter().map(|condition| condition.local(rows, self.role)).collect()
    }

    /// Whether a time lies within the bounds.
    pub(super) fn in_range(&self, timestamp: i64) -> bool {
        self.since <= timestamp && timestamp <= self.until
    }

    /// Whether no filter looks beyond the indexed columns.
    pub(super) fn is_columns_only(&self) -> bool {
        self.min_duration.is_none() && self.text.is_none()
    }

    /// Whether matching needs more than the posting lists and the time range.
    pub(super) fn has_residual(&self) -> bool {
        let is_narrowed = (0..self.indexed.len()).any(|at| self.refines(at));
        is_narrowed || self.min_duration.is_some() || self.text.is_some()
    }

    /// Whether being in a condition's lists does not settle it: a role or a node narrows the lists of a pid.
    pub(super) fn refines(&self, at: usize) -> bool {
        let condition = &self.indexed[at];
        condition.index == Index::Process && (self.role.is_some() || matches!(condition.keys, Keys::Processes(_)))
    }
}

/// A condition in one segment.
#[derive(Debug)]
pub(super) struct Local {
    /// Keys of the posting lists whose union are the matching rows.
    pub(super) codes: Vec<u16>,
    check: Check,
}

#[derive(Debug)]
enum Check {
    Is(Field, u16),
    In(Field, Bitmap),
    Arity(u8),
    Function(u16, u16, Option<u8>),
    /// In which roles, as bits of [`Role::bit`].
    Process(u16, u16),
    /// Any of these pids, each in events of a node where it says one; in which roles.
    Processes(Vec<(u16, Option<u16>)>, u16),
}

impl Condition {
    /// The condition in one segment; `None`: the segment has none of its keys.
    pub(super) fn local(&self, rows: &impl Rows, role: Option<Role>) -> Option<Local> {
        let find = |field: Field, symbol: &Symbol| rows.dictionary(field).code(symbol.hash, &symbol.text);
        let set = |field: Field, codes: Vec<u16>| {
            let check = match codes[..] {
                [] => return None,
                [only] => Check::Is(field, only),
                _ => {
                    let mut set = Bitmap::new(rows.dictionary(field).len());
                    for code in &codes {
                        set.insert(usize::from(*code));
                    }
                    Check::In(field, set)
                }
            };
            Some(Local { codes, check })
        };
        match &self.keys {
            Keys::Symbols(symbols) => {
                let field = self.index.field()?;
                let codes: Vec<u16> = symbols.iter().filter_map(|symbol| find(field, symbol)).collect();
                match (self.index, &codes[..]) {
                    (Index::Process, [pid]) => {
                        let check = Check::Process(*pid, role.map_or(u16::MAX, Role::bit));
                        Some(Local { codes, check })
                    }
                    _ => set(field, codes),
                }
            }
            Keys::Processes(processes) => {
                let code = |(pid, node): &(Symbol, Option<Symbol>)| {
                    let node = node.as_ref().map(|node| find(Field::Node, node));
                    match node {
                        Some(None) => None,
                        node => Some((find(Field::Pid, pid)?, node.flatten())),
                    }
                };
                let processes: Vec<(u16, Option<u16>)> = processes.iter().filter_map(code).collect();
                let mut codes: Vec<u16> = processes.iter().map(|(pid, _)| *pid).collect();
                codes.sort_unstable();
                codes.dedup();
                let check = Check::Processes(processes, role.map_or(u16::MAX, Role::bit));
                (!codes.is_empty()).then_some(Local { codes, check })
            }
            Keys::Prefix(prefix) => set(Field::AstNode, rows.ast_codes(prefix)),
            Keys::Arity(arity) => Some(Local { codes: vec![u16::from(*arity)], check: Check::Arity(*arity) }),
            Keys::ModuleFunction(module, function) => {
                let (module, function) = (find(Field::Module, module)?, find(Field::Function, function)?);
                let code = rows.module_functions().code(pair_key(module, function))?;
                Some(Local { codes: vec![code], check: Check::Function(module, function, None) })
            }
            Keys::Mfa(module, function, arity) => {
                let (module, function) = (find(Field::Module, module)?, find(Field::Function, function)?);
                let pair = rows.module_functions().code(pair_key(module, function))?;
                let code = rows.mfas().code(mfa_key(pair, *arity))?;
                Some(Local { codes: vec![code], check: Check::Function(module, function, Some(*arity)) })
            }
        }
    }
}

impl Local {
    /// The one column and symbol it asks for, where it is that simple.
    pub(super) fn column(&self) -> Option<(Field, u16)> {
        match self.check {
            Check::Is(field, code) => Some((field, code)),
            _ => None,
        }
    }

    /// Whether a row is in the posting lists of the condition, by its columns.
    pub(super) fn is_listed(&self, rows: &impl Rows, row: usize) -> bool {
        match &self.check {
            Check::Process(..) | Check::Processes(..) => {
                self.codes.iter().any(|pid| Self::has_pid(rows, row, *pid, u16::MAX))
            }
            _ => self.holds(rows, row),
        }
    }

    /// Whether a row of the list at a place was in one before it: an event may name several of the processes.
    pub(super) fn is_repeated(&self, rows: &impl Rows, place: usize, row: usize) -> bool {
        matches!(self.check, Check::Processes(..))
            && self.codes[..place].iter().any(|pid| Self::has_pid(rows, row, *pid, u16::MAX))
    }

    fn has_pid(rows: &impl Rows, row: usize, pid: u16, roles: u16) -> bool {
        roles & Role::Subject.bit() != 0 && rows.code(Field::Pid, row) == Some(pid)
            || rows.roles(row).any(|(role, code)| code == pid && roles & role.bit() != 0)
    }

    /// Whether a row meets the condition, by its columns.
    #[inline]
    pub(super) fn holds(&self, rows: &impl Rows, row: usize) -> bool {
        match &self.check {
            Check::Is(field, code) => rows.code(*field, row) == Some(*code),
            Check::In(field, set) => rows.code(*field, row).is_some_and(|code| set.contains(usize::from(code))),
            Check::Arity(arity) => rows.arity(row) == Some(*arity),
            Check::Function(module, function, arity) => {
                rows.code(Field::Function, row) == Some(*function)
                    && rows.code(Field::Module, row) == Some(*module)
                    && arity.is_none_or(|arity| rows.arity(row) == Some(arity))
            }
            Check::Process(pid, roles) => Self::has_pid(rows, row, *pid, *roles),
            Check::Processes(processes, roles) => processes.iter().any(|(pid, node)| {
                node.is_none_or(|node| rows.code(Field::Node, row) == Some(node))
                    && Self::has_pid(rows, row, *pid, *roles)
            }),
        }
    }
}
