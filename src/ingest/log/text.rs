//! Which line of a text begins an entry, and what does it say besides its message?

use std::borrow::Cow;

use super::entry::{Entry, pid};
use super::{level, when};

/// Words of a line that are looked at for its level.
const MAX_WORDS: usize = 40;

/// Names of metadata that are known at the end of a message, where a program's own words may have the same shape.
const KNOWN: [&str; 17] = [
    "pid",
    "node",
    "module",
    "function",
    "mfa",
    "file",
    "line",
    "application",
    "domain",
    "request_id",
    "gl",
    "time",
    "registered_name",
    "initial_call",
    "crash_reason",
    "ansi_color",
    "erl_level",
];

/// Reads the first line of an entry; `None`: it begins none.
pub(super) fn begin(line: &str) -> Option<Entry> {
    let line = without_colours(line);
    report(&line).or_else(|| logged(&line))
}

/// `=ERROR REPORT==== 29-Nov-2026::16:12:31.123456 ===`
fn report(line: &str) -> Option<Entry> {
    let (kind, rest) = line.strip_prefix('=')?.split_once("====")?;
    let first = kind.split(' ').next()?;
    let level = match first {
        "SUPERVISOR" | "CRASH" => "error",
        "PROGRESS" => "info",
        name if name.bytes().all(|c| c.is_ascii_uppercase()) => level::named(name)?,
        _ => return None,
    };
    let (when, _) = when::report(rest.trim_start())?;
    let report = Some(kind.to_owned()).filter(|kind| kind.ends_with("REPORT"))?;
    Some(Entry { when: Some(when), level: level.to_owned(), report: Some(report), ..Entry::default() })
}

/// `12:34:56.789 pid=<0.1.0> [error] message`, `2024-01-01T12:00:00.000000+00:00 error: message`, and what lies between.
fn logged(line: &str) -> Option<Entry> {
    let line = line.trim_start();
    let (when, rest) = match when::leading(line) {
        Some((when, rest)) if rest.starts_with([' ', '\t', '|']) => (Some(when), rest),
        // Without a time its level comes first: `[info] GET /carts`.
        None if word(line).0.strip_prefix('[')?.strip_suffix(']').and_then(level::named).is_some() => (None, line),
        _ => return None,
    };
    let mut entry = Entry { when, ..Entry::default() };
    let mut rest = rest.trim_start();
    for _ in 0..MAX_WORDS {
        let (word, after) = word(rest);
        let bracketed = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
        let named = bracketed.or_else(|| word.strip_suffix(':'));
        if let Some(level) = named.and_then(level::named) {
            level.clone_into(&mut entry.level);
            metadata_around(&mut entry, after).clone_into(&mut entry.message);
            return Some(entry);
        }
        if !taken(&mut entry, bracketed.unwrap_or(word), None) {
            return None;
        }
        rest = after;
    }
    None
}

/// Takes metadata off a message at its start and at its end.
fn metadata_around<'t>(entry: &mut Entry, message: &'t str) -> &'t str {
    let mut message = message;
    for _ in 0..MAX_WORDS {
        let (word, after) = word(message);
        if !taken(entry, word, Some(&KNOWN)) {
            break;
        }
        message = after;
    }
    for _ in 0..MAX_WORDS {
        let Some((before, word)) = message.trim_end().rsplit_once(' ') else { break };
        if word.starts_with('<') || !taken(entry, word, Some(&KNOWN)) {
            break;
        }
        message = before;
    }
    message
}

/// Takes a word that is metadata: `key=value`, or a pid. `known`: only such names are taken.
fn taken(entry: &mut Entry, word: &str, known: Option<&[&str]>) -> bool {
    if let Some(pid) = pid(word) {
        entry.pid = Some(pid);
        return true;
    }
    let Some((key, value)) = word.split_once('=') else { return false };
    let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
    if !is_name || known.is_some_and(|known| !known.contains(&key)) {
        return false;
    }
    if !entry.metadata(key, value) && !entry.rest.iter().any(|(name, _)| name == key) {
        entry.rest.push((key.to_owned(), serde_json::Value::from(value).to_string()));
    }
    true
}

/// The next word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    match text.find([' ', '\t']) {
        Some(end) => text.split_at(end),
        None => (text, ""),
    }
}

/// A line without the codes that colour it on a terminal.
pub(super) fn without_colours(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut parts = line.split('\u{1b}');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.strip_prefix('[').and_then(|part| part.find(|c: char| c.is_ascii_alphabetic()).map(|at| at + 2));
        text.push_str(end.and_then(|end| part.get(end..)).unwrap_or(part));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::super::when::When;
    use super::*;

    #[test]
    fn entries_are_told_with_their_metadata() {
        let entry = begin("12:34:56.789 pid=<0.1.0> mfa=Shop.Cart.add/2 line=12 [error] it broke at 5=five")
            .unwrap_or_default();
        assert_eq!(entry.when, Some(When::OfDay(45_296_789_000_000)));
        assert_eq!((entry.level.as_str(), entry.message.trim()), ("error", "it broke at 5=five"));
        assert_eq!((entry.pid.as_deref(), entry.module.as_deref()), (Some("<0.1.0>"), Some("Shop.Cart")));
        assert_eq!((entry.function.as_deref(), entry.arity, entry.line), (Some("add"), Some(2), Some(12)));
        let entry = begin("\u{1b}[31m12:34:56.789 [error] no pid=<0.2.0> module=Shop\u{1b}[0m").unwrap_or_default();
        assert_eq!(
            (entry.message.trim(), entry.pid.as_deref(), entry.module.as_deref()),
            ("no", Some("<0.2.0>"), Some("Shop"))
        );
        let entry = begin("2024-01-01 12:00:00.000000+00:00 [info] <0.208.0> ready").unwrap_or_default();
        assert_eq!(
            (entry.message.trim(), entry.pid.as_deref(), entry.level.as_str()),
            ("ready", Some("<0.208.0>"), "info")
        );
        let entry = begin("2024-01-01T12:00:00.000000+00:00 warning: low").unwrap_or_default();
        assert_eq!((entry.message.trim(), entry.level.as_str()), ("low", "warning"));
        let entry = begin("=CRASH REPORT==== 1-Jan-2024::12:00:00.000000 ===").unwrap_or_default();
        assert_eq!((entry.report.as_deref(), entry.level.as_str()), (Some("CRASH REPORT"), "error"));
        for none in
            ["12:34:56 hello", "12:34:56", "hello", "12:34:56.7 said [error] x", "=X", "    (stdlib) x.erl:1: f/1"]
        {
            assert!(begin(none).is_none(), "{none}");
        }
    }
}
