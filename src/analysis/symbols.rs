//! How are events told apart by a text without hashing it for each? By the segment's symbol, mapped once to a number.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::nodes::Nodes;
use crate::event::home;
use crate::query::{Field, Seen};

/// Distinct texts, numbered from 1 in the order first seen.
#[derive(Debug, Default)]
pub(super) struct Texts {
    ids: HashMap<Box<str>, u32, RandomState>,
    texts: Vec<Box<str>>,
}

impl Texts {
    pub(super) fn id(&mut self, text: &str) -> u32 {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        self.texts.push(text.into());
        let id = self.texts.len() as u32;
        self.ids.insert(text.into(), id);
        id
    }

    /// The text of a number; 0 has none.
    pub(super) fn text(&self, id: u32) -> Option<&str> {
        self.texts.get((id as usize).checked_sub(1)?).map(AsRef::as_ref)
    }
}

/// What stands for each text of one dictionary over all segments of a visit.
#[derive(Debug)]
pub(super) struct Codes<T> {
    /// By part of the visit, then by symbol.
    by_part: Vec<Vec<Option<T>>>,
}

impl<T> Default for Codes<T> {
    fn default() -> Self {
        Self { by_part: Vec::new() }
    }
}

impl<T: Copy> Codes<T> {
    /// What stands for a symbol of a part. Cost: two array look-ups but for the first time in a segment.
    #[inline]
    pub(super) fn get(&mut self, (part, symbol): (usize, u16), make: impl FnOnce() -> T) -> T {
        match self.by_part.get(part).and_then(|codes| codes.get(usize::from(symbol))) {
            Some(Some(known)) => *known,
            _ => {
                let new = make();
                self.keep(part, usize::from(symbol), new);
                new
            }
        }
    }

    #[cold]
    fn keep(&mut self, part: usize, symbol: usize, new: T) {
        if self.by_part.len() <= part {
            self.by_part.resize_with(part + 1, Vec::new);
        }
        let codes = &mut self.by_part[part];
        if codes.len() <= symbol {
            codes.resize(symbol + 1, None);
        }
        codes[symbol] = Some(new);
    }
}

/// The texts of one column over all segments of a visit. 0: the event has none.
#[derive(Debug)]
pub(super) struct Symbols {
    field: Field,
    codes: Codes<u32>,
    texts: Texts,
}

impl Symbols {
    pub(super) fn new(field: Field) -> Self {
        Self { field, codes: Codes::default(), texts: Texts::default() }
    }

    /// The number of the event's text. Cost: two array look-ups but for the first time in a segment.
    #[inline]
    pub(super) fn id(&mut self, event: &Seen<'_>) -> u32 {
        let Self { field, codes, texts } = self;
        let Some(symbol) = event.symbol(*field) else { return 0 };
        codes.get((event.part(), symbol), || texts.id(event.text(*field).unwrap_or_default()))
    }

    pub(super) fn text(&self, id: u32) -> Option<&str> {
        self.texts.text(id)
    }
}

/// Processes by the numbers of their pid and their node.
type Pairs = HashMap<(u32, u32), u32, RandomState>;

/// The processes events happened in, numbered from 1. 0: the event has none.
#[derive(Debug)]
pub(super) struct Processes {
    pids: Symbols,
    /// Where several were recorded: equal pids of two are two processes.
    nodes: Option<(Symbols, Pairs)>,
    told: Texts,
}

impl Processes {
    pub(super) fn new(nodes: &Nodes) -> Self {
        let several = nodes.are_several().then(|| (Symbols::new(Field::Node), HashMap::default()));
        Self { pids: Symbols::new(Field::Pid), nodes: several, told: Texts::default() }
    }

    /// The number of the event's process.
    #[inline]
    pub(super) fn id(&mut self, event: &Seen<'_>) -> u32 {
        let pid = self.pids.id(event);
        let Some((nodes, known)) = self.nodes.as_mut().filter(|_| pid != 0) else { return pid };
        let key = (pid, nodes.id(event));
        if let Some(id) = known.get(&key) {
            return *id;
        }
        let id = self.told.id(&home::at_node(event.pid().unwrap_or_default(), event.node()));
        known.insert(key, id);
        id
    }

    /// The pid of a process, as answers tell it.
    pub(super) fn text(&self, id: u32) -> Option<&str> {
        if self.nodes.is_some() { self.told.text(id) } else { self.pids.text(id) }
    }
}

/// Functions by module, name and arity, numbered from 1. 0: the event has none.
#[derive(Debug)]
pub(super) struct Functions {
    modules: Symbols,
    names: Symbols,
    ids: HashMap<(u32, u32, u16), u32, RandomState>,
    functions: Vec<Function>,
    /// By text, for those an anonymous function stands in.
    named: HashMap<String, u32, RandomState>,
}

#[derive(Debug)]
struct Function {
    shown: String,
    /// Itself, or the function an anonymous one is written in.
    within: u32,
}

impl Functions {
    pub(super) fn new() -> Self {
        Self {
            modules: Symbols::new(Field::Module),
            names: Symbols::new(Field::Function),
            ids: HashMap::default(),
            functions: Vec::new(),
            named: HashMap::default(),
        }
    }

    /// The number of the event's function.
    pub(super) fn id(&mut self, event: &Seen<'_>) -> u32 {
        let (module, name) = (self.modules.id(event), self.names.id(event));
        if module == 0 && name == 0 {
            return 0;
        }
        let arity = event.arity().map_or(0, |arity| u16::from(arity) + 1);
        if let Some(id) = self.ids.get(&(module, name, arity)) {
            return *id;
        }
        let shown = mfa(self.modules.text(module), self.names.text(name), event.arity());
        let id = self.number(shown);
        self.ids.insert((module, name, arity), id);
        if let Some((outer, arity)) = self.names.text(name).and_then(enclosing) {
            let within = mfa(self.modules.text(module), Some(outer), arity.parse().ok());
            self.functions[id as usize - 1].within = self.number(within);
        }
        id
    }

    fn number(&mut self, shown: String) -> u32 {
        if let Some(id) = self.named.get(&shown) {
            return *id;
        }
        let id = self.functions.len() as u32 + 1;
        self.functions.push(Function { shown: shown.clone(), within: id });
        self.named.insert(shown, id);
        id
    }

    /// The function an anonymous one is written in; any other is within itself.
    pub(super) fn within(&self, id: u32) -> u32 {
        (id as usize).checked_sub(1).map_or(0, |at| self.functions[at].within)
    }

    /// `Module.function/arity`.
    pub(super) fn text(&self, id: u32) -> Option<&str> {
        self.functions.get((id as usize).checked_sub(1)?).map(|function| function.shown.as_str())
    }
}

fn mfa(module: Option<&str>, name: Option<&str>, arity: Option<u8>) -> String {
    let arity = arity.map_or_else(String::new, |arity| format!("/{arity}"));
    match (module, name) {
        (Some(module), Some(name)) => format!("{module}.{name}{arity}"),
        (None, Some(name)) => format!("{name}{arity}"),
        (module, None) => module.unwrap_or_default().to_owned(),
    }
}

/// The name and arity in the name the compiler gives an anonymous function or a comprehension: `-shop/3-fun-0-`.
fn enclosing(name: &str) -> Option<(&str, &str)> {
    let inner = name.strip_prefix('-')?;
    let slash = inner.match_indices('/').find_map(|(at, _)| {
        let digits = inner[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        (digits > 0 && inner[end..].starts_with('-')).then_some((at, end))
    });
    let (at, end) = slash?;
    let outer = inner[..at].strip_prefix("fun.").unwrap_or(&inner[..at]);
    Some((outer, &inner[at + 1..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anonymous_function_names_the_one_it_is_written_in() {
        assert_eq!(enclosing("-shop/3-fun-0-"), Some(("shop", "3")));
        assert_eq!(enclosing("-shop/3-lc$^0/1-0-"), Some(("shop", "3")));
        assert_eq!(enclosing("-a-b/12-fun-1-"), Some(("a-b", "12")));
        assert_eq!(enclosing("-fun.label/1-"), Some(("label", "1")));
        assert_eq!(enclosing("shop"), None);
        assert_eq!(enclosing("-/2"), None);
        assert_eq!(enclosing("-"), None);
    }
}
