//! How is a value shown where space is short, so that its small parts stay whole?

use super::{Kind, Value};

/// The value as it is if it is short; else its shape with its small parts: `%{discount: nil, items: [8 items]}`.
pub(crate) fn brief(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.len() <= max { text.to_owned() } else { brief_value(&Value::read(text), max) }
}

/// [`brief`] of a value that is read already.
pub(crate) fn brief_value(value: &Value<'_>, max: usize) -> String {
    if value.text.len() <= max {
        return value.text.to_owned();
    }
    match &value.kind {
        Kind::Map(name, entries) => {
            let name = name.unwrap_or_default();
            let parts = fitted(entries.len(), max, |at, share| {
                let (key, value) = &entries[at];
                let colon = if matches!(key.kind, Kind::Atom(_)) && !key.text.starts_with(':') { ": " } else { " => " };
                format!("{}{colon}{}", brief_value(key, share), inner(value, share))
            });
            parts.map_or_else(|| format!("%{name}{{{} keys}}", entries.len()), |parts| format!("%{name}{{{parts}}}"))
        }
        Kind::Tuple(items) => {
            let parts = fitted(items.len(), max, |at, share| inner(&items[at], share));
            parts.map_or_else(|| format!("{{{} elements}}", items.len()), |parts| format!("{{{parts}}}"))
        }
        Kind::List(items) => format!("[{} items]", items.len()),
        Kind::Pair(pair) => format!("{}: {}", pair.0.text, inner(&pair.1, max.saturating_sub(pair.0.text.len() + 2))),
        _ => cut(value.text, max),
    }
}

/// A part of a container that has to be short.
fn inner(value: &Value<'_>, max: usize) -> String {
    brief_value(value, max)
}

/// The parts, each in its share of the space; `None` when there is no space for so many.
fn fitted(count: usize, max: usize, part: impl Fn(usize, usize) -> String) -> Option<String> {
    // Below this a part says nothing.
    const LEAST: usize = 6;
    let most = max / LEAST;
    if count == 0 || most == 0 || count > most * 2 {
        return None;
    }
    // Short parts leave their share to long ones: try wide shares first.
    let shares = [max / 2, max / 3, max / count.max(1), LEAST * 2, LEAST];
    let joined = |share: usize| (0..count).map(|at| part(at, share)).collect::<Vec<_>>().join(", ");
    let texts = shares.into_iter().map(joined);
    texts.into_iter().find(|text| text.len() + 3 <= max)
}

/// The start of a text, and a mark that it is cut.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= max.saturating_sub(3)).last().unwrap_or(0);
    format!("{}\u{2026}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_parts_stay_whole_and_large_ones_tell_their_size() {
        let state = r#"%{discount: nil, id: 4, items: [{"sku8", 80}, {"sku7", 70}, {"sku6", 60}, {"sku5", 50}]}"#;
        assert_eq!(brief(state, 60), "%{discount: nil, id: 4, items: [4 items]}");
        assert_eq!(brief(state, 200), state);
        assert_eq!(
            brief(r#"{:put, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1}"#, 30),
            "{:put, \"aaaaaaaaaaa\u{2026}, 1}"
        );
        assert_eq!(brief("%{aaaaaaa: 1, bbbbbbb: 2, ccccccc: 3}", 12), "%{3 keys}");
        assert_eq!(brief("[1, 2, 3, 4, 5, 6, 7, 8]", 10), "[8 items]");
        assert_eq!(cut("größe", 4), "g\u{2026}");
    }
}
