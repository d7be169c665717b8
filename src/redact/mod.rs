//! What of an event is a secret, and is hidden before it is stored?
//!
//! Pure: terms and texts in, and out what is shown in their place. Names tell most secrets (`words`), some structs and
//! records are known (`known`), some secrets have a form of their own (`text`, `card`). A look at the bytes (`quick`)
//! says of nearly every term that there is nothing; only the others are passed over part by part (`term`, `json`).

mod card;
mod hints;
mod json;
mod known;
mod mark;
mod quick;
mod silent;
mod term;
mod text;
mod words;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use crate::etf::Term;
use hints::Hints;
pub use mark::MARK;
pub use silent::{FUNCTIONS, MODULES};
pub use term::{Asked, Hidden};
use text::Hint;
use words::{Secrecy, Words};

/// What is hidden. A handle: clones share one list.
#[derive(Clone)]
pub struct Rules(Option<Arc<Secrets>>);

/// What is looked for.
struct Secrets {
    words: Words,
    hints: Hints,
}

static DEFAULT: LazyLock<Rules> = LazyLock::new(|| Rules::with(Words::new(true, &[])));

impl Default for Rules {
    /// The default names, structs and forms.
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl Rules {
    /// Nothing is hidden.
    pub const NONE: Self = Self(None);

    /// Whether anything is hidden.
    pub const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    fn with(words: Words) -> Self {
        let stems = words.stems().into_iter().map(|stem| (stem, Hint::Name));
        let records = known::RECORD_HINTS.iter().map(|part| ((*part).to_owned(), Hint::Struct));
        let others = text::HINTS.iter().map(|(part, hint)| ((*part).to_owned(), *hint));
        let modules = silent::hints().map(|part| (part.to_owned(), Hint::Struct));
        let hints = Hints::new(stems.chain(others).chain(records).chain(modules));
        Self(Some(Arc::new(Secrets { words, hints })))
    }

    /// What of a term is hidden; nearly always nothing, at the cost of one look at its bytes.
    pub fn term<'t>(&self, term: Term<'t>) -> Hidden<'t> {
        match &self.0 {
            Some(secrets) if quick::may_hold(secrets, term) => term::find(secrets, term),
            _ => Hidden::nothing(term),
        }
    }

    /// A term that a function whose name tells of secrets was given or returned: its texts are hidden.
    pub fn texts<'t>(&self, term: Term<'t>) -> Hidden<'t> {
        match &self.0 {
            Some(secrets) => term::find_texts(secrets, term),
            None => Hidden::nothing(term),
        }
    }

    /// What a call asks for that is given the name of a secret: `config(:secret_key_base)`.
    pub fn asked<'t>(&self, args: &(impl Iterator<Item = Term<'t>> + Clone)) -> Option<Asked> {
        self.0.as_ref().and_then(|secrets| term::asked(secrets, args))
    }

    /// What such a call returned.
    pub fn answer<'t>(&self, term: Term<'t>, asked: Asked) -> Hidden<'t> {
        match &self.0 {
            Some(secrets) => term::find_answer(secrets, term, asked),
            None => Hidden::nothing(term),
        }
    }

    /// What a call within such a call returned: no text of it is shown.
    pub fn within<'t>(&self, term: Term<'t>) -> Hidden<'t> {
        match &self.0 {
            Some(secrets) => term::find_within(secrets, term),
            None => Hidden::nothing(term),
        }
    }

    /// A term of which nothing is shown.
    pub fn whole<'t>(&self, term: Term<'t>) -> Hidden<'t> {
        if self.is_on() { term::find_whole(term) } else { Hidden::nothing(term) }
    }

    /// Whether nothing is shown of what a function is given and returns: it reads or signs secrets under no name.
    pub fn is_silent(&self, module: &[u8], function: &[u8]) -> bool {
        self.is_on() && silent::is_silent(module, function)
    }

    /// Whether the name of a function tells that it works on secrets.
    pub fn is_about_secrets(&self, function: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|secrets| secrets.words.is_about_secrets(function))
    }

    /// A JSON text with its secrets hidden, and how many; `None` where it has none. Module and function: of the call it
    /// is of.
    pub fn json(&self, json: &str, module: Option<&str>, function: Option<&str>) -> Option<(String, u64)> {
        let secrets = self.0.as_deref()?;
        json::hide(secrets, json, module, function)
    }

    /// A text with its secrets hidden, and how many; `None` where it has none.
    pub fn text(&self, text: &str) -> Option<(String, u64)> {
        let secrets = self.0.as_deref()?;
        let parts = text::find(secrets, text.as_bytes());
        if parts.is_empty() {
            return None;
        }
        let marked = String::from_utf8_lossy(&text::marked(text.as_bytes(), &parts)).into_owned();
        Some((marked, parts.len() as u64))
    }
}

impl Secrets {
    /// What a name says of its value; most names are known to say nothing by one look.
    fn secrecy(&self, name: &[u8]) -> Option<Secrecy> {
        self.has_hint(name).then(|| self.words.secrecy(name))?
    }

    /// The next place that may be the start of a secret.
    fn next_hint(&self, text: &[u8], from: usize) -> Option<(Range<usize>, Hint)> {
        self.hints.next(text, from)
    }

    fn has_hint(&self, bytes: &[u8]) -> bool {
        self.hints.next(bytes, 0).is_some()
    }
}

impl FromStr for Rules {
    type Err = String;

    /// `default`; `none`; names in place of the default ones (`password,pin`); names besides them (`+pin,+ssn`).
    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        match names[..] {
            ["default"] => return Ok(Self::default()),
            ["none"] => return Ok(Self::NONE),
            [] => {
                return Err("expected names such as password,pin, or +pin besides the default ones, or none".to_owned());
            }
            _ => {}
        }
        let more = names.iter().filter(|name| name.starts_with('+')).count();
        let has_defaults = more > 0 || names.contains(&"default");
        let others = names.iter().map(|name| name.trim_start_matches('+')).filter(|name| *name != "default");
        let others: Vec<String> = others.map(str::to_owned).collect();
        if let Some(bad) = others.iter().find(|name| name.len() < 2 || *name == "none") {
            return Err(format!("{bad:?} is no name of a secret; expected such as pin or tax_id"));
        }
        Ok(Self::with(Words::new(has_defaults, &others)))
    }
}

impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(|secrets| &secrets.words) == other.0.as_ref().map(|secrets| &secrets.words)
    }
}

impl Eq for Rules {}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rules").field(&self.0.as_ref().map(|secrets| &secrets.words)).finish()
    }
}
