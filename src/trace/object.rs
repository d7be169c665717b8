//! How is the payload of an event written?

use super::draft::Span;
use super::functions::{Functions, SiteId};
use super::process::ProcessKey;
use crate::etf::show::{self, Show};
use crate::etf::{Atom, Term};
use crate::redact::{Asked, Hidden, Rules};

/// The name of the recorded node, as sent, where it is known: its pids are written without it.
pub(super) type Home<'t> = Option<&'t [u8]>;

/// What the payloads of a source have in common.
#[derive(Clone, Copy)]
pub(super) struct Context<'t> {
    pub(super) home: Home<'t>,
    /// Start of event ids.
    pub(super) prefix: &'t str,
    pub(super) functions: &'t Functions,
    /// Longest text of one value, in bytes.
    pub(super) max_value: usize,
    /// What is hidden.
    pub(super) rules: &'t Rules,
}

/// What the payload of an event left out.
#[derive(Clone, Copy, Default)]
pub(super) struct LeftOut {
    /// Values that were cut.
    pub(super) cut: u64,
    /// Secrets that were hidden.
    pub(super) hidden: u64,
}

/// What a value is of, which a function was given or returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Others,
    /// Of a function whose name tells of secrets: its texts are hidden.
    Secrets,
    /// The result of a call that asked for a secret by its name.
    Asked(Asked),
    /// The result of a call within such a call.
    Within,
    /// Of a function of which nothing is shown.
    Silent,
}

/// A JSON object being appended to a text.
pub(super) struct Object<'t> {
    pub(super) text: &'t mut String,
    pub(super) context: Context<'t>,
    start: usize,
    left_out: LeftOut,
}

impl<'t> Object<'t> {
    pub(super) fn new(text: &'t mut String, context: Context<'t>) -> Self {
        let start = text.len();
        text.push('{');
        Self { text, context, start, left_out: LeftOut::default() }
    }

    fn comma(&mut self) {
        if self.text.len() > self.start + 1 {
            self.text.push(',');
        }
    }

    pub(super) fn key(&mut self, key: &str) {
        self.comma();
        self.text.push('"');
        self.text.push_str(key);
        self.text.push_str("\":");
    }

    /// A key the source chose.
    pub(super) fn quoted_key(&mut self, key: &str) {
        self.comma();
        self.text.push('"');
        escaped(key, self.text);
        self.text.push_str("\":");
    }

    /// A term in Elixir syntax.
    pub(super) fn term(&mut self, key: &str, term: Term<'_>) {
        self.key(key);
        self.value(term);
    }

    /// What a function was given, in Elixir syntax, each for itself.
    pub(super) fn passed<'a>(&mut self, key: &str, terms: impl Iterator<Item = Term<'a>>, about: About) {
        self.key(key);
        self.text.push('[');
        let mut before = None;
        for (at, term) in terms.enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            // What follows the name of a secret is one: `put(map, :password, "x")`.
            let is_named = about == About::Others && self.context.rules.asked(&before.into_iter()).is_some();
            self.value_about(term, if is_named { About::Asked(Asked::Parts) } else { about });
            before = Some(term);
        }
        self.text.push(']');
    }

    /// Bytes as texts, each for itself.
    pub(super) fn numbers(&mut self, key: &str, bytes: &[u8]) {
        self.key(key);
        self.text.push('[');
        for (at, byte) in bytes.iter().enumerate() {
            self.text.push_str(if at > 0 { ",\"" } else { "\"" });
            number((*byte).into(), self.text);
            self.text.push('"');
        }
        self.text.push(']');
    }

    pub(super) fn value(&mut self, term: Term<'_>) {
        let hidden = self.context.rules.term(term);
        self.shown(&hidden);
    }

    /// What a function was given or returned.
    pub(super) fn value_about(&mut self, term: Term<'_>, about: About) {
        let rules = self.context.rules;
        let hidden = match about {
            About::Others => rules.term(term),
            About::Secrets => rules.texts(term),
            About::Asked(asked) => rules.answer(term, asked),
            About::Within => rules.within(term),
            About::Silent => rules.whole(term),
        };
        self.shown(&hidden);
    }

    fn shown(&mut self, hidden: &Hidden<'_>) {
        let bytes = hidden.shown();
        let show = Show { max_bytes: self.context.max_value, home: self.context.home };
        let is_cut = show.elixir_json(Term::checked(&bytes), self.text);
        self.left_out.cut += u64::from(is_cut);
        self.hid(hidden);
    }

    /// Counts what was hidden.
    pub(super) fn hid(&mut self, hidden: &Hidden<'_>) {
        self.left_out.hidden += hidden.count();
    }

    pub(super) fn str(&mut self, key: &str, value: &str) {
        self.key(key);
        self.text.push('"');
        escaped(value, self.text);
        self.text.push('"');
    }

    /// A value that needs no escaping, and where it stands.
    pub(super) fn plain(&mut self, key: &str, write: impl FnOnce(&mut String)) -> Span {
        self.key(key);
        self.text.push('"');
        let start = self.text.len();
        write(self.text);
        let span = Span::of(start, self.text.len());
        self.text.push('"');
        span
    }

    pub(super) fn pid(&mut self, key: &str, pid: ProcessKey) -> Span {
        self.plain(key, |text| pid.write(text))
    }

    /// The id of the event a message made.
    pub(super) fn id(&mut self, key: &str, message: u64) {
        let prefix = self.context.prefix;
        self.plain(key, |text| write_id(prefix, message, text));
    }

    /// Who calls, and in which line.
    pub(super) fn site(&mut self, site: SiteId) {
        self.comma();
        self.text.push_str(&self.context.functions.site(site).members);
    }

    /// Where a message was sent from: `Checkout.shop/3 (s3_badstate.exs:26)`.
    pub(super) fn sent_from(&mut self, site: SiteId) {
        let functions = self.context.functions;
        self.plain("sent_from", |text| text.push_str(&functions.site(site).sent_from));
    }

    pub(super) fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        number(value, self.text);
    }

    pub(super) fn bool(&mut self, key: &str, value: bool) {
        self.key(key);
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// The name of a module or a registered process as Elixir writes it.
    pub(super) fn atom(&mut self, key: &str, atom: Atom<'_>) {
        let mut shown = String::new();
        show::atom(atom, &mut shown);
        self.str(key, &shown);
    }

    /// Closes the object.
    pub(super) fn end(self) -> (Span, LeftOut) {
        let Self { text, start, left_out, context: _ } = self;
        if left_out.cut > 0 {
            if text.len() > start + 1 {
                text.push(',');
            }
            text.push_str("\"truncated\":true");
        }
        text.push('}');
        (Span::of(start, text.len()), left_out)
    }
}

/// Appends the id of the event a message made.
pub(super) fn write_id(prefix: &str, message: u64, text: &mut String) {
    text.push_str(prefix);
    number(message as i64, text);
}

/// Appends a text as it stands inside a JSON string.
pub(super) fn escaped(value: &str, text: &mut String) {
    let is_plain = value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
    if is_plain {
        text.push_str(value);
        return;
    }
    let quoted = serde_json::Value::from(value).to_string();
    text.push_str(&quoted[1..quoted.len() - 1]);
}

/// Appends a number in decimal.
pub(super) fn number(value: i64, text: &mut String) {
    text.push_str(itoa::Buffer::new().format(value));
}
